package dev.desist.scope;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Outcome;
import dev.desist.concurrent.Blocking;
import dev.desist.testkit.Hygiene;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Scopes and subtasks that are cancelled, aborted and awaited, from any thread. */
@ExtendWith(Hygiene.class)
@Timeout(30)
class ScopeCancellationTest {
  private static final CancellationReason ENOUGH = CancellationReason.requested("enough");

  @Test
  void promise22_any_thread_may_cancel_a_scope_and_join_says_why() throws Exception {
    try (var scope = TaskScope.open(Joiner.awaitAll(), c -> c.withName("reads"))) {
      var inside = new CountDownLatch(1);
      Subtask<?> subtask =
          scope.fork(
              () -> {
                inside.countDown();
                return Cancellation.current().await();
              });
      Thread.startVirtualThread(
          () -> {
            awaitQuietly(inside);
            scope.cancel(ENOUGH);
          });
      var thrown = assertThrows(CancelledException.class, scope::join);
      assertSame(ENOUGH, thrown.reason());
      subtask.await();
      assertEquals(new Outcome.Success<>(true), subtask.outcome().orElseThrow());
    }
  }

  @Test
  void promise22_abort_then_await_means_finished_with_clean_up_done() throws Exception {
    var cleaned = new AtomicBoolean();
    try (var scope = TaskScope.open(Joiner.awaitAll())) {
      var inside = new CountDownLatch(1);
      Subtask<?> subtask =
          scope.fork(
              () -> {
                try {
                  inside.countDown();
                  return new SynchronousQueue<String>().take(); // knows interrupts and no tokens
                } finally {
                  cleaned.set(true);
                }
              });
      inside.await();
      assertTrue(subtask.abort(ENOUGH));
      subtask.await();
      assertTrue(cleaned.get());
      assertEquals(new Outcome.Cancelled<>(ENOUGH), subtask.outcome().orElseThrow());
      assertFalse(scope.token().isCancelled());
      scope.join();
    }
  }

