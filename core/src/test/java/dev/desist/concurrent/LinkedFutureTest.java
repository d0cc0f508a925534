package dev.desist.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.testkit.Hygiene;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** From a future, and from those made from it, to the work. */
@ExtendWith(Hygiene.class)
@Timeout(30)
class LinkedFutureTest {
  private final CancellationSource source = CancellationSource.create("request");
  private final Executor threads = Thread::startVirtualThread;
  private final Queue<Runnable> queue = new ArrayDeque<>();
  private final CancelledWork work = new CancelledWork();

  private CompletableFuture<String> started() {
    var future = Futures.submit(source.token(), threads, work);
    work.awaitBegin();
    return future;
  }

  private CompletableFuture<String> queued() {
    return Futures.submit(source.token(), queue::add, () -> "v");
  }

  // ---- the future itself ----

  @Test
  void cancelling_the_future_reaches_the_work_and_not_the_token() throws Exception {
    for (boolean mayInterrupt : new boolean[] {true, false}) {
      var untilCancelled = new CancelledWork();
      var future = Futures.submit(source.token(), threads, untilCancelled);
      CancellationToken token = untilCancelled.seen.get();
      assertTrue(future.cancel(mayInterrupt));
      assertTrue(token.isCancelled()); // as soon as cancel has returned
      assertTrue(future.isCancelled());
      var thrown = assertThrows(CancelledException.class, () -> future.get(1, TimeUnit.HOURS));
      assertEquals("its future was cancelled", thrown.reason().message());
      assertSame(thrown.reason(), untilCancelled.told.get());
      assertFalse(source.isCancelled());
    }
  }

  @Test
  void promise23_work_whose_future_was_cancelled_in_the_queue_never_begins() {
    var future = Futures.submit(source.token(), queue::add, FuturesTest::mustNotBegin);
    assertTrue(future.cancel(false));
    queue.forEach(Runnable::run);
    assertThrows(CancelledException.class, future::join);
  }

  @Test
  void cancel_runs_no_callback_of_the_work_on_its_thread() throws Exception {
    var future = started();
    var caller = new CompletableFuture<Thread>();
    work.seen.get().onCancel(() -> caller.complete(Thread.currentThread()));
    future.cancel(true);
    assertNotSame(Thread.currentThread(), caller.get());
    assertTrue(caller.get().getName().startsWith("desist-canceller"), caller.get()::getName);
  }

  @Test
  void a_value_from_outside_stops_the_work() throws Exception {
    var future = started();
    assertTrue(future.complete("from elsewhere"));
    assertTrue(work.seen.get().isCancelled());
    assertEquals("its future was completed from outside", work.told.get().message());
    assertEquals("from elsewhere", future.get());
  }

  @Test
  void a_failure_from_outside_stops_the_work() throws Exception {
    var future = started();
    var failure = new IOException("down");
    assertTrue(future.completeExceptionally(failure));
    assertEquals(
        "its future was completed from outside, with java.io.IOException: down",
        work.told.get().message());
    assertSame(failure, assertThrows(ExecutionException.class, future::get).getCause());
  }

  @Test
  void promise24_a_cancellation_from_outside_keeps_its_reason() throws Exception {
    var future = started();
    var reason = CancellationReason.raceLost("the cache was first");
    assertTrue(
        future.completeExceptionally(new CancelledException(CancellationToken.cancelled(reason))));
    assertSame(reason, work.told.get());
    assertSame(reason, assertThrows(CancelledException.class, future::get).reason());
  }

  @Test
  void what_ends_a_future_that_is_done_changes_nothing() {
    var future = Futures.submit(source.token(), Runnable::run, () -> "v");
    var later = Futures.submit(source.token(), queue::add, () -> "w");
    var both = future.thenCombine(later, String::concat);
    assertFalse(future.cancel(true));
    assertFalse(future.complete("other"));
    assertFalse(future.completeExceptionally(new IOException()));
    assertEquals("v", future.join());
    queue.forEach(Runnable::run);
    assertEquals("vw", both.join());
  }

  @Test
  void a_second_end_changes_nothing() throws Exception {
    var future = started();
    assertTrue(future.cancel(true));
    assertTrue(future.cancel(true)); // as a future answers that is cancelled
    assertFalse(future.complete("other"));
    assertEquals("its future was cancelled", work.told.get().message());
  }

  // ---- those made from it ----

  @Test
  void cancelling_a_future_made_from_it_reaches_the_work() throws Exception {
    var future = started();
    var last = future.thenApply(String::length).whenComplete((_, _) -> {}).thenRun(() -> {});
    last.cancel(false);
    assertEquals("its future was cancelled", work.told.get().message());
    assertThrows(CancelledException.class, future::get);
  }

  @Test
  void each_of_several_made_from_one_can_end_it_for_all() throws Exception {
    var future = started();
    var one = future.thenApply(String::length);
    var other = future.copy();
    one.completeExceptionally(new IOException("down"));
    assertEquals(
        "its future was completed from outside, with java.io.IOException: down",
        work.told.get().message());
    assertThrows(CancelledException.class, future::get);
    assertThrows(CancelledException.class, other::get);
    assertTrue(other.isCancelled());
  }

  @Test
  void a_branch_of_its_own_does_not_reach_the_work() throws Exception {
    var future = queued();
    var branch = future.minimalCompletionStage().thenApply(n -> n).toCompletableFuture();
    branch.cancel(true);
    queue.forEach(Runnable::run);
    assertEquals("v", future.get());
  }

  @Test
  void either_of_two_may_win_without_stopping_the_other() throws Exception {
    var slow = queued();
    var quick = CompletableFuture.completedFuture("quick");
    assertEquals("quick", slow.applyToEither(quick, v -> v).get());
    queue.forEach(Runnable::run);
    assertEquals("v", slow.get());
  }

  @Test
  void promise23_stages_after_a_cancel_do_not_run() {
    var ran = new ArrayList<String>();
    var middle = queued().thenApply(ran::add);
    var last = middle.thenAccept(_ -> ran.add("last"));
    middle.cancel(true);
    queue.forEach(Runnable::run);
    assertEquals(List.of(), ran);
    assertThrows(CancelledException.class, last::join);
  }

  @Test
  void promise13_a_long_chain_is_cancelled_from_its_end() throws Exception {
    var first = started();
    var last = first;
    for (int i = 0; i < 100_000; i++) {
      last = last.thenApply(v -> v);
    }
    var beforeLast = last;
    last = last.thenApply(v -> v);
    last.cancel(true);
    assertEquals("its future was cancelled", work.told.get().message());
    assertThrows(CancelledException.class, beforeLast::get);
    assertTrue(first.isCancelled());
  }

  @Test
  void promise13_a_long_chain_is_cancelled_from_its_token() {
    var last = started();
    for (int i = 0; i < 100_000; i++) {
      last = last.thenApply(v -> v);
    }
    source.cancel();
    assertThrows(CancelledException.class, last::get);
  }
}
