package dev.desist;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.testkit.Hygiene;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Callbacks: when they run, where, how they fail and how they are taken back. */
@ExtendWith(Hygiene.class)
@Timeout(20)
class CallbackTest {
  private final CancellationSource source = CancellationSource.create("job");
  private final CancellationToken token = source.token();
  private final AtomicInteger runs = new AtomicInteger();

  @Test
  void promise7_a_callback_runs_once() {
    token.onCancel(runs::incrementAndGet);
    source.cancel();
    source.cancel();
    source.close();
    assertEquals(1, runs.get());
  }

  @Test
  void promise7_a_late_callback_runs_before_register_returns() {
    source.cancel();
    CancellationRegistration late = token.onCancel(runs::incrementAndGet);
    assertEquals(1, runs.get());
    assertFalse(late.unregister());
    late.close();
  }

  @Test
  void promise7_a_late_callback_goes_to_its_executor() {
    source.cancel();
    var submitted = new ArrayDeque<Runnable>();
    CancellationRegistration late = token.onCancel(submitted::add, runs::incrementAndGet);
    assertEquals(0, runs.get());
    submitted.remove().run();
    assertEquals(1, runs.get());
    assertFalse(late.unregister());
  }

  @Test
  void promise8_a_callback_runs_on_the_cancelling_thread() throws Exception {
    var ran = new AtomicReference<@Nullable Thread>();
    token.onCancel(() -> ran.set(Thread.currentThread()));
    Thread canceller = Thread.startVirtualThread(source::cancel);
    canceller.join();
    assertSame(canceller, ran.get());
  }

  @Test
  void promise8_with_an_executor_it_is_only_submitted() {
    var submitted = new ArrayDeque<Runnable>();
    token.onCancel(submitted::add, runs::incrementAndGet);
    source.cancel();
    assertEquals(0, runs.get());
    assertEquals(1, submitted.size());
    submitted.remove().run();
    assertEquals(1, runs.get());
  }

  @Test
  void promise8_no_lock_is_held_while_a_callback_runs() {
    var registered = new AtomicReference<@Nullable Thread>();
    token.onCancel(
        () -> {
          // Another thread does everything a lock could forbid, while this callback waits for it.
          Thread other =
              Thread.ofPlatform()
                  .start(
                      () -> {
                        token.onCancel(runs::incrementAndGet).close();
                        token.child().close();
                        source.cancel();
                        runs.incrementAndGet();
                      });
          join(other);
          registered.set(other);
        });
    source.cancel();
    assertEquals(2, runs.get());
  }

  @Test
  void promise9_all_callbacks_run_whatever_the_others_throw() {
    var failures = List.of(new IllegalStateException("a"), new AssertionError("b"));
    token.onCancel(runs::incrementAndGet);
    token.onCancel(() -> sneak(failures.get(0)));
    token.onCancel(runs::incrementAndGet);
    token.child("below").token().onCancel(() -> sneak(failures.get(1)));
    token.child("beside").token().onCancel(runs::incrementAndGet);
    var thrown = assertThrows(CancellationCallbackException.class, source::cancel);
    assertEquals(3, runs.get());
    var all = new ArrayList<Throwable>(List.of(thrown.getSuppressed()));
    all.add(thrown.getCause());
    assertTrue(all.containsAll(failures) && all.size() == 2, "cause and suppressed: " + all);
    assertTrue(
        String.valueOf(thrown.getMessage())
            .startsWith("2 callbacks failed while \"job\" was cancelled"),
        thrown.getMessage());
    assertTrue(source.isCancelled());
  }

  @Test
  void promise9_what_a_late_callback_throws_leaves_onCancel_as_it_is() {
    source.cancel();
    var failure = new IllegalStateException("late");
    var thrown =
        assertThrows(
            IllegalStateException.class,
            () ->
                token.onCancel(
                    () -> {
                      throw failure;
                    }));
    assertSame(failure, thrown);
    token.onCancel(runs::incrementAndGet);
    assertEquals(1, runs.get());
  }

  @Test
  void promise9_an_executor_that_rejects_is_reported() {
    token.onCancel(
        task -> {
          throw new RejectedExecutionException("full");
        },
        runs::incrementAndGet);
    token.onCancel(runs::incrementAndGet);
    var thrown = assertThrows(CancellationCallbackException.class, source::cancel);
    assertInstanceOf(RejectedExecutionException.class, thrown.getCause());
    assertEquals(1, runs.get());
  }

