package dev.desist.concurrent;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Futures started under a token, and what ends them. */
@ExtendWith(Hygiene.class)
@Timeout(20)
class FuturesTest {
  private final CancellationSource source = CancellationSource.create("request");
  private final ArrayDeque<Runnable> queue = new ArrayDeque<>();
  private final Executor threads = Thread::startVirtualThread;

  /** Work that says what token it saw, and ends when that is cancelled. */
  private static final class Listener implements Callable<String> {
    final CompletableFuture<CancellationToken> seen = new CompletableFuture<>();
    final CompletableFuture<CancellationReason> stopped = new CompletableFuture<>();

    @Override
    public String call() throws InterruptedException {
      CancellationToken token = Cancellation.current();
      seen.complete(token);
      token.await();
      stopped.complete(token.reason().orElseThrow());
      throw new CancelledException(token);
    }
  }

  private CompletableFuture<String> started(Listener work) {
    CompletableFuture<String> future = Futures.supplyAsync(source.token(), threads, work);
    work.seen.join();
    return future;
  }

  private void runQueued() {
    for (Runnable task = queue.poll(); task != null; task = queue.poll()) {
      task.run();
    }
  }

  @Test
  void the_value_arrives_and_a_failure_as_it_is() {
    var thrown = new IOException("no such host");
    assertEquals("v", Futures.supplyAsync(source.token(), threads, () -> "v").join());
    var failed =
        Futures.supplyAsync(
            source.token(),
            threads,
            () -> {
              throw thrown;
            });
    assertSame(thrown, assertThrows(ExecutionException.class, failed::get).getCause());
  }

  @Test
  void the_task_sees_a_child_of_the_token_that_is_closed_at_the_end() {
    var seen = Futures.supplyAsync(source.token(), threads, Cancellation::current).join();
    assertNotSame(source.token(), seen);
    assertInstanceOf(CancellationReason.Closed.class, seen.reason().orElseThrow());
    assertFalse(source.isCancelled());
  }

  @Test
  void without_a_token_the_current_one_counts() throws Exception {
    var work = new Listener();
    var future = Cancellation.call(source.token(), () -> Futures.supplyAsync(threads, work));
    work.seen.join();
    source.cancel("enough");
    assertEquals("enough", assertThrows(CancelledException.class, future::get).reason().message());
  }

  @Test
  void the_task_sees_the_time_of_whoever_started_it() throws Exception {
    var time = new ManualTime();
    var child =
        time.call(() -> Futures.supplyAsync(source.token(), threads, CancellationSource::create))
            .join();
    child.cancelAfter(Duration.ofHours(1));
    assertEquals(1, time.pending());
    time.advance(Duration.ofHours(1));
    assertTrue(child.isCancelled());
  }

  @Test
  void a_cancelled_token_ends_the_future_with_its_reason() throws Exception {
    var work = new Listener();
    var future = started(work);
    source.cancel("enough");
    var thrown = assertThrows(CancelledException.class, future::get);
    assertSame(source.token().reason().orElseThrow(), thrown.reason());
    assertEquals(List.of("request", "unnamed"), thrown.path());
    assertTrue(future.isCancelled());
    assertThrows(CancelledException.class, future::join);
    assertThrows(CancelledException.class, () -> future.getNow("absent"));
    assertThrows(CancelledException.class, () -> future.get(1, TimeUnit.HOURS));
    assertSame(thrown.reason(), work.stopped.join());
  }

  @Test
  void a_cancelled_token_ends_the_future_of_a_task_that_does_not_listen() throws Exception {
    var inside = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    var late = new CompletableFuture<String>();
    var future =
        Futures.supplyAsync(
            source.token(),
            threads,
            () -> {
              inside.countDown();
              go.await();
              return "late";
            },
            late::complete);
    inside.await();
    source.cancel();
    assertThrows(CancelledException.class, future::join);
    go.countDown();
    assertEquals("late", late.join(), "promise 20: a late result goes to the disposer");
  }

  @Test
  void promise23_a_task_overtaken_in_the_queue_never_starts() {
    var future = Futures.supplyAsync(source.token(), queue::add, FuturesTest::mustNotStart);
    source.cancel();
    runQueued();
    assertThrows(CancelledException.class, future::join);
  }

