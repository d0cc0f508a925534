package dev.desist.concurrent;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Census;
import dev.desist.testkit.Hygiene;
import java.io.IOException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Waiting for futures, any that there are, under a token. */
@ExtendWith(Hygiene.class)
@Timeout(30)
class FuturesAwaitTest {
  private static final CancellationReason ENOUGH = CancellationReason.requested("enough");

  private final CancellationSource source = CancellationSource.create("request");
  private final Told<String> future = new Told<>();

  private interface Wait {
    String call(CancellationToken token, Future<String> future) throws Exception;
  }

  private static final Wait[] BOTH = {Futures::await, Futures::awaitOrCancel};

  // ---- the future ends ----

  @Test
  void a_wait_gives_value_or_failure_and_leaves_nothing() throws Exception {
    for (Wait wait : BOTH) {
      var pending = new CompletableFuture<String>();
      var waiter = Parked.in(() -> wait.call(source.token(), pending));
      pending.complete("v");
      assertEquals("v", waiter.get());
      var failed = CompletableFuture.<String>failedFuture(new IOException("down"));
      assertThrows(ExecutionException.class, () -> wait.call(source.token(), failed));
    }
    assertEquals(Census.EMPTY, Census.of(source.token()));
  }

  @Test
  void a_value_that_is_there_beats_a_cancellation() throws Exception {
    source.cancel(ENOUGH);
    for (Wait wait : BOTH) {
      assertEquals("v", wait.call(source.token(), CompletableFuture.completedFuture("v")));
    }
  }

  @Test
  void a_future_that_was_cancelled_for_a_reason_tells_it() {
    var plain =
        CompletableFuture.<String>failedFuture(
            new CancelledException(CancellationToken.cancelled(ENOUGH)));
    for (Wait wait : BOTH) {
      var thrown = assertThrows(CancelledException.class, () -> wait.call(source.token(), plain));
      assertSame(ENOUGH, thrown.reason());
    }
    future.cancel(true);
    var thrown =
        assertThrows(CancellationException.class, () -> Futures.await(source.token(), future));
    assertFalse(thrown instanceof CancelledException);
  }

  // ---- the token is cancelled ----

  @Test
  void await_ends_with_the_token_and_the_future_goes_on() throws Exception {
    var waiter = Parked.in(() -> Futures.await(source.token(), future));
    source.cancel(ENOUGH);
    assertSame(ENOUGH, assertThrows(CancelledException.class, waiter::get).reason());
    assertThrows(CancelledException.class, () -> Futures.await(source.token(), future));
    assertFalse(future.interrupting.isDone());
  }

  @Test
  void awaitOrCancel_cancels_the_future_by_the_dispatcher() throws Exception {
    var waiter = Parked.in(() -> Futures.awaitOrCancel(source.token(), future));
    source.cancel(ENOUGH);
    assertSame(ENOUGH, assertThrows(CancelledException.class, waiter::get).reason());
    assertTrue(future.interrupting.get());
    assertTrue(future.canceller.get().getName().startsWith("desist-dispatcher"));
  }

  @Test
  void awaitOrCancel_under_a_cancelled_token_cancels_the_future() throws Exception {
    source.cancel(ENOUGH);
    assertThrows(CancelledException.class, () -> Futures.awaitOrCancel(source.token(), future));
    assertTrue(future.interrupting.get());
  }

  @Test
  void awaitOrCancel_interrupts_a_task_of_the_jdk() throws Exception {
    var interrupted = new CompletableFuture<Boolean>();
    var task =
        new FutureTask<>(
            () -> {
              source.cancel(ENOUGH);
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException e) {
                interrupted.complete(true);
              }
              return "never";
            });
    Thread.startVirtualThread(task);
    assertThrows(CancelledException.class, () -> Futures.awaitOrCancel(source.token(), task));
    assertTrue(interrupted.get());
    assertTrue(task.isCancelled());
  }

  @Test
  void without_a_token_the_current_one_counts() throws Exception {
    source.cancel(ENOUGH);
    Cancellation.run(
        source.token(),
        () -> {
          assertThrows(
              CancelledException.class, () -> Futures.await(CancellationToken.none(), future));
          assertFalse(future.isDone());
          assertThrows(
              CancelledException.class,
              () -> Futures.awaitOrCancel(CancellationToken.none(), future));
        });
    assertTrue(future.interrupting.get());
    assertEquals(
        "v", Futures.await(CancellationToken.none(), CompletableFuture.completedFuture("v")));
  }

  // ---- somebody interrupts ----

  @Test
  void an_interrupted_await_leaves_the_future_alone() throws Exception {
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> Futures.await(source.token(), future));
    assertFalse(future.interrupting.isDone());
    assertEquals(Census.EMPTY, Census.of(source.token()));
  }

  @Test
  void an_interrupted_awaitOrCancel_cancels_the_future() throws Exception {
    for (CancellationToken token :
        new CancellationToken[] {source.token(), CancellationToken.none()}) {
      var told = new Told<String>();
      var waiter = Parked.in(() -> Futures.awaitOrCancel(token, told));
      waiter.thread().interrupt();
      assertThrows(InterruptedException.class, waiter::get);
      assertTrue(told.interrupting.get());
      assertTrue(told.canceller.get().getName().startsWith("desist-dispatcher"));
    }
    assertFalse(source.isCancelled());
    await().until(() -> Census.of(source.token()).equals(Census.EMPTY));
  }
}