  @Test
  void promise10_unregister_is_true_for_the_call_that_prevented_the_run() {
    CancellationRegistration registration = token.onCancel(runs::incrementAndGet);
    assertTrue(registration.unregister());
    assertFalse(registration.unregister());
    registration.close();
    source.cancel();
    assertEquals(0, runs.get());
  }

  @Test
  void promise10_a_submitted_callback_can_still_be_taken_back() {
    var submitted = new ArrayDeque<Runnable>();
    CancellationRegistration registration = token.onCancel(submitted::add, runs::incrementAndGet);
    source.cancel();
    assertTrue(registration.unregister());
    submitted.remove().run();
    assertEquals(0, runs.get());
  }

  @Test
  void promise10_unregister_does_not_wait_and_close_does() throws Exception {
    var inside = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    var finished = new AtomicInteger();
    CancellationRegistration registration =
        token.onCancel(
            () -> {
              inside.countDown();
              awaitLatch(go);
              finished.set(1);
            });
    Thread canceller = Thread.startVirtualThread(source::cancel);
    inside.await();
    assertFalse(registration.unregister());
    assertEquals(0, finished.get());
    var closed = new AtomicInteger(-1);
    Thread closer =
        Thread.ofPlatform()
            .start(
                () -> {
                  registration.close();
                  closed.set(finished.get());
                });
    await().until(() -> closer.getState() == Thread.State.WAITING);
    go.countDown();
    closer.join();
    assertEquals(1, closed.get(), "close() came back before the callback had finished");
    canceller.join();
  }

  @Test
  void promise10_a_closer_that_is_interrupted_goes_on_waiting_and_keeps_the_interrupt()
      throws Exception {
    var inside = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    CancellationRegistration registration =
        token.onCancel(
            () -> {
              inside.countDown();
              awaitLatch(go);
            });
    Thread canceller = Thread.startVirtualThread(source::cancel);
    inside.await();
    var interrupted = new AtomicReference<@Nullable Boolean>();
    Thread closer =
        Thread.ofPlatform()
            .start(
                () -> {
                  registration.close();
                  interrupted.set(Thread.currentThread().isInterrupted());
                });
    closer.interrupt();
    await().until(() -> closer.getState() == Thread.State.WAITING);
    assertNull(interrupted.get());
    go.countDown();
    closer.join();
    canceller.join();
    assertEquals(true, interrupted.get());
  }

  @Test
  void promise10_a_callback_may_do_anything() {
    var own = new AtomicReference<@Nullable CancellationRegistration>();
    CancellationRegistration other = token.onCancel(() -> {});
    var registration =
        token.onCancel(
            () -> {
              runs.incrementAndGet();
              registrationOf(own).close();
              assertFalse(registrationOf(own).unregister());
              other.close();
              assertFalse(source.cancel());
              source.close();
              token.onCancel(runs::incrementAndGet);
              assertTrue(token.child().isCancelled());
            });
    own.set(registration);
    source.cancel();
    assertEquals(2, runs.get());
  }

  @Test
  void promise10_two_callbacks_that_close_each_other_do_not_deadlock() throws Exception {
    for (int round = 0; round < 200; round++) {
      var left = CancellationSource.create("left");
      var right = CancellationSource.create("right");
      var both = new CountDownLatch(2);
      var regs = new AtomicReference<@Nullable List<CancellationRegistration>>();
      CancellationRegistration a =
          left.token()
              .onCancel(
                  () -> {
                    meet(both);
                    registrationsOf(regs).get(1).close();
                  });
      CancellationRegistration b =
          right
              .token()
              .onCancel(
                  () -> {
                    meet(both);
                    registrationsOf(regs).get(0).close();
                  });
      regs.set(List.of(a, b));
      Thread one = Thread.ofVirtual().start(left::cancel);
      Thread two = Thread.ofPlatform().start(right::cancel);
      one.join();
      two.join();
    }
  }

