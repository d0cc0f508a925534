package dev.desist.concurrent;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Outcome;
import dev.desist.TimeSource;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The slot in which the newest wins. */
@ExtendWith(Hygiene.class)
@Timeout(30)
class LatestTest {
  private static final CancellationReason ENOUGH = CancellationReason.requested("enough");

  private final List<Outcome<String>> delivered = new CopyOnWriteArrayList<>();
  private final List<String> disposed = new CopyOnWriteArrayList<>();

  private Latest<String> open(UnaryOperator<Latest.Configuration<String>> configure) {
    return Latest.open(
        CancellationToken.none(),
        Runnable::run,
        delivered::add,
        o -> configure.apply(o.withDisposer(disposed::add)));
  }

  private static <T> T get(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get();
  }

  /** Goes on until cancelled, and then gives what it was told to all the same. */
  private static Callable<String> deaf(CountDownLatch begun, CountDownLatch release, String value) {
    return () -> {
      begun.countDown();
      release.await();
      return value;
    };
  }

  private static String untilCancelled() throws InterruptedException {
    Cancellation.sleep(Duration.ofDays(1));
    return "never";
  }

  @Test
  void a_result_is_delivered() throws Exception {
    try (var latest = open(UnaryOperator.identity())) {
      assertEquals(new Outcome.Success<>("a"), get(latest.submit(() -> "a")));
      assertEquals(List.of(new Outcome.Success<>("a")), delivered);
    }
    assertEquals(List.of(), disposed);
  }

  @Test
  void a_submission_supersedes_the_one_before_which_is_told_by_whom() throws Exception {
    try (var latest = open(UnaryOperator.identity())) {
      var first = latest.submit(LatestTest::untilCancelled);
      var second = latest.submit(() -> "b");
      var cancelled = assertInstanceOf(Outcome.Cancelled.class, get(first));
      assertEquals(
          "request 2 took its place",
          assertInstanceOf(CancellationReason.Superseded.class, cancelled.reason()).message());
      get(second);
      assertEquals(List.of(new Outcome.Success<>("b")), delivered);
    }
  }

  @Test
  void promise20_a_late_result_is_not_delivered_but_disposed_of() throws Exception {
    try (var latest = open(UnaryOperator.identity())) {
      var begun = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      var first = latest.submit(deaf(begun, release, "late"));
      begun.await();
      get(latest.submit(() -> "new"));
      release.countDown();
      assertEquals(new Outcome.Success<>("late"), get(first));
      assertEquals(List.of(new Outcome.Success<>("new")), delivered);
      assertEquals(List.of("late"), disposed);
    }
  }

  @Test
  void what_waits_for_the_delivering_thread_is_not_delivered_after_a_newer_submission()
      throws Exception {
    Queue<Runnable> ui = new ArrayDeque<>();
    try (var latest =
        Latest.<String>open(
            CancellationToken.none(),
            ui::add,
            delivered::add,
            o -> o.withDisposer(disposed::add))) {
      get(latest.submit(() -> "old"));
      assertEquals(1, ui.size());
      get(latest.submit(() -> "new"));
      ui.forEach(Runnable::run);
      assertEquals(List.of(new Outcome.Success<>("new")), delivered);
      assertEquals(List.of("old"), disposed);
    }
  }

  @Test
  void promise23_what_waits_for_a_thread_never_starts_once_superseded() throws Exception {
    Queue<Runnable> pool = new ArrayDeque<>();
    var started = new AtomicBoolean();
    try (var latest = open(o -> o.withExecutor(pool::add))) {
      var first =
          latest.submit(
              () -> {
                started.set(true);
                return "a";
              });
      var second = latest.submit(() -> "b");
      assertInstanceOf(Outcome.Cancelled.class, get(first)); // before a thread comes to it
      pool.forEach(Runnable::run);
      assertEquals(new Outcome.Success<>("b"), get(second));
      assertFalse(started.get());
    }
  }

