package dev.desist.concurrent;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.Outcome;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The slot in which the newest wins. */
@ExtendWith(Hygiene.class)
@Timeout(30)
class LatestTest {
  private final List<Outcome<String>> delivered = new CopyOnWriteArrayList<>();
  private final List<String> disposed = new CopyOnWriteArrayList<>();

  private Latest<String> open(UnaryOperator<Latest.Options<String>> configure) {
    return Latest.open(
        Runnable::run, delivered::add, o -> configure.apply(o.disposing(disposed::add)));
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
        Latest.<String>open(ui::add, delivered::add, o -> o.disposing(disposed::add))) {
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
    try (var latest = open(Latest.Options::oneAtATime)) {
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
      latest.cancel(reason);
      assertEquals(new Outcome.Cancelled<String>(reason), get(running));
      assertEquals(new Outcome.Cancelled<String>(reason), delivered.get(1));
      latest.cancel(reason); // there is nothing left to cancel
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
      assertInstanceOf(Outcome.Failure.class, delivered.getFirst());
    }
    try (var latest =
        Latest.<String>open(
            _ -> {
              throw new RejectedExecutionException("gone");
            },
            delivered::add,
            o -> o.disposing(disposed::add))) {
      get(latest.submit(() -> "b"));
      assertEquals(List.of("b"), disposed);
    }
  }

  @Test
  void promise20_what_a_failing_consumer_was_given_is_not_disposed_of_as_well() throws Exception {
    var told = new CompletableFuture<Throwable>();
    try (var latest =
        Latest.<String>open(
            Runnable::run,
            _ -> {
              throw new IllegalStateException("consumer");
            },
            o ->
                o.disposing(disposed::add)
                    .withExecutor(
                        task ->
                            Thread.ofVirtual()
                                .uncaughtExceptionHandler((_, e) -> told.complete(e))
                                .start(task)))) {
      get(latest.submit(() -> "a"));
      assertEquals("consumer", told.get().getMessage());
      assertEquals(List.of(), disposed);
    }
  }

  @Test
  void one_at_a_time_a_disposer_that_fails_with_an_error_holds_up_nobody() throws Exception {
    var begun = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    try (var latest =
        Latest.<String>open(
            Runnable::run,
            delivered::add,
            o ->
                o.oneAtATime()
                    .disposing(
                        _ -> {
                          throw new AssertionError("disposer");
                        }))) {
      var first = latest.submit(deaf(begun, release, "late"));
      begun.await();
      var second = latest.submit(() -> "b");
      release.countDown();
      assertEquals(new Outcome.Success<>("late"), get(first));
      assertEquals(new Outcome.Success<>("b"), get(second));
    }
  }

  @Test
  void a_cancellation_that_comes_wrapped_is_one() throws Exception {
    try (var latest = open(UnaryOperator.identity())) {
      var running =
          latest.submit(
              "search",
              () -> {
                try {
                  return untilCancelled();
                } catch (CancelledException e) {
                  throw new ExecutionException(e);
                }
              });
      get(latest.submit("the next search", () -> "b"));
      var cancelled = assertInstanceOf(Outcome.Cancelled.class, get(running));
      assertEquals("the next search took its place", cancelled.reason().message());
    }
  }

  @Test
  void promise20_of_many_submissions_each_value_is_delivered_or_disposed_of_once()
      throws Exception {
    int rounds = 5_000 * Integer.getInteger("desist.stress", 1);
    for (boolean oneAtATime : new boolean[] {false, true}) {
      var made = new AtomicInteger();
      var seen = new ArrayList<Integer>();
      var dropped = new CopyOnWriteArrayList<Integer>();
      var ends = new ArrayList<CompletionStage<?>>();
      try (ExecutorService ui = Executors.newSingleThreadExecutor();
          var latest =
              Latest.<Integer>open(
                  ui,
                  outcome -> {
                    if (outcome instanceof Outcome.Success<Integer>(Integer value)) {
                      seen.add(value); // on the one thread of ui
                    }
                  },
                  o -> (oneAtATime ? o.oneAtATime() : o).disposing(dropped::add))) {
        for (int i = 0; i < rounds; i++) {
          ends.add(latest.submit(made::incrementAndGet));
        }
        for (CompletionStage<?> end : ends) {
          get(end);
        }
        ui.submit(() -> {}).get();
        var all = new HashSet<>(seen);
        assertTrue(all.addAll(dropped) || dropped.isEmpty());
        assertEquals(made.get(), seen.size() + dropped.size());
        assertEquals(made.get(), all.size());
        assertFalse(seen.isEmpty()); // the last one, at least
        if (oneAtATime) {
          assertEquals(seen.stream().sorted().toList(), seen);
        }
      }
    }
  }

  @Test
  @SuppressWarnings("NullAway") // null is passed on purpose
  void null_is_refused_by_name() {
    try (var latest = open(UnaryOperator.identity())) {
      assertNames("task", () -> latest.submit(null));
      assertNames(
          "reason",
          () -> {
            latest.cancel(null);
            return null;
          });
      assertNames("deliverOn", () -> Latest.<String>open(null, delivered::add));
      assertNames("consumer", () -> Latest.<String>open(Runnable::run, null));
      assertNames(
          "configure must not give null",
          () -> Latest.<String>open(Runnable::run, delivered::add, _ -> null));
      assertSame(latest.token(), latest.token());
    }
  }

  private static void assertNames(String parameter, Callable<?> call) {
    assertEquals(parameter, assertThrows(NullPointerException.class, call::call).getMessage());
  }
}
