package dev.desist.concurrent;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.concurrent.locks.StampedLock;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Waiting for locks and their like, one law at a time. */
@ExtendWith(Hygiene.class)
@Timeout(20)
@SuppressWarnings({"LockNotBeforeTry", "WaitNotInLoop"}) // other threads see to it
class LocksTest {
  private static final Duration SOON = Duration.ofSeconds(3);
  private static final CancellationToken CANCELLED =
      CancellationToken.cancelled(CancellationReason.requested("before"));

  private final CancellationSource source = CancellationSource.create();

  private final ManualTime time = new ManualTime();
  private final CancellationSource manual = made(time);

  static Stream<Lock> locks() {
    return Stream.of(
        new ReentrantLock(),
        new ReentrantLock(true),
        new ReentrantReadWriteLock().writeLock(),
        new StampedLock().asWriteLock());
  }

  /** Whether another thread can have the lock. */
  private static boolean isFree(Lock lock) throws InterruptedException {
    var free = new boolean[1];
    Thread other =
        Thread.ofVirtual()
            .start(
                () -> {
                  free[0] = lock.tryLock();
                  if (free[0]) {
                    lock.unlock();
                  }
                });
    other.join();
    return free[0];
  }

  // ---- locks ----

  @ParameterizedTest
  @MethodSource("locks")
  void a_cancelled_lock_is_not_held(Lock lock) throws Exception {
    lock.lock();
    Parked<Boolean> call = Parked.in(() -> locking(lock));
    source.cancel("enough");
    var thrown = assertThrows(CancelledException.class, call::get);
    assertEquals("enough", thrown.reason().message());
    lock.unlock();
    assertTrue(isFree(lock));
  }

  @ParameterizedTest
  @MethodSource("locks")
  void a_lock_that_becomes_free_is_held(Lock lock) throws Exception {
    lock.lock();
    Parked<Boolean> call =
        Parked.in(
            () -> {
              locking(lock);
              boolean free = isFree(lock);
              lock.unlock();
              return free;
            });
    lock.unlock();
    assertFalse(call.get());
    assertTrue(isFree(lock));
  }

  private boolean locking(Lock lock) throws InterruptedException {
    Locks.lock(source.token(), lock);
    return true;
  }

  @ParameterizedTest
  @MethodSource("locks")
  void on_a_cancelled_token_a_free_lock_is_not_taken(Lock lock) throws Exception {
    assertThrows(CancelledException.class, () -> Locks.lock(CANCELLED, lock));
    assertThrows(CancelledException.class, () -> Locks.tryLock(CANCELLED, lock, SOON));
    assertTrue(isFree(lock));
  }

  @ParameterizedTest
  @MethodSource("locks")
  void a_timeout_is_no_cancellation(Lock lock) throws Exception {
    lock.lock();
    Parked<Boolean> call = Parked.in(() -> Locks.tryLock(manual.token(), lock, SOON));
    time.advance(SOON);
    assertFalse(call.get());
    lock.unlock();
    assertTrue(Locks.tryLock(source.token(), lock, Duration.ZERO));
    lock.unlock();
  }

  /** What is tried first is tried in a way that overtakes nobody who waits for a fair one. */
  @Test
  void nobody_is_overtaken() throws Exception {
    var lock =
        new ReentrantLock(true) {
          private static final long serialVersionUID = 1;

          @Override
          public boolean tryLock() {
            throw new AssertionError("overtakes");
          }
        };
    var semaphore =
        new Semaphore(1, true) {
          private static final long serialVersionUID = 1;

          @Override
          public boolean tryAcquire(int permits) {
            throw new AssertionError("overtakes");
          }
        };
    Locks.lock(source.token(), lock);
    assertTrue(Locks.tryLock(source.token(), lock, SOON));
    Locks.acquire(source.token(), semaphore, 1);
    assertFalse(Locks.tryAcquire(source.token(), semaphore, 1, Duration.ZERO));
  }

  // ---- permits ----

  @Test
  void a_cancelled_acquire_takes_no_permit() throws Exception {
    var semaphore = new Semaphore(2);
    Parked<Boolean> call =
        Parked.in(
            () -> {
              Locks.acquire(source.token(), semaphore, 3);
              return true;
            });
    source.cancel();
    assertThrows(CancelledException.class, call::get);
    assertEquals(2, semaphore.availablePermits());
    assertThrows(CancelledException.class, () -> Locks.acquire(CANCELLED, semaphore, 1));
    assertEquals(2, semaphore.availablePermits());
  }

  @Test
  void permits_are_taken_when_there_are_enough() throws Exception {
    var semaphore = new Semaphore(2, true);
    Parked<Boolean> call =
        Parked.in(
            () -> {
              Locks.acquire(source.token(), semaphore, 3);
              return true;
            });
    semaphore.release();
    assertTrue(call.get());
    assertEquals(0, semaphore.availablePermits());
    Parked<Boolean> late = Parked.in(() -> Locks.tryAcquire(manual.token(), semaphore, 1, SOON));
    time.advance(SOON);
    assertFalse(late.get());
    semaphore.release(2);
    assertFalse(Locks.tryAcquire(source.token(), semaphore, 3, Duration.ZERO));
    assertTrue(Locks.tryAcquire(source.token(), semaphore, 2, Duration.ZERO));
  }

  // ---- conditions ----