  @Test
  void one_at_a_time_the_next_waits_for_the_one_before_and_only_the_newest_begins()
      throws Exception {
    var begun = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var started = new CopyOnWriteArrayList<String>();
    try (var latest = open(Latest.Configuration::withOneAtATime)) {
      var first = latest.submit(deaf(begun, release, "a"));
      begun.await();
      var second = latest.submit(() -> note(started, "b"));
      var third = latest.submit(() -> note(started, "c"));
      assertInstanceOf(Outcome.Cancelled.class, get(second));
      assertEquals(List.of(), started);
      release.countDown();
      get(first);
      assertEquals(new Outcome.Success<>("c"), get(third));
      assertEquals(List.of("c"), started);
      assertEquals(List.of("a"), disposed);
      assertEquals(new Outcome.Success<>("d"), get(latest.submit(() -> "d")));
    }
  }

  private static String note(List<String> list, String value) {
    list.add(value);
    return value;
  }

  @Test
  void failures_and_cancellations_of_the_newest_are_delivered() throws Exception {
    try (var latest = open(UnaryOperator.identity())) {
      get(
          latest.submit(
              () -> {
                throw new IOException("down");
              }));
      assertInstanceOf(Outcome.Failure.class, delivered.getFirst());
      var running = latest.submit(LatestTest::untilCancelled);
      CancellationReason reason = CancellationReason.requested("Esc");
      assertTrue(latest.cancel(reason));
      assertEquals(new Outcome.Cancelled<String>(reason), get(running));
      assertEquals(new Outcome.Cancelled<String>(reason), delivered.get(1));
      assertFalse(latest.cancel(reason), "there is nothing left to cancel");
      assertEquals(2, delivered.size());
    }
  }

  @Test
  void the_end_of_the_token_above_is_delivered() throws Exception {
    var parent = CancellationSource.create("page");
    Latest<String> latest =
        Cancellation.call(parent.token(), () -> open(o -> o.withName("search")));
    var running = latest.submit(LatestTest::untilCancelled);
    parent.cancel("the page was left");
    assertInstanceOf(Outcome.Cancelled.class, get(running));
    assertEquals(1, delivered.size());
    assertTrue(latest.toString().startsWith("Latest[\"search\", cancelled"), latest::toString);
    latest.close();
  }

  @Test
  void after_close_nothing_is_delivered_and_nothing_starts() throws Exception {
    var begun = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var latest = open(UnaryOperator.identity());
    var running = latest.submit(deaf(begun, release, "late"));
    begun.await();
    latest.close();
    release.countDown();
    get(running);
    var after = latest.submit(() -> "after");
    assertInstanceOf(
        CancellationReason.Closed.class,
        assertInstanceOf(Outcome.Cancelled.class, get(after)).reason());
    assertEquals(List.of(), delivered);
    assertEquals(List.of("late"), disposed);
  }

  @Test
  void promise17_a_task_lives_by_the_clock_of_its_slot() throws Exception {
    var time = new ManualTime();
    try (var latest = time.call(() -> open(UnaryOperator.identity()))) {
      var begun = new CountDownLatch(1);
      var running =
          latest.submit(
              () -> {
                begun.countDown();
                Cancellation.sleep(Duration.ofHours(1));
                return "slept";
              });
      begun.await();
      await().until(() -> time.pending() == 1);
      time.advance(Duration.ofHours(1));
      assertEquals(new Outcome.Success<>("slept"), get(running));
    }
  }

  @Test
  void an_executor_that_refuses_tasks_or_deliveries_loses_nothing() throws Exception {
    try (var latest =
        open(
            o ->
                o.withExecutor(
                    _ -> {
                      throw new RejectedExecutionException("full");
                    }))) {
      assertThrows(RejectedExecutionException.class, () -> latest.submit(() -> "a"));
      assertEquals(List.of(), delivered, "who submits is told, and nobody else");
    }
    try (var latest =
        Latest.<String>open(
            CancellationToken.none(),
            _ -> {
              throw new RejectedExecutionException("gone");
            },
            delivered::add,
            o -> o.withDisposer(disposed::add))) {
      get(latest.submit(() -> "b"));
      assertEquals(List.of("b"), disposed);
    }
  }

