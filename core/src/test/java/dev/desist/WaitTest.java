package dev.desist;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.testkit.Hygiene;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Waiting for a token, and the stage. */
@ExtendWith(Hygiene.class)
@Timeout(20)
class WaitTest {
  private final CancellationSource source = CancellationSource.create();
  private final CancellationToken token = source.token();

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_thousand_waiters_wake(boolean virtual) throws Exception {
    ThreadFactory factory = virtual ? Thread.ofVirtual().factory() : Thread.ofPlatform().factory();
    var results = Collections.synchronizedList(new ArrayList<Boolean>());
    var threads = new ArrayList<Thread>();
    for (int i = 0; i < 1_000; i++) {
      CancellationToken waited = i % 2 == 0 ? token : token.child().token();
      threads.add(
          factory.newThread(
              () -> {
                try {
                  results.add(waited.await());
                } catch (InterruptedException e) {
                  results.add(false);
                }
              }));
    }
    threads.forEach(Thread::start);
    await().until(() -> threads.stream().allMatch(t -> t.getState() == Thread.State.WAITING));
    source.cancel();
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(Collections.nCopies(1_000, true), results);
  }

  @Test
  void waiting_on_a_cancelled_token_returns_at_once_and_leaves_an_interrupt_alone()
      throws Exception {
    source.cancel();
    Thread.currentThread().interrupt();
    assertTrue(token.await());
    assertTrue(token.await(Duration.ofDays(1)));
    assertTrue(Thread.interrupted());
  }

  @Test
  void an_interrupted_waiter_throws_and_leaves_nothing_behind() {
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, token::await);
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> CancellationToken.none().await());
    assertEquals(new Census(0, 0), Census.of(source));
    assertFalse(token.isCancelled());
  }

  @Test
  void a_timed_wait_ends_and_leaves_nothing_behind() throws Exception {
    assertFalse(token.await(Duration.ofMillis(1)));
    assertFalse(token.await(Duration.ZERO));
    assertFalse(CancellationToken.none().await(Duration.ofMillis(1)));
    assertEquals(new Census(0, 0), Census.of(source));
    assertThrows(IllegalArgumentException.class, () -> token.await(Duration.ofNanos(-1)));
  }

  @Test
  void a_stray_unpark_does_not_end_a_wait() throws Exception {
    var woken = new CountDownLatch(1);
    Thread waiter =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    token.await();
                    woken.countDown();
                  } catch (InterruptedException e) {
                    throw new AssertionError(e);
                  }
                });
    await().until(() -> waiter.getState() == Thread.State.WAITING);
    for (int i = 0; i < 100; i++) {
      java.util.concurrent.locks.LockSupport.unpark(waiter);
    }
    await().until(() -> waiter.getState() == Thread.State.WAITING);
    assertEquals(1, woken.getCount());
    source.cancel();
    woken.await();
    waiter.join();
  }

  @Test
  void the_stage_is_completed_by_a_thread_of_ours() throws Exception {
    var on = new CompletableFuture<Thread>();
    token.whenCancelled().thenRun(() -> on.complete(Thread.currentThread()));
    source.cancel("done");
    assertNotSame(Thread.currentThread(), on.get());
    assertEquals("done", token.whenCancelled().toCompletableFuture().get().message());
  }

  @Test
  void the_stage_is_one_and_cannot_be_completed_from_outside() {
    assertSame(token.whenCancelled(), token.whenCancelled());
    assertEquals(1, Census.of(source).callbacks());
    token
        .whenCancelled()
        .toCompletableFuture()
        .complete(CancellationReason.requested("by a stranger"));
    assertFalse(token.whenCancelled().toCompletableFuture().isDone());
  }

  @Test
  void the_stage_of_a_cancelled_token_is_complete_and_that_of_none_never_is() {
    source.cancel();
    var runs = new AtomicInteger();
    token.whenCancelled().thenRun(runs::incrementAndGet);
    assertEquals(1, runs.get());
    assertFalse(CancellationToken.none().whenCancelled().toCompletableFuture().isDone());
  }
}