  @Test
  void promise22_abort_of_a_task_that_reads_from_a_socket_is_a_cancellation() throws Exception {
    try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        var client = new Socket(InetAddress.getLoopbackAddress(), server.getLocalPort());
        var scope = TaskScope.open(Joiner.awaitAll())) {
      var inside = new CountDownLatch(1);
      Subtask<?> subtask =
          scope.fork(
              () -> {
                InputStream in = client.getInputStream();
                inside.countDown();
                return in.read();
              });
      inside.await();
      subtask.abort(ENOUGH);
      subtask.await();
      assertEquals(new Outcome.Cancelled<>(ENOUGH), subtask.outcome().orElseThrow());
      assertTrue(client.isClosed()); // which is why a blocking call is better guarded
      scope.join();
    }
  }

  @Test
  void promise22_abort_ends_a_guarded_call_with_the_reason() throws Exception {
    try (var scope = TaskScope.open(Joiner.awaitAll())) {
      var inside = new CountDownLatch(1);
      Subtask<?> subtask =
          scope.fork(
              () ->
                  Blocking.interruptibly(
                      CancellationToken.none(),
                      () -> {
                        inside.countDown();
                        return new SynchronousQueue<String>().take();
                      }));
      inside.await();
      subtask.abort(ENOUGH);
      subtask.await();
      assertEquals(new Outcome.Cancelled<>(ENOUGH), subtask.outcome().orElseThrow());
      scope.join();
    }
  }

  @Test
  void abort_of_a_scope_interrupts_all_that_run_and_await_waits_for_them() throws Exception {
    var ended = new AtomicInteger();
    var inside = new CountDownLatch(20);
    var aborted = new AtomicReference<Boolean>();
    try (var scope = TaskScope.open(Joiner.awaitAll())) {
      for (int i = 0; i < 20; i++) {
        scope.fork(
            () -> {
              inside.countDown();
              try {
                return new SynchronousQueue<String>().take();
              } finally {
                ended.incrementAndGet();
              }
            });
      }
      Thread aborter =
          Thread.ofPlatform()
              .start(
                  () -> {
                    awaitQuietly(inside);
                    scope.abort();
                    awaitEnd(scope);
                    aborted.set(ended.get() == 20);
                  });
      assertThrows(CancelledException.class, scope::join);
      aborter.join();
    }
    assertTrue(aborted.get());
  }

  @Test
  void promise22_abort_reaches_the_tasks_of_a_scope_inside_the_task() throws Exception {
    try (var scope = TaskScope.open(Joiner.awaitAll())) {
      var inside = new CountDownLatch(1);
      Subtask<?> outer =
          scope.fork(
              () -> {
                try (var inner = TaskScope.open()) {
                  inner.fork(
                      () -> {
                        inside.countDown();
                        return new SynchronousQueue<String>().take(); // knows no tokens
                      });
                  inner.join();
                  return "joined";
                }
              });
      inside.await();
      outer.abort(ENOUGH);
      outer.await();
      assertEquals(new Outcome.Cancelled<>(ENOUGH), outer.outcome().orElseThrow());
      scope.join();
    }
  }

  @Test
  void a_task_must_not_wait_for_itself() throws Exception {
    try (var scope = TaskScope.open(Joiner.awaitAll())) {
      var self = new CompletableFuture<Subtask<?>>();
      Subtask<?> subtask =
          scope.fork(
              "me",
              () -> {
                self.get().await();
                return 1;
              });
      self.complete(subtask);
      scope.join();
      assertEquals(
          "subtask \"me\" must not wait for its own end", subtask.exception().getMessage());
    }
  }

  @Test
  void cancel_does_not_interrupt() throws Exception {
    try (var scope = TaskScope.open(Joiner.awaitAll())) {
      var inside = new CountDownLatch(1);
      Subtask<Boolean> subtask =
          scope.fork(
              () -> {
                inside.countDown();
                Cancellation.current().await();
                return Thread.currentThread().isInterrupted();
              });
      inside.await();
      subtask.cancel();
      scope.join();
      assertFalse(subtask.get());
    }
  }

  @Test
  void cancelling_a_subtask_leaves_its_siblings_alone() throws Exception {
    try (var scope = TaskScope.open(Joiner.awaitAll())) {
      var go = new CountDownLatch(1);
      Subtask<Boolean> one = scope.fork(ScopeCancellationTest::sleepLong);
      Subtask<Integer> other =
          scope.fork(
              () -> {
                go.await();
                Cancellation.checkpoint();
                return 1;
              });
      assertTrue(one.cancel(ENOUGH));
      assertFalse(one.cancel());
      one.await();
      go.countDown();
      scope.join();
      assertEquals(Subtask.State.CANCELLED, one.state());
      assertEquals(1, other.get());
    }
  }

  private static boolean sleepLong() throws InterruptedException {
    Cancellation.sleep(Duration.ofDays(1));
    return true;
  }

  @Test
  void promise23_fork_after_a_cancel_makes_no_thread_and_gives_a_cancelled_subtask()
      throws Exception {
    var threads = new AtomicInteger();
    ThreadFactory counting =
        task -> {
          threads.incrementAndGet();
          return Thread.ofVirtual().unstarted(task);
        };
    try (var scope = TaskScope.open(Joiner.awaitAll(), c -> c.withThreadFactory(counting))) {
      scope.cancel(ENOUGH);
      Subtask<Integer> subtask = scope.fork(() -> 1);
      assertEquals(Subtask.State.CANCELLED, subtask.state());
      assertEquals(new Outcome.Cancelled<>(ENOUGH), subtask.outcome().orElseThrow());
      assertTrue(subtask.token().isCancelled());
      subtask.await();
      assertThrows(CancelledException.class, scope::join);
    }
    assertEquals(0, threads.get());
  }

  @Test
  void promise23_a_subtask_whose_thread_has_not_begun_never_starts() throws Exception {
    var held = new AtomicReference<Runnable>();
    var started = new AtomicBoolean();
    ThreadFactory holding =
        task -> {
          held.set(task);
          return Thread.ofVirtual().unstarted(() -> {});
        };
    try (var scope = TaskScope.open(Joiner.awaitAll(), c -> c.withThreadFactory(holding))) {
      Subtask<?> subtask = scope.fork(() -> started.getAndSet(true));
      subtask.cancel(ENOUGH);
      Thread.ofVirtual().start(held.get()).join();
      assertEquals(new Outcome.Cancelled<>(ENOUGH), subtask.outcome().orElseThrow());
      scope.join();
    }
    assertFalse(started.get());
  }

  @Test
  void promise23_what_waits_for_a_place_never_starts_and_ends_at_once() throws Exception {
    var started = new AtomicInteger();
    try (var scope = TaskScope.open(Joiner.awaitAll(), c -> c.withParallelism(1))) {
      var inside = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      scope.fork(
          () -> {
            inside.countDown();
            release.await(); // deaf to the token
            return started.incrementAndGet();
          });
      inside.await();
      Subtask<Integer> second = scope.fork(started::incrementAndGet);
      Subtask<Integer> third = scope.fork(started::incrementAndGet);
      second.cancel(ENOUGH);
      second.await();
      assertEquals(new Outcome.Cancelled<>(ENOUGH), second.outcome().orElseThrow());
      assertEquals(Subtask.State.UNAVAILABLE, third.state());
      scope.cancel(ENOUGH);
      third.await();
      assertEquals(Subtask.State.CANCELLED, third.state());
      release.countDown();
      assertThrows(CancelledException.class, scope::join);
    }
    assertEquals(1, started.get());
  }

  @Test
  void cancelling_what_has_ended_does_nothing() throws Exception {
    try (var scope = TaskScope.open(Joiner.awaitAll())) {
      Subtask<Integer> subtask = scope.fork(() -> 3);
      subtask.await();
      assertFalse(subtask.cancel());
      assertFalse(subtask.abort());
      assertEquals(3, subtask.get());
      scope.join();
      assertEquals(3, subtask.get());
    }
  }

  @Test
  void a_value_given_in_spite_of_a_cancellation_counts() throws Exception {
    try (var scope = TaskScope.open(Joiner.<String>allSuccessfulOrThrow())) {
      var inside = new CountDownLatch(1);
      Subtask<String> subtask =
          scope.fork(
              () -> {
                inside.countDown();
                Cancellation.current().await();
                try {
                  Cancellation.checkpoint();
                } catch (CancelledException e) {
                  return "swallowed";
                }
                return "never";
              });
      inside.await();
      subtask.cancel();
      assertEquals("swallowed", scope.join().getFirst());
    }
  }

  @Test
  void a_cancellation_of_something_else_is_a_failure() throws Exception {
    CancellationToken other = CancellationToken.cancelled(ENOUGH);
    try (var scope = TaskScope.open(Joiner.awaitAll())) {
      Subtask<?> subtask =
          scope.fork(
              () -> {
                other.throwIfCancelled();
                return 1;
              });
      scope.join();
      assertEquals(Subtask.State.FAILED, subtask.state());
      assertSame(ENOUGH, assertInstanceOf(CancelledException.class, subtask.exception()).reason());
    }
  }

  @Test
  void a_cancellation_that_a_future_wraps_is_known_for_what_it_is() throws Exception {
    try (var scope = TaskScope.open(Joiner.awaitAll())) {
      var inside = new CountDownLatch(1);
      Subtask<?> subtask =
          scope.fork(
              () -> {
                CancellationToken token = Cancellation.current();
                inside.countDown();
                token.await();
                return CompletableFuture.failedFuture(
                        new CompletionException(new CancelledException(token)))
                    .join();
              });
      inside.await();
      subtask.cancel(ENOUGH);
      scope.join();
      assertEquals(Subtask.State.CANCELLED, subtask.state());
    }
  }

  @Test
  void an_interrupt_by_somebody_else_is_a_failure() throws Exception {
    try (var scope = TaskScope.open(Joiner.awaitAll())) {
      var thread = new CompletableFuture<Thread>();
      Subtask<?> subtask =
          scope.fork(
              () -> {
                thread.complete(Thread.currentThread());
                return new SynchronousQueue<String>().take();
              });
      thread.get().interrupt();
      scope.join();
      assertInstanceOf(InterruptedException.class, subtask.exception());
    }
  }

  @Test
  void with_a_policy_that_wants_all_a_cancelled_subtask_is_a_failure() throws Exception {
    try (var scope = TaskScope.<Boolean>open()) {
      Subtask<?> subtask = scope.fork("one", ScopeCancellationTest::sleepLong);
      subtask.cancel(ENOUGH);
      var thrown = assertThrows(ExecutionException.class, scope::join);
      assertSame(ENOUGH, assertInstanceOf(CancelledException.class, thrown.getCause()).reason());
    }
  }

  @Test
  void an_interrupt_ends_join_and_is_the_reason_of_what_follows() throws Exception {
    Subtask<?> subtask;
    try (var scope = TaskScope.open(Joiner.awaitAll(), c -> c.withName("reads"))) {
      subtask = scope.fork(() -> Cancellation.current().await());
      Thread.currentThread().interrupt();
      assertThrows(InterruptedException.class, scope::join);
      assertFalse(scope.token().isCancelled());
    }
    assertFalse(Thread.currentThread().isInterrupted());
    assertInstanceOf(CancellationReason.Interrupted.class, subtask.token().reason().orElseThrow());
  }

  @Test
  void join_may_be_called_again_after_an_interrupt() throws Exception {
    try (var scope = TaskScope.open(Joiner.<Integer>allSuccessfulOrThrow())) {
      var go = new CountDownLatch(1);
      scope.fork(
          () -> {
            go.await();
            return 5;
          });
      Thread.currentThread().interrupt();
      assertThrows(InterruptedException.class, scope::join);
      go.countDown();
      assertEquals(5, scope.join().getFirst());
    }
  }

  @Test
  void an_interrupt_does_not_end_close_and_is_not_lost() throws Exception {
    var ended = new AtomicBoolean();
    var inside = new CountDownLatch(1);
    try (var scope = TaskScope.open(Joiner.anySuccessfulOrThrow())) {
      scope.fork(
          () -> {
            inside.countDown();
            Cancellation.current().await();
            ended.set(true);
            return 1;
          });
      inside.await();
      scope.fork(() -> 0);
      scope.join();
      Thread.currentThread().interrupt();
    }
    assertTrue(ended.get());
    assertTrue(Thread.interrupted());
  }

  @Test
  void no_interrupt_is_left_for_the_joiner_when_an_aborted_task_did_not_notice() throws Exception {
    var seen = new AtomicReference<Boolean>();
    Joiner<Object, Boolean> looking =
        new Joiner<>() {
          @Override
          public boolean onComplete(Subtask<?> subtask) {
            seen.set(Thread.currentThread().isInterrupted());
            return false;
          }

          @Override
          public Boolean result() {
            return seen.get();
          }
        };
    try (var scope = TaskScope.open(looking)) {
      var inside = new CountDownLatch(1);
      Subtask<?> subtask =
          scope.fork(
              () -> {
                inside.countDown();
                while (!Thread.currentThread().isInterrupted()) {
                  Thread.onSpinWait();
                }
                return 1;
              });
      inside.await();
      subtask.abort();
      assertFalse(scope.join());
    }
  }

  @Test
  void await_with_a_timeout_tells_whether_it_has_ended() throws Exception {
    try (var scope = TaskScope.open(Joiner.awaitAll())) {
      var go = new CountDownLatch(1);
      Subtask<?> subtask =
          scope.fork(
              () -> {
                go.await();
                return 1;
              });
      assertFalse(subtask.await(Duration.ZERO));
      assertFalse(subtask.await(Duration.ofNanos(1)));
      assertFalse(scope.await(Duration.ofNanos(1)));
      go.countDown();
      assertTrue(subtask.await(Duration.ofDays(1)));
      scope.join();
      assertThrows(IllegalArgumentException.class, () -> subtask.await(Duration.ofNanos(-1)));
    }
  }

  @Test
  void the_owner_waits_for_one_after_the_other_until_the_scope_is_over() throws Exception {
    try (var scope = TaskScope.open(Joiner.<Integer>awaitAll())) {
      Subtask<Integer> first = scope.fork(() -> 1);
      var release = new CountDownLatch(1);
      Subtask<Integer> second =
          scope.fork(
              () -> {
                release.await(); // deaf to the token
                return 2;
              });
      first.await(scope.token());
      assertEquals(1, first.get());
      Thread.startVirtualThread(() -> scope.cancel(ENOUGH));
      var thrown = assertThrows(CancelledException.class, () -> second.await(scope.token()));
      assertSame(ENOUGH, thrown.reason());
      first.await(scope.token()); // it has ended: completion beats cancellation
      assertThrows(CancelledException.class, scope::join);
      release.countDown();
    }
  }

  static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void awaitEnd(TaskScope<?, ?> scope) {
    try {
      scope.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