  @Test
  void a_cancellation_that_comes_wrapped_is_one() throws Exception {
    try (var latest = open(UnaryOperator.identity())) {
      var begun = new CountDownLatch(1);
      var running =
          latest.submit(
              "search",
              () -> {
                begun.countDown();
                try {
                  Cancellation.sleep(Duration.ofDays(1));
                  return "never";
                } catch (CancelledException e) {
                  throw new ExecutionException(e);
                }
              });
      begun.await();
      get(latest.submit("the next search", () -> "b"));
      var cancelled = assertInstanceOf(Outcome.Cancelled.class, get(running));
      assertEquals("the next search took its place", cancelled.reason().message());
    }
  }

  @Test
  void promise1_cancel_tells_whether_this_call_did_it() throws Exception {
    try (var latest = open(UnaryOperator.identity())) {
      assertFalse(latest.cancel(ENOUGH), "nothing was submitted");
      var work = new CancelledWork();
      var running = latest.submit(work);
      work.awaitBegin();
      assertTrue(latest.cancel(ENOUGH));
      assertFalse(latest.cancel(CancellationReason.requested("again")));
      assertEquals(new Outcome.Cancelled<String>(ENOUGH), get(running));
    }
  }

  /** A clock is somebody's code, and may need a thread that uses the slot. */
  @Test
  void promise8_no_clock_is_asked_under_the_lock() throws Exception {
    try (var latest = open(UnaryOperator.identity())) {
      var others = new CopyOnWriteArrayList<Boolean>();
      var manual = new ManualTime();
      var clock =
          (TimeSource)
              Proxy.newProxyInstance(
                  TimeSource.class.getClassLoader(),
                  new Class<?>[] {TimeSource.class},
                  (_, method, arguments) -> {
                    if (method.getName().equals("instant")) {
                      Thread other = Thread.ofPlatform().start(() -> latest.cancel(ENOUGH));
                      others.add(other.join(Duration.ofSeconds(10)));
                    }
                    return method.invoke(manual, arguments);
                  });
      var ends =
          TimeSource.callWith(
              clock, () -> List.of(latest.submit(() -> "a"), latest.submit(() -> "b")));
      for (var end : ends) {
        get(end);
      }
      assertFalse(others.isEmpty());
      assertFalse(others.contains(false), "others went on meanwhile");
    }
  }

  @Test
  void a_task_that_the_executor_drops_under_a_token_of_its_own_holds_up_nobody() throws Exception {
    var pool = new ArrayDeque<Runnable>();
    var other = CancellationSource.create("pool");
    Executor under = Futures.executor(other.token(), new QueueingExecutor(pool));
    try (var latest = open(o -> o.withExecutor(under).withOneAtATime())) {
      var dropped = latest.submit(() -> "a");
      other.cancel("the pool is closed");
      pool.remove().run();
      var failure = assertInstanceOf(Outcome.Failure.class, get(dropped));
      assertInstanceOf(CancelledException.class, failure.exception());
      assertEquals(1, delivered.size());
    }
  }

  /** Runs nothing by itself. */
  private static final class QueueingExecutor extends AbstractExecutorService {
    private final Queue<Runnable> queue;

    QueueingExecutor(Queue<Runnable> queue) {
      this.queue = queue;
    }

    @Override
    public void execute(Runnable task) {
      queue.add(task);
    }

    @Override
    public void shutdown() {}

    @Override
    public List<Runnable> shutdownNow() {
      return List.copyOf(queue);
    }

    @Override
    public boolean isShutdown() {
      return false;
    }

    @Override
    public boolean isTerminated() {
      return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
      return false;
    }
  }

  // ---- which thread runs what ----

  /** Has {@code supersede} end the task that runs, and tells where its callback runs. */
  private Thread callbackOf(Latest<String> latest, Runnable end) throws Exception {
    var begun = new CountDownLatch(1);
    var caller = new CompletableFuture<Thread>();
    var first =
        latest.submit(
            () -> {
              Cancellation.current().onCancel(() -> caller.complete(Thread.currentThread()));
              begun.countDown();
              caller.get(); // so that the callback does not run at the end of the task
              return "a";
            });
    begun.await();
    end.run();
    get(first);
    return caller.get();
  }