  @Test
  void promise10_a_circle_of_three_does_not_deadlock() throws Exception {
    int n = 3;
    var sources = new ArrayList<CancellationSource>();
    var registrations = new ArrayList<CancellationRegistration>();
    var all = new CountDownLatch(n);
    for (int i = 0; i < n; i++) {
      int next = (i + 1) % n;
      sources.add(CancellationSource.create());
      registrations.add(
          sources
              .get(i)
              .token()
              .onCancel(
                  () -> {
                    meet(all);
                    registrations.get(next).close();
                  }));
    }
    var threads = sources.stream().map(s -> Thread.ofPlatform().start(s::cancel)).toList();
    for (Thread thread : threads) {
      thread.join();
    }
  }

  @Test
  void a_slow_callback_delays_no_poll_and_no_waiter() throws Exception {
    var inside = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    var child = token.child();
    var woken = new CountDownLatch(1);
    Thread waiter =
        Thread.startVirtualThread(
            () -> {
              try {
                child.token().await();
                woken.countDown();
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            });
    await().until(() -> waiter.getState() == Thread.State.WAITING);
    token.onCancel(
        () -> {
          inside.countDown();
          awaitLatch(go);
        });
    Thread canceller = Thread.ofPlatform().start(source::cancel);
    inside.await();
    assertTrue(child.isCancelled());
    woken.await(); // although the callback has not finished
    go.countDown();
    canceller.join();
  }

  @Test
  void the_dispatcher_is_told_before_slow_callbacks_run() throws Exception {
    var told = new CountDownLatch(1);
    var on = new AtomicReference<@Nullable Thread>();
    token.onCancel(
        Cancellation.dispatcher(),
        () -> {
          on.set(Thread.currentThread());
          told.countDown();
        });
    token.onCancel(() -> awaitLatch(told)); // newer, so it would run first
    source.cancel();
    assertNotSame(Thread.currentThread(), on.get());
  }

  @Test
  void cancelAsync_runs_no_callback_on_the_caller() throws Exception {
    var ran = new AtomicReference<@Nullable Thread>();
    var go = new CountDownLatch(1);
    token.onCancel(
        () -> {
          awaitLatch(go);
          ran.set(Thread.currentThread());
        });
    var stage = source.cancelAsync(CancellationReason.requested("async")).toCompletableFuture();
    assertTrue(token.isCancelled());
    assertFalse(stage.isDone());
    go.countDown();
    assertEquals(true, stage.get());
    assertNotSame(Thread.currentThread(), ran.get());
    assertEquals(
        false,
        source.cancelAsync(CancellationReason.requested("again")).toCompletableFuture().get());
  }

  @Test
  void cancelAsync_runs_all_callbacks_in_one_task_of_the_given_executor() throws Exception {
    var tasks = new ArrayList<Runnable>();
    var ran = new AtomicInteger();
    token.onCancel(ran::incrementAndGet);
    token.onCancel(ran::incrementAndGet);
    var stage =
        source.cancelAsync(CancellationReason.requested("async"), tasks::add).toCompletableFuture();
    assertTrue(token.isCancelled());
    assertEquals(0, ran.get());
    assertEquals(1, tasks.size());
    tasks.getFirst().run();
    assertEquals(2, ran.get());
    assertEquals(true, stage.get());
    source.cancelAsync(CancellationReason.requested("again"), tasks::add);
    CancellationSource.create().cancelAsync(CancellationReason.requested("idle"), tasks::add);
    assertEquals(1, tasks.size()); // not for nothing
  }

  @Test
  void a_registration_says_what_it_is() {
    CancellationRegistration registration = token.onCancel(() -> {});
    assertSame(token, registration.token());
    assertEquals(
        "CancellationRegistration[waiting on CancellationToken[\"job\", live]]",
        registration.toString());
    registration.close();
    assertTrue(registration.toString().startsWith("CancellationRegistration[withdrawn"));
  }

  private static CancellationRegistration registrationOf(
      AtomicReference<@Nullable CancellationRegistration> holder) {
    return java.util.Objects.requireNonNull(holder.get());
  }

  private static List<CancellationRegistration> registrationsOf(
      AtomicReference<@Nullable List<CancellationRegistration>> holder) {
    return java.util.Objects.requireNonNull(holder.get());
  }

  private static void meet(CountDownLatch latch) {
    latch.countDown();
    awaitLatch(latch);
  }

  private static void awaitLatch(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void sneak(Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    }
    throw (RuntimeException) failure;
  }

  @Test
  void nobody_can_shut_the_dispatcher_down() {
    assertFalse(Cancellation.dispatcher() instanceof AutoCloseable);
  }
}