  @Test
  void a_cancelled_await_holds_the_lock_again() throws Exception {
    var lock = new ReentrantLock();
    Condition condition = lock.newCondition();
    Parked<Boolean> call =
        Parked.in(
            () -> {
              lock.lock();
              try {
                Blocking.interruptibly(source.token(), () -> condition.await());
                return false;
              } catch (CancelledException e) {
                return lock.isHeldByCurrentThread();
              } finally {
                lock.unlock();
              }
            });
    source.cancel();
    assertTrue(call.get());
  }

  @Test
  void a_signal_that_somebody_else_waits_for_is_not_taken_by_a_cancelled_await() throws Exception {
    var lock = new ReentrantLock();
    Condition condition = lock.newCondition();
    Parked<Boolean> cancelled = Parked.in(() -> awaiting(lock, condition, source.token()));
    Parked<Boolean> other = Parked.in(() -> awaiting(lock, condition, CancellationToken.none()));
    source.cancel();
    assertThrows(CancelledException.class, cancelled::get);
    lock.lock();
    condition.signal();
    lock.unlock();
    assertTrue(other.get());
  }

  private static boolean awaiting(Lock lock, Condition condition, CancellationToken token)
      throws InterruptedException {
    lock.lock();
    try {
      Blocking.interruptibly(token, () -> condition.await());
      return true;
    } finally {
      lock.unlock();
    }
  }

  @Test
  void a_wait_for_a_signal_may_have_a_timeout() throws Exception {
    var lock = new ReentrantLock();
    Condition condition = lock.newCondition();
    Parked<Boolean> call =
        Parked.in(
            () -> {
              lock.lock();
              try {
                return Blocking.interruptibly(manual.token(), SOON, () -> condition.await());
              } finally {
                lock.unlock();
              }
            });
    time.advance(SOON);
    assertFalse(call.get());
  }

  @Test
  void a_condition_without_its_lock_says_so() {
    Condition condition = new ReentrantLock().newCondition();
    assertThrows(
        IllegalMonitorStateException.class,
        () -> Blocking.interruptibly(source.token(), () -> condition.await()));
  }

  // ---- latches and threads ----

  @Test
  void a_latch_is_waited_for_until_it_has_come_down_or_the_token_is_cancelled() throws Exception {
    var latch = new CountDownLatch(1);
    Parked<Boolean> cancelled =
        Parked.in(
            () -> {
              Blocking.interruptibly(source.token(), () -> latch.await());
              return true;
            });
    source.cancel();
    assertThrows(CancelledException.class, cancelled::get);
    Parked<Boolean> late =
        Parked.in(
            () ->
                time.call(
                    () ->
                        Blocking.interruptibly(
                            CancellationToken.none(), SOON, () -> latch.await())));
    time.advance(SOON);
    assertFalse(late.get());
    latch.countDown();
    assertTrue(Blocking.interruptibly(CancellationToken.none(), SOON, () -> latch.await()));
    assertThrows(
        CancelledException.class, () -> Blocking.interruptibly(CANCELLED, () -> latch.await()));
  }

  @Test
  void a_thread_is_waited_for_until_it_has_ended_or_the_token_is_cancelled() throws Exception {
    var latch = new CountDownLatch(1);
    Thread thread =
        Thread.startVirtualThread(
            () -> assertDoesNotThrow((org.junit.jupiter.api.function.Executable) latch::await));
    Parked<Boolean> cancelled =
        Parked.in(
            () -> {
              Blocking.interruptibly(source.token(), () -> thread.join());
              return true;
            });
    source.cancel();
    assertThrows(CancelledException.class, cancelled::get);
    assertTrue(thread.isAlive(), "it is left alone");
    Parked<Boolean> late =
        Parked.in(
            () ->
                time.call(
                    () ->
                        Blocking.interruptibly(
                            CancellationToken.none(), SOON, () -> thread.join())));
    time.advance(SOON);
    assertFalse(late.get());
    latch.countDown();
    Blocking.interruptibly(CancellationToken.none(), () -> thread.join());
    assertThrows(
        CancelledException.class, () -> Blocking.interruptibly(CANCELLED, () -> thread.join()));
  }

  // ---- all of them ----

  @Test
  void promise18_an_interrupt_of_others_stays_one_also_if_nothing_has_to_be_waited_for() {
    var lock = new ReentrantLock();
    var semaphore = new Semaphore(1);
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> Locks.lock(source.token(), lock));
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> Locks.acquire(source.token(), semaphore, 1));
    assertFalse(Thread.currentThread().isInterrupted());
    assertFalse(lock.isLocked());
    assertEquals(1, semaphore.availablePermits());
  }

  @Test
  void wrong_arguments_are_named_at_once() {
    var semaphore = new Semaphore(1);
    var negative = Duration.ofMillis(-1);
    assertMessage(
        "permits must not be negative: -1", () -> Locks.acquire(source.token(), semaphore, -1));
    assertMessage(
        "timeout must not be negative: PT-0.001S",
        () -> Locks.tryLock(source.token(), new ReentrantLock(), negative));
    assertMessage(
        "timeout must not be negative: PT-0.001S",
        () -> Locks.tryAcquire(source.token(), semaphore, 1, negative));
  }

  /** A source to which time belongs. */
  private static CancellationSource made(ManualTime time) {
    try {
      return time.call(() -> CancellationSource.create());
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private interface Body {
    void run() throws Exception;
  }

  private static void assertMessage(String message, Body body) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, body::run).getMessage());
  }
}