  @Test
  void who_submits_cancels_or_closes_runs_no_callback_of_the_task_before() throws Exception {
    var latest = open(UnaryOperator.identity());
    for (Runnable end :
        List.<Runnable>of(
            () -> latest.submit(() -> "b"), () -> latest.cancel(ENOUGH), latest::close)) {
      Thread thread = callbackOf(latest, end);
      assertNotSame(Thread.currentThread(), thread);
      assertTrue(thread.getName().startsWith("desist-canceller"), thread::getName);
    }
  }

  @Test
  void when_submit_returns_the_token_of_the_task_before_is_cancelled() throws Exception {
    try (var latest = open(UnaryOperator.identity())) {
      var work = new CancelledWork();
      var first = latest.submit(work);
      CancellationToken token = work.seen.get();
      var second = latest.submit(() -> "b");
      assertTrue(token.isCancelled());
      get(first);
      get(second);
    }
  }

  @Test
  void by_default_a_task_has_a_virtual_thread() throws Exception {
    var thread = new CompletableFuture<Outcome<Thread>>();
    try (var latest =
        Latest.<Thread>open(CancellationToken.none(), Runnable::run, thread::complete)) {
      latest.submit(Thread::currentThread);
      var success = assertInstanceOf(Outcome.Success.class, thread.get());
      assertTrue(assertInstanceOf(Thread.class, success.value()).isVirtual());
    }
  }

  @Test
  void a_task_obeys_a_token_of_its_own_below_the_slots() throws Exception {
    Latest<String> latest = open(o -> o.withName("search"));
    var work = new CancelledWork();
    var running = latest.submit(work);
    work.awaitBegin();
    latest.close();
    get(running);
    assertEquals(List.of("search", "request 1"), work.seen.get().path());
    var again =
        Latest.<List<String>>open(
            CancellationToken.none(), Runnable::run, _ -> {}, o -> o.withName("search"));
    var path =
        again.submit(
            () -> {
              again.cancel(ENOUGH);
              return Cancellation.current().path();
            });
    assertEquals(new Outcome.Success<>(List.of("request 1")), get(path));
    again.close();
  }

  // ---- what comes too late ----

  @Test
  void a_late_failure_is_logged_and_a_late_cancellation_is_not() throws Exception {
    try (var log = new LogProbe();
        var latest = open(UnaryOperator.identity())) {
      var work = new CancelledWork();
      var first = latest.submit(work);
      work.awaitBegin();
      var begun = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      var second =
          latest.submit(
              () -> {
                begun.countDown();
                release.await();
                throw new IOException("too late");
              });
      begun.await();
      get(latest.submit(() -> "c"));
      release.countDown();
      assertInstanceOf(Outcome.Cancelled.class, get(first));
      assertInstanceOf(Outcome.Failure.class, get(second));
      assertEquals(
          List.of("FINE request 2, which nobody waits for, failed: java.io.IOException: too late"),
          log.lines());
      assertEquals(List.of(new Outcome.Success<>("c")), delivered);
    }
  }

  @Test
  void somebody_elses_cancellation_is_a_failure() throws Exception {
    try (var latest = open(UnaryOperator.identity())) {
      var other = CancellationToken.cancelled(ENOUGH);
      var outcome =
          get(
              latest.submit(
                  () -> {
                    other.throwIfCancelled();
                    return "never";
                  }));
      assertInstanceOf(Outcome.Failure.class, outcome);
      assertEquals(List.of(outcome), delivered);
    }
  }

  @Test
  void promise20_what_waits_for_the_delivering_thread_is_disposed_of_after_close()
      throws Exception {
    Queue<Runnable> ui = new ArrayDeque<>();
    var latest =
        Latest.<String>open(
            CancellationToken.none(), ui::add, delivered::add, o -> o.withDisposer(disposed::add));
    get(latest.submit(() -> "a"));
    latest.close();
    ui.forEach(Runnable::run);
    assertEquals(List.of(), delivered);
    assertEquals(List.of("a"), disposed);
  }