  @Test
  void promise23_a_task_whose_future_was_cancelled_in_the_queue_never_starts() {
    var future = Futures.supplyAsync(source.token(), queue::add, FuturesTest::mustNotStart);
    assertTrue(future.cancel(false));
    runQueued();
    assertThrows(CancelledException.class, future::join);
  }

  @Test
  void promise23_on_a_cancelled_token_nothing_is_submitted_and_the_future_has_ended() {
    source.cancel("before");
    var future = Futures.supplyAsync(source.token(), queue::add, FuturesTest::mustNotStart);
    assertTrue(queue.isEmpty());
    assertTrue(future.isCancelled());
  }

  @Test
  void a_rejected_task_is_the_callers_to_know() {
    Executor full =
        task -> {
          throw new RejectedExecutionException("full");
        };
    assertThrows(
        RejectedExecutionException.class,
        () -> Futures.supplyAsync(source.token(), full, () -> "v"));
  }

  // ---- from the future to the work ----

  private void endsTheWork(
      Consumer<CompletableFuture<String>> end, Class<? extends CancellationReason> kind) {
    var work = new Listener();
    var future = started(work);
    end.accept(future);
    assertTrue(future.isDone());
    assertInstanceOf(kind, work.stopped.join());
    assertFalse(source.isCancelled());
  }

  @Test
  void cancel_reaches_the_work() {
    endsTheWork(future -> assertTrue(future.cancel(true)), CancellationReason.Requested.class);
    endsTheWork(future -> assertTrue(future.cancel(false)), CancellationReason.Requested.class);
  }

  @Test
  void a_value_from_outside_reaches_the_work() {
    endsTheWork(
        future -> {
          assertTrue(future.complete("from outside"));
          assertEquals("from outside", future.join());
        },
        CancellationReason.Requested.class);
  }

  @Test
  void a_failure_from_outside_reaches_the_work() {
    endsTheWork(
        future -> assertTrue(future.completeExceptionally(new IOException())),
        CancellationReason.Requested.class);
  }

  @Test
  void a_cancellation_from_outside_keeps_its_reason() {
    var reason = CancellationReason.raceLost("the cache was first");
    endsTheWork(
        future ->
            assertTrue(
                future.completeExceptionally(
                    new CancelledException(CancellationToken.cancelled(reason)))),
        CancellationReason.RaceLost.class);
  }

  @Test
  void promise17_a_timeout_of_the_future_reaches_the_work() throws Exception {
    var time = new ManualTime();
    var work = new Listener();
    var future = started(work);
    time.call(() -> future.orTimeout(2, TimeUnit.SECONDS));
    time.advance(Duration.ofMillis(1999));
    assertFalse(future.isDone());
    time.advance(Duration.ofMillis(1));
    var thrown = assertThrows(ExecutionException.class, future::get);
    assertInstanceOf(TimeoutException.class, thrown.getCause());
    assertInstanceOf(CancellationReason.DeadlineExceeded.class, work.stopped.join());
  }

  @Test
  void promise17_a_value_on_timeout_reaches_the_work() throws Exception {
    var time = new ManualTime();
    var work = new Listener();
    var future = started(work);
    time.call(() -> future.completeOnTimeout("default", 2, TimeUnit.SECONDS));
    time.advance(Duration.ofSeconds(2));
    assertEquals("default", future.get());
    assertInstanceOf(CancellationReason.DeadlineExceeded.class, work.stopped.join());
  }

  @Test
  void promise14_a_timeout_that_did_not_come_leaves_the_timer() throws Exception {
    var time = new ManualTime();
    var future = Futures.supplyAsync(source.token(), queue::add, () -> "v");
    time.call(() -> future.orTimeout(2, TimeUnit.SECONDS));
    assertEquals(1, time.pending());
    runQueued();
    assertEquals("v", future.get());
    assertEquals(0, time.pending());
  }

  @Test
  void a_timeout_may_be_longer_than_any_clock() {
    var future = Futures.supplyAsync(source.token(), queue::add, () -> "v");
    future.orTimeout(Long.MAX_VALUE, TimeUnit.DAYS);
    runQueued();
    assertEquals("v", future.join());
  }

  @Test
  void what_ends_a_completed_future_changes_nothing() {
    var future = Futures.supplyAsync(source.token(), Runnable::run, () -> "v");
    assertFalse(future.cancel(true));
    assertFalse(future.complete("other"));
    assertFalse(future.completeExceptionally(new IOException()));
    assertEquals("v", future.join());
  }

