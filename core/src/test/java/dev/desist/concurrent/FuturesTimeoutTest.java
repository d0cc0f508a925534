package dev.desist.concurrent;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** {@code orTimeout} and {@code completeOnTimeout} of linked futures. */
@ExtendWith(Hygiene.class)
@Timeout(30)
class FuturesTimeoutTest {
  private final CancellationSource source = CancellationSource.create("request");
  private final Executor threads = Thread::startVirtualThread;
  private final Queue<Runnable> queue = new ArrayDeque<>();
  private final CancelledWork work = new CancelledWork();
  private final ManualTime time = new ManualTime();

  private CompletableFuture<String> started() {
    var future = Futures.submit(source.token(), threads, work);
    work.awaitBegin();
    return future;
  }

  private CompletableFuture<String> queued() {
    return Futures.submit(source.token(), queue::add, () -> "v");
  }

  private CancellationReason.DeadlineExceeded exceeded() throws Exception {
    return assertInstanceOf(CancellationReason.DeadlineExceeded.class, work.told.get());
  }

  @Test
  void promise17_or_timeout_stops_the_work() throws Exception {
    var future = started();
    time.call(() -> future.orTimeout(2, TimeUnit.SECONDS));
    time.advance(Duration.ofMillis(1999));
    assertEquals(1, time.pending());
    assertFalse(future.isDone());
    time.advance(Duration.ofMillis(1));
    var thrown = assertThrows(ExecutionException.class, future::get);
    assertInstanceOf(TimeoutException.class, thrown.getCause());
    assertEquals(exceeded().message(), thrown.getCause().getMessage());
    assertEquals("its future", exceeded().owner());
    assertFalse(source.isCancelled());
  }

  @Test
  void promise17_a_value_on_timeout_stops_the_work() throws Exception {
    var future = started();
    time.call(() -> future.completeOnTimeout("default", 2, TimeUnit.SECONDS));
    time.advance(Duration.ofSeconds(2));
    assertEquals("default", future.get());
    assertEquals("its future", exceeded().owner());
  }

  @Test
  void a_timeout_of_a_future_made_from_it_stops_the_work() throws Exception {
    var length = started().thenApply(String::length);
    time.call(() -> length.orTimeout(2, TimeUnit.SECONDS));
    time.advance(Duration.ofSeconds(2));
    assertInstanceOf(
        TimeoutException.class, assertThrows(ExecutionException.class, length::get).getCause());
    assertEquals("its future", exceeded().owner());
  }

  /** The one test on the machine's clock. */
  @Test
  void without_another_clock_the_machines_counts() throws Exception {
    var future = started().orTimeout(1, TimeUnit.MILLISECONDS);
    assertInstanceOf(
        TimeoutException.class, assertThrows(ExecutionException.class, future::get).getCause());
    assertEquals("its future", exceeded().owner());
  }

  @Test
  void a_timeout_of_zero_or_less_has_passed() throws Exception {
    for (long timeout : new long[] {0, -1, Long.MIN_VALUE}) {
      var late = new CancelledWork();
      var future = Futures.submit(source.token(), threads, late);
      late.awaitBegin();
      time.call(() -> future.orTimeout(timeout, TimeUnit.DAYS)); // no time goes by
      assertInstanceOf(
          TimeoutException.class, assertThrows(ExecutionException.class, future::get).getCause());
      assertInstanceOf(CancellationReason.DeadlineExceeded.class, late.told.get());
    }
  }

  @Test
  void a_timeout_longer_than_any_clock_never_comes() throws Exception {
    var future = queued();
    time.call(() -> future.orTimeout(Long.MAX_VALUE, TimeUnit.DAYS));
    assertEquals(0, time.pending());
    time.advance(Duration.ofDays(36_500));
    queue.forEach(Runnable::run);
    assertEquals("v", future.get());
  }

  @Test
  void the_earlier_of_two_timeouts_counts() throws Exception {
    var future = started();
    time.call(
        () -> future.completeOnTimeout("default", 1, TimeUnit.HOURS).orTimeout(2, TimeUnit.HOURS));
    time.advance(Duration.ofHours(1));
    assertEquals("default", future.get());
    await().until(() -> time.pending() == 0); // the thread that ended the future sees to that
  }

  @Test
  void promise14_a_timeout_that_did_not_come_leaves_the_timer() throws Exception {
    var future = queued();
    time.call(() -> future.orTimeout(2, TimeUnit.SECONDS));
    assertEquals(1, time.pending());
    queue.forEach(Runnable::run);
    assertEquals("v", future.get());
    assertEquals(0, time.pending());
    time.call(() -> future.completeOnTimeout("default", 2, TimeUnit.SECONDS)); // it is done already
    assertEquals(0, time.pending());
  }

  @Test
  void promise14_a_cancelled_future_leaves_the_timer() throws Exception {
    var future = queued();
    time.call(() -> future.orTimeout(2, TimeUnit.SECONDS));
    future.cancel(true);
    assertEquals(0, time.pending());
  }

  @Test
  void a_timeout_holds_no_end_of_the_work_up() throws Exception {
    var future = started();
    time.call(() -> future.orTimeout(1, TimeUnit.HOURS));
    future.thenApply(String::strip).cancel(true);
    assertEquals("its future was cancelled", work.told.get().message());
    assertThrows(java.util.concurrent.CancellationException.class, future::get);
    await().until(() -> time.pending() == 0); // the thread of the work sees to that
  }
}