  /** Completion wins: what was there before the cancel is delivered. */
  @Test
  void what_waits_for_the_delivering_thread_is_delivered_after_cancel() throws Exception {
    Queue<Runnable> ui = new ArrayDeque<>();
    try (var latest =
        Latest.<String>open(
            CancellationToken.none(),
            ui::add,
            delivered::add,
            o -> o.withDisposer(disposed::add))) {
      get(latest.submit(() -> "a"));
      latest.cancel(ENOUGH);
      ui.remove().run();
      assertEquals(List.of(new Outcome.Success<>("a")), delivered);
      get(latest.submit(() -> "b")); // the slot is as usable as before
      ui.remove().run();
      assertEquals(2, delivered.size());
      assertEquals(List.of(), disposed);
    }
  }

  @Test
  void to_cancel_an_empty_slot_does_nothing() throws Exception {
    try (var latest = open(UnaryOperator.identity())) {
      latest.cancel(ENOUGH);
      get(latest.submit(() -> "a"));
      assertEquals(List.of(new Outcome.Success<>("a")), delivered);
    }
  }

  @Test
  void promise23_what_is_cancelled_or_closed_before_a_thread_comes_to_it_never_begins()
      throws Exception {
    Queue<Runnable> pool = new ArrayDeque<>();
    var latest = open(o -> o.withExecutor(pool::add));
    var first = latest.submit(FuturesTest::mustNotBegin);
    latest.cancel(ENOUGH);
    assertEquals(new Outcome.Cancelled<String>(ENOUGH), get(first));
    var second = latest.submit(FuturesTest::mustNotBegin);
    latest.close();
    assertInstanceOf(Outcome.Cancelled.class, get(second));
    pool.forEach(Runnable::run);
    assertEquals(List.of(new Outcome.Cancelled<String>(ENOUGH)), delivered);
  }

  // ---- one at a time ----

  private Latest<String> oneByOne() {
    return open(Latest.Configuration::withOneAtATime);
  }

  @Test
  void one_at_a_time_a_task_that_fails_makes_room() throws Exception {
    try (var latest = oneByOne()) {
      var begun = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      var first =
          latest.submit(
              () -> {
                begun.countDown();
                release.await();
                throw new IOException("down");
              });
      begun.await();
      var second = latest.submit(() -> "b");
      release.countDown();
      assertInstanceOf(Outcome.Failure.class, get(first));
      assertEquals(new Outcome.Success<>("b"), get(second));
      assertEquals(List.of(new Outcome.Success<>("b")), delivered);
    }
  }

  @Test
  void one_at_a_time_a_task_that_waits_when_the_slot_is_closed_never_begins() throws Exception {
    var latest = oneByOne();
    var begun = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var first = latest.submit(deaf(begun, release, "a"));
    begun.await();
    var second = latest.submit(FuturesTest::mustNotBegin);
    latest.close();
    var cancelled = assertInstanceOf(Outcome.Cancelled.class, get(second));
    assertInstanceOf(CancellationReason.Closed.class, cancelled.reason());
    release.countDown();
    get(first);
    assertEquals(List.of("a"), disposed);
    assertEquals(List.of(), delivered);
  }

  @Test
  void one_at_a_time_a_task_that_waits_can_be_cancelled() throws Exception {
    try (var latest = oneByOne()) {
      var begun = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      var first = latest.submit(deaf(begun, release, "a"));
      begun.await();
      var second = latest.submit(FuturesTest::mustNotBegin);
      latest.cancel(ENOUGH);
      assertEquals(new Outcome.Cancelled<String>(ENOUGH), get(second));
      assertEquals(List.of(new Outcome.Cancelled<String>(ENOUGH)), delivered);
      var third = latest.submit(() -> "c");
      release.countDown();
      get(first);
      assertEquals(new Outcome.Success<>("c"), get(third));
    }
  }

  @Test
  void one_at_a_time_an_executor_that_refuses_makes_room() throws Exception {
    var refuse = new AtomicBoolean(true);
    try (var latest =
        open(
            o ->
                o.withOneAtATime()
                    .withExecutor(
                        task -> {
                          if (refuse.getAndSet(false)) {
                            throw new RejectedExecutionException("full");
                          }
                          Thread.startVirtualThread(task);
                        }))) {
      assertThrows(RejectedExecutionException.class, () -> latest.submit(() -> "a"));
      assertEquals(new Outcome.Success<>("b"), get(latest.submit(() -> "b")));
    }
  }