  @Test
  void cancel_runs_no_callback_of_the_work_on_its_thread() throws Exception {
    var caller = new CompletableFuture<Thread>();
    var work = new Listener();
    var future = started(work);
    work.seen.join().onCancel(() -> caller.complete(Thread.currentThread()));
    future.cancel(true);
    assertNotSame(Thread.currentThread(), caller.get());
  }

  // ---- dependents ----

  @Test
  void a_cancelled_dependent_reaches_the_work() {
    var work = new Listener();
    var future = started(work);
    var dependent = future.thenApply(String::strip).whenComplete((v, e) -> {}).thenRun(() -> {});
    assertTrue(dependent.cancel(true));
    assertInstanceOf(CancellationReason.Requested.class, work.stopped.join());
    assertTrue(future.isCancelled());
  }

  @Test
  void one_of_several_dependents_takes_nothing_from_the_others() {
    var future = Futures.supplyAsync(source.token(), queue::add, () -> "v");
    var first = future.thenApply(v -> v + 1);
    var second = future.thenApply(v -> v + 2);
    first.cancel(true);
    first.cancel(true);
    assertFalse(future.isDone());
    runQueued();
    assertEquals("v2", second.join());
  }

  @Test
  void the_last_of_several_dependents_stops_the_work() {
    var work = new Listener();
    var future = started(work);
    var first = future.thenApply(v -> v + 1);
    var second = future.copy();
    first.cancel(true);
    second.completeExceptionally(new IOException());
    assertInstanceOf(CancellationReason.Requested.class, work.stopped.join());
  }

  @Test
  void a_timeout_does_not_count_as_a_dependent() throws Exception {
    var time = new ManualTime();
    var work = new Listener();
    var future = started(work);
    time.call(() -> future.orTimeout(1, TimeUnit.HOURS));
    future.thenApply(String::strip).cancel(true);
    assertInstanceOf(CancellationReason.Requested.class, work.stopped.join());
    assertEquals(0, time.pending());
  }

  @Test
  void a_minimal_stage_cannot_stop_the_work() {
    var future = Futures.supplyAsync(source.token(), queue::add, () -> "v");
    future.minimalCompletionStage().toCompletableFuture().cancel(true);
    assertFalse(future.isDone());
    runQueued();
    assertEquals("v", future.join());
  }

  @Test
  void promise23_stages_after_a_cancel_do_not_run() {
    var ran = new ArrayList<String>();
    var future = Futures.supplyAsync(source.token(), queue::add, () -> "v");
    var middle = future.thenApply(ran::add);
    var last = middle.thenAccept(v -> ran.add("last"));
    middle.cancel(true);
    runQueued();
    assertEquals(List.of(), ran);
    var thrown = assertThrows(CompletionException.class, last::join);
    assertInstanceOf(CancelledException.class, thrown.getCause());
  }

  @Test
  void promise13_a_long_chain_is_cancelled_from_its_end() {
    var work = new Listener();
    CompletableFuture<String> last = started(work);
    var all = new ArrayList<CompletableFuture<String>>(); // or the collector may take the middle
    for (int i = 0; i < 100_000; i++) {
      last = last.thenApply(v -> v);
      all.add(last);
    }
    last.cancel(true);
    assertInstanceOf(CancellationReason.Requested.class, work.stopped.join());
    assertTrue(all.getFirst().isCancelled());
  }

  @Test
  void a_dependent_that_composes_reaches_the_second_work() {
    var work = new Listener();
    var composed =
        Futures.supplyAsync(source.token(), threads, () -> "v")
            .thenCompose(v -> Futures.supplyAsync(source.token(), threads, work));
    work.seen.join();
    composed.cancel(true);
    assertInstanceOf(CancellationReason.Requested.class, work.stopped.join());
  }

  @Test
  void a_dependent_that_composes_after_a_failure_reaches_the_second_work() {
    var work = new Listener();
    var composed =
        Futures.supplyAsync(
                source.token(),
                threads,
                () -> {
                  throw new IOException();
                })
            .exceptionallyComposeAsync(
                e -> Futures.supplyAsync(source.token(), threads, work).thenApply(v -> v), threads);
    work.seen.join();
    composed.cancel(true);
    assertInstanceOf(CancellationReason.Requested.class, work.stopped.join());
  }