  // ---- consumers and disposers ----

  /** A consumer that fails has had its outcome: nothing is disposed of, and the slot goes on. */
  @Test
  void a_consumer_that_fails_hurts_nobody() throws Exception {
    for (Throwable thrown :
        List.of(new IllegalStateException("of the page"), new AssertionError("no"))) {
      for (boolean oneAtATime : new boolean[] {false, true}) {
        var uncaught = new CopyOnWriteArrayList<Throwable>();
        var factory =
            Thread.ofPlatform().uncaughtExceptionHandler((_, e) -> uncaught.add(e)).factory();
        try (var log = new LogProbe();
            var latest =
                Latest.<String>open(
                    CancellationToken.none(),
                    Runnable::run,
                    outcome -> {
                      delivered.add(outcome);
                      sneak(thrown);
                    },
                    o -> {
                      var on =
                          o.withExecutor(task -> factory.newThread(task).start())
                              .withDisposer(disposed::add);
                      return oneAtATime ? on.withOneAtATime() : on;
                    })) {
          assertEquals(new Outcome.Success<>("a"), get(latest.submit(() -> "a")));
          assertEquals(new Outcome.Success<>("b"), get(latest.submit(() -> "b")));
          assertEquals(List.of(thrown, thrown), uncaught);
          assertEquals(List.of(), disposed);
          assertEquals(List.of(), log.lines());
        }
      }
    }
    assertEquals(8, delivered.size());
  }

  @SuppressWarnings("unchecked")
  private static <X extends Throwable> void sneak(Throwable thrown) throws X {
    throw (X) thrown;
  }

  @Test
  void a_disposer_that_fails_is_logged_and_the_slot_goes_on() throws Exception {
    for (Throwable thrown : List.of(new IllegalStateException("stuck"), new AssertionError("no"))) {
      try (var log = new LogProbe();
          var latest =
              Latest.<String>open(
                  CancellationToken.none(),
                  Runnable::run,
                  delivered::add,
                  o -> o.withOneAtATime().withDisposer(_ -> sneak(thrown)))) {
        var begun = new CountDownLatch(1);
        var release = new CountDownLatch(1);
        var first = latest.submit(deaf(begun, release, "a"));
        begun.await();
        var second = latest.submit(() -> "b");
        release.countDown();
        assertEquals(new Outcome.Success<>("a"), get(first));
        assertEquals(new Outcome.Success<>("b"), get(second));
        assertEquals(List.of("SEVERE a disposer failed: " + thrown), log.lines());
      }
    }
  }

  @Test
  void a_consumer_may_call_the_slot() throws Exception {
    for (boolean oneAtATime : new boolean[] {false, true}) {
      var seen = new CopyOnWriteArrayList<Outcome<String>>();
      var over = new CompletableFuture<CompletionStage<Outcome<String>>>();
      var slot = new CompletableFuture<Latest<String>>();
      try (var latest =
          Latest.<String>open(
              CancellationToken.none(),
              Runnable::run,
              outcome -> {
                seen.add(outcome);
                if (outcome.equals(new Outcome.Success<>("a"))) {
                  slot.join().cancel(ENOUGH); // there is nothing to cancel
                  over.complete(slot.join().submit(() -> "b"));
                } else {
                  slot.join().close();
                }
              },
              o -> oneAtATime ? o.withOneAtATime() : o)) {
        slot.complete(latest);
        assertEquals(new Outcome.Success<>("a"), get(latest.submit(() -> "a")));
        assertEquals(new Outcome.Success<>("b"), get(over.get()));
        assertEquals(List.of(new Outcome.Success<>("a"), new Outcome.Success<>("b")), seen);
        assertTrue(latest.token().isCancelled());
      }
    }
  }

  @Test
  void it_says_its_name_and_whether_it_is_open() {
    var latest = open(o -> o.withName("search"));
    assertEquals("Latest[\"search\", live]", latest.toString());
    assertSame(latest.token(), latest.token());
    latest.close();
    assertTrue(latest.toString().startsWith("Latest[\"search\", cancelled"), latest::toString);
  }
}