  @Test
  void a_dependent_that_composes_takes_a_shared_future_from_nobody() throws Exception {
    var shared = new CompletableFuture<String>();
    var composed =
        Futures.supplyAsync(source.token(), Runnable::run, () -> "v").thenCompose(v -> shared);
    composed.cancel(true);
    var handled = new CountDownLatch(1);
    Cancellation.dispatcher().execute(handled::countDown);
    handled.await();
    assertFalse(shared.isDone());
  }

  // ---- waiting ----

  @Test
  void await_gives_the_value_or_the_failure() throws Exception {
    assertEquals("v", Futures.await(source.token(), CompletableFuture.completedFuture("v")));
    var failed = CompletableFuture.failedFuture(new IOException());
    assertThrows(ExecutionException.class, () -> Futures.await(source.token(), failed));
  }

  @Test
  void await_ends_with_the_token_and_leaves_the_future_alone() throws Exception {
    var future = new CompletableFuture<String>();
    cancelOnceWaiting(Thread.currentThread());
    var thrown =
        assertThrows(CancelledException.class, () -> Futures.await(source.token(), future));
    assertEquals("enough", thrown.reason().message());
    assertFalse(future.isDone());
  }

  @Test
  void awaitOrCancel_cancels_the_future() throws Exception {
    var future = new CompletableFuture<String>();
    cancelOnceWaiting(Thread.currentThread());
    assertThrows(CancelledException.class, () -> Futures.awaitOrCancel(source.token(), future));
    await().until(future::isCancelled);
  }

  @Test
  void an_interrupted_awaitOrCancel_cancels_the_future_too() {
    var future = new CompletableFuture<String>();
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> Futures.awaitOrCancel(source.token(), future));
    await().until(future::isCancelled);
  }

  @Test
  void await_takes_a_value_that_is_there_whatever_the_token() throws Exception {
    source.cancel();
    assertEquals("v", Futures.await(source.token(), CompletableFuture.completedFuture("v")));
    assertThrows(
        CancelledException.class,
        () -> Futures.await(source.token(), new CompletableFuture<String>()));
  }

  @Test
  void await_finds_the_reason_inside_a_plain_future() {
    source.cancel("enough");
    var plain = CompletableFuture.failedFuture(new CancelledException(source.token()));
    var thrown =
        assertThrows(
            CancelledException.class, () -> Futures.await(CancellationToken.none(), plain));
    assertEquals("enough", thrown.reason().message());
  }

  private void cancelOnceWaiting(Thread waiting) {
    Thread.startVirtualThread(
        () -> {
          while (waiting.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
          }
          source.cancel("enough");
        });
  }

  /** For tasks that must not run. */
  static String mustNotStart() {
    return fail("started");
  }

  @Test
  void a_late_failure_is_noted_and_not_shown() throws Exception {
    var inside = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    var over = new CountDownLatch(1);
    try (var log = new LogProbe()) {
      var future =
          Futures.supplyAsync(
              source.token(),
              task ->
                  Thread.startVirtualThread(
                      () -> {
                        task.run();
                        over.countDown();
                      }),
              () -> {
                inside.countDown();
                go.await();
                throw new IOException("late");
              });
      inside.await();
      future.cancel(true);
      go.countDown();
      over.await();
      assertEquals(List.of("late"), log.thrown());
    }
  }

  @Test
  void a_callback_that_fails_reaches_the_uncaught_exception_handler() throws Exception {
    var uncaught = new AtomicReference<@Nullable Throwable>();
    var over = new CountDownLatch(1);
    var thread =
        Thread.ofPlatform()
            .uncaughtExceptionHandler((t, e) -> uncaught.set(e))
            .unstarted(
                () -> {
                  var future =
                      Futures.supplyAsync(
                          source.token(),
                          Runnable::run,
                          () -> {
                            Cancellation.current()
                                .onCancel(
                                    () -> {
                                      throw new IllegalStateException("left behind");
                                    });
                            return "v";
                          });
                  assertEquals("v", future.join());
                  over.countDown();
                });
    thread.start();
    over.await();
    thread.join();
    var thrown = uncaught.get();
    assertEquals(
        "left behind",
        java.util.Objects.requireNonNull(java.util.Objects.requireNonNull(thrown).getCause())
            .getMessage());
  }
}
