package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.internal.Stack;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;

/**
 * Waits for locks, permits, conditions, latches and threads under a token.
 *
 * {@snippet class="dev.desist.snippets.LockSnippets" region="lock"}
 *
 * <p>Each method comes in two forms, with a token and with the {@linkplain Cancellation#current()
 * current} one.
 *
 * <h2>What happens on a cancellation</h2>
 *
 * <p>The call throws a {@link CancelledException}, and has acquired nothing. If what it waits for
 * and the cancellation come together, it is acquired or cancelled, never both, and no permit and no
 * signal is lost. A token that is cancelled already ends the call at once, also if it would not
 * have had to wait.
 *
 * <p>That is so with the classes of the JDK, and with any other whose methods, when they throw an
 * {@link InterruptedException}, have acquired nothing. {@code synchronized} and {@link Lock#lock()}
 * listen to nobody: nothing can end them.
 *
 * <h2>Time</h2>
 *
 * <p>A timeout is measured by the {@link dev.desist.TimeSource} that the token belongs to, and with
 * {@link CancellationToken#none()} by the one in use. A timeout that is over is no cancellation:
 * the call returns false. Zero only asks: the call takes what is there and does not wait, and
 * throws for a cancellation and for an interrupt as a longer wait does.
 *
 * <h2>General exceptions</h2>
 *
 * <p>A null argument gives a {@link NullPointerException} that names the parameter. A thread that
 * is interrupted, by whomever but this library, gets an {@link InterruptedException}, as without a
 * token. What the lock throws comes through as it is.
 *
 * @implNote Tries first without waiting, by methods that respect fairness, and guards only a call
 *     that has to wait.
 */
public final class Locks {
  private Locks() {}

  // ---- locks ----

  /**
   * Acquires {@code lock} under the current token, as {@link #lock(CancellationToken, Lock)} does.
   *
   * @param lock which
   * @throws CancelledException if the token is or becomes cancelled; the lock is not held
   * @throws InterruptedException if somebody else interrupts this thread; the lock is not held
   */
  public static void lock(Lock lock) throws InterruptedException {
    lock(Cancellation.current(), lock);
  }

  /**
   * Acquires {@code lock}, and waits until it can: one of {@link ReadWriteLock}'s, too.
   *
   * @param token what may end the wait
   * @param lock which
   * @throws CancelledException if the token is or becomes cancelled; the lock is not held
   * @throws InterruptedException if somebody else interrupts this thread; the lock is not held
   */
  public static void lock(CancellationToken token, Lock lock) throws InterruptedException {
    if (!lockNow(token, lock)) {
      Waits.call(token, locking(lock));
    }
  }

  /**
   * Acquires {@code lock} under the current token, as {@link #tryLock(CancellationToken, Lock,
   * Duration)} does.
   *
   * @param lock which
   * @param timeout how long to wait
   * @return whether the lock is held now
   * @throws IllegalArgumentException if the timeout is negative
   * @throws CancelledException if the token is or becomes cancelled; the lock is not held
   * @throws InterruptedException if somebody else interrupts this thread; the lock is not held
   */
  public static boolean tryLock(Lock lock, Duration timeout) throws InterruptedException {
    return tryLock(Cancellation.current(), lock, timeout);
  }

  /**
   * Acquires {@code lock}, and waits until it can, but not for ever.
   *
   * @param token what may end the wait
   * @param lock which
   * @param timeout how long to wait
   * @return whether the lock is held now
   * @throws IllegalArgumentException if the timeout is negative
   * @throws CancelledException if the token is or becomes cancelled; the lock is not held
   * @throws InterruptedException if somebody else interrupts this thread; the lock is not held
   */
  public static boolean tryLock(CancellationToken token, Lock lock, Duration timeout)
      throws InterruptedException {
    Waits.timeout(timeout);
    return lockNow(token, lock)
        || (!timeout.isZero() && Waits.call(token, timeout, locking(lock)) != null);
  }

  private static boolean lockNow(CancellationToken token, Lock lock) throws InterruptedException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(lock, "lock");
    token.throwIfCancelled();
    Stack.reserve();
    return lock.tryLock(0, TimeUnit.NANOSECONDS);
  }

  private static Waits.Body<Boolean> locking(Lock lock) {
    return () -> {
      lock.lockInterruptibly();
      return true;
    };
  }

  // ---- permits ----

  /**
   * Acquires a permit under the current token, as {@link #acquire(CancellationToken, Semaphore,
   * int)} does.
   *
   * @param semaphore whose
   * @throws CancelledException if the token is or becomes cancelled; no permit was taken
   * @throws InterruptedException if somebody else interrupts this thread; no permit was taken
   */
  public static void acquire(Semaphore semaphore) throws InterruptedException {
    acquire(Cancellation.current(), semaphore, 1);
  }

  /**
   * Acquires a permit, as {@link #acquire(CancellationToken, Semaphore, int)} does.
   *
   * @param token what may end the wait
   * @param semaphore whose
   * @throws CancelledException if the token is or becomes cancelled; no permit was taken
   * @throws InterruptedException if somebody else interrupts this thread; no permit was taken
   */
  public static void acquire(CancellationToken token, Semaphore semaphore)
      throws InterruptedException {
    acquire(token, semaphore, 1);
  }

  /**
   * Acquires permits under the current token, as {@link #acquire(CancellationToken, Semaphore,
   * int)} does.
   *
   * @param semaphore whose
   * @param permits how many
   * @throws IllegalArgumentException if that is negative
   * @throws CancelledException if the token is or becomes cancelled; no permit was taken
   * @throws InterruptedException if somebody else interrupts this thread; no permit was taken
   */
  public static void acquire(Semaphore semaphore, int permits) throws InterruptedException {
    acquire(Cancellation.current(), semaphore, permits);
  }

  /**
   * Acquires permits, all or none, and waits until there are so many.
   *
   * @param token what may end the wait
   * @param semaphore whose
   * @param permits how many
   * @throws IllegalArgumentException if that is negative
   * @throws CancelledException if the token is or becomes cancelled; no permit was taken
   * @throws InterruptedException if somebody else interrupts this thread; no permit was taken
   */
  public static void acquire(CancellationToken token, Semaphore semaphore, int permits)
      throws InterruptedException {
    if (!acquireNow(token, semaphore, permits)) {
      Waits.call(token, acquiring(semaphore, permits));
    }
  }

  /**
   * Acquires permits under the current token, as {@link #tryAcquire(CancellationToken, Semaphore,
   * int, Duration)} does.
   *
   * @param semaphore whose
   * @param permits how many
   * @param timeout how long to wait
   * @return whether the permits were taken
   * @throws IllegalArgumentException if the timeout, or the number of permits, is negative
   * @throws CancelledException if the token is or becomes cancelled; no permit was taken
   * @throws InterruptedException if somebody else interrupts this thread; no permit was taken
   */
  public static boolean tryAcquire(Semaphore semaphore, int permits, Duration timeout)
      throws InterruptedException {
    return tryAcquire(Cancellation.current(), semaphore, permits, timeout);
  }

  /**
   * Acquires permits, all or none, and waits until there are so many, but not for ever.
   *
   * @param token what may end the wait
   * @param semaphore whose
   * @param permits how many
   * @param timeout how long to wait
   * @return whether the permits were taken
   * @throws IllegalArgumentException if the timeout, or the number of permits, is negative
   * @throws CancelledException if the token is or becomes cancelled; no permit was taken
   * @throws InterruptedException if somebody else interrupts this thread; no permit was taken
   */
  public static boolean tryAcquire(
      CancellationToken token, Semaphore semaphore, int permits, Duration timeout)
      throws InterruptedException {
    Waits.timeout(timeout);
    return acquireNow(token, semaphore, permits)
        || (!timeout.isZero() && Waits.call(token, timeout, acquiring(semaphore, permits)) != null);
  }

  private static boolean acquireNow(CancellationToken token, Semaphore semaphore, int permits)
      throws InterruptedException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(semaphore, "semaphore");
    if (permits < 0) {
      throw new IllegalArgumentException("permits must not be negative: " + permits);
    }
    token.throwIfCancelled();
    Stack.reserve();
    return semaphore.tryAcquire(permits, 0, TimeUnit.NANOSECONDS);
  }

  private static Waits.Body<Boolean> acquiring(Semaphore semaphore, int permits) {
    return () -> {
      semaphore.acquire(permits);
      return true;
    };
  }

  // ---- conditions ----

  /**
   * Waits for a signal under the current token, as {@link #await(CancellationToken, Condition)}
   * does.
   *
   * @param condition which; its lock is held by this thread
   * @throws CancelledException if the token is or becomes cancelled; no signal was taken
   * @throws InterruptedException if somebody else interrupts this thread; no signal was taken
   */
  public static void await(Condition condition) throws InterruptedException {
    await(Cancellation.current(), condition);
  }

  /**
   * Releases the lock, waits for a signal, and acquires the lock again: however this ends, the lock
   * is held afterwards. So a cancelled call, too, returns only when it has got the lock back, and
   * for that it waits as long as it takes. As ever, it may wake without a signal: ask in a loop.
   *
   * @param token what may end the wait
   * @param condition which; its lock is held by this thread
   * @throws CancelledException if the token is or becomes cancelled; no signal was taken
   * @throws InterruptedException if somebody else interrupts this thread; no signal was taken
   */
  public static void await(CancellationToken token, Condition condition)
      throws InterruptedException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(condition, "condition");
    Waits.call(token, awaiting(condition));
  }

  /**
   * Waits for a signal under the current token, as {@link #await(CancellationToken, Condition,
   * Duration)} does.
   *
   * @param condition which; its lock is held by this thread
   * @param timeout how long to wait
   * @return whether it was woken in time
   * @throws IllegalArgumentException if the timeout is negative
   * @throws CancelledException if the token is or becomes cancelled
   * @throws InterruptedException if somebody else interrupts this thread
   */
  public static boolean await(Condition condition, Duration timeout) throws InterruptedException {
    return await(Cancellation.current(), condition, timeout);
  }

  /**
   * Waits for a signal, as {@link #await(CancellationToken, Condition)} does, but not for ever.
   *
   * @param token what may end the wait
   * @param condition which; its lock is held by this thread
   * @param timeout how long to wait
   * @return whether it was woken in time
   * @throws IllegalArgumentException if the timeout is negative
   * @throws CancelledException if the token is or becomes cancelled; no signal was taken
   * @throws InterruptedException if somebody else interrupts this thread; no signal was taken
   */
  @SuppressWarnings("WaitNotInLoop") // the caller's loop
  public static boolean await(CancellationToken token, Condition condition, Duration timeout)
      throws InterruptedException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(condition, "condition");
    if (Waits.timeout(timeout).isZero()) {
      token.throwIfCancelled();
      return condition.await(0, TimeUnit.NANOSECONDS); // throws as a longer wait does
    }
    return Waits.call(token, timeout, awaiting(condition)) != null;
  }

  @SuppressWarnings("WaitNotInLoop") // the caller's loop
  private static Waits.Body<Boolean> awaiting(Condition condition) {
    return () -> {
      condition.await();
      return true;
    };
  }

  // ---- latches ----

  /**
   * Waits for {@code latch} under the current token, as {@link #await(CancellationToken,
   * CountDownLatch)} does.
   *
   * @param latch which
   * @throws CancelledException if the token is or becomes cancelled
   * @throws InterruptedException if somebody else interrupts this thread
   */
  public static void await(CountDownLatch latch) throws InterruptedException {
    await(Cancellation.current(), latch);
  }

  /**
   * Waits until {@code latch} has come down to zero.
   *
   * @param token what may end the wait
   * @param latch which
   * @throws CancelledException if the token is or becomes cancelled
   * @throws InterruptedException if somebody else interrupts this thread
   */
  public static void await(CancellationToken token, CountDownLatch latch)
      throws InterruptedException {
    if (!awaitNow(token, latch)) {
      Waits.call(token, awaiting(latch));
    }
  }

  /**
   * Waits for {@code latch} under the current token, as {@link #await(CancellationToken,
   * CountDownLatch, Duration)} does.
   *
   * @param latch which
   * @param timeout how long to wait
   * @return whether it has come down
   * @throws IllegalArgumentException if the timeout is negative
   * @throws CancelledException if the token is or becomes cancelled
   * @throws InterruptedException if somebody else interrupts this thread
   */
  public static boolean await(CountDownLatch latch, Duration timeout) throws InterruptedException {
    return await(Cancellation.current(), latch, timeout);
  }

  /**
   * Waits until {@code latch} has come down to zero, but not for ever.
   *
   * @param token what may end the wait
   * @param latch which
   * @param timeout how long to wait
   * @return whether it has come down
   * @throws IllegalArgumentException if the timeout is negative
   * @throws CancelledException if the token is or becomes cancelled
   * @throws InterruptedException if somebody else interrupts this thread
   */
  public static boolean await(CancellationToken token, CountDownLatch latch, Duration timeout)
      throws InterruptedException {
    Waits.timeout(timeout);
    return awaitNow(token, latch)
        || (!timeout.isZero() && Waits.call(token, timeout, awaiting(latch)) != null);
  }

  private static boolean awaitNow(CancellationToken token, CountDownLatch latch)
      throws InterruptedException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(latch, "latch");
    token.throwIfCancelled();
    Stack.reserve();
    return latch.await(0, TimeUnit.NANOSECONDS);
  }

  private static Waits.Body<Boolean> awaiting(CountDownLatch latch) {
    return () -> {
      latch.await();
      return true;
    };
  }

  // ---- threads ----

  /**
   * Waits for {@code thread} under the current token, as {@link #join(CancellationToken, Thread)}
   * does.
   *
   * @param thread which
   * @throws CancelledException if the token is or becomes cancelled; the thread is left alone
   * @throws InterruptedException if somebody else interrupts this thread
   */
  public static void join(Thread thread) throws InterruptedException {
    join(Cancellation.current(), thread);
  }

  /**
   * Waits until {@code thread} has ended.
   *
   * @param token what may end the wait
   * @param thread which
   * @throws IllegalThreadStateException if it was not started
   * @throws CancelledException if the token is or becomes cancelled; the thread is left alone
   * @throws InterruptedException if somebody else interrupts this thread
   */
  public static void join(CancellationToken token, Thread thread) throws InterruptedException {
    if (!hasEnded(token, thread)) {
      Waits.call(token, joining(thread));
    }
  }

  /**
   * Waits for {@code thread} under the current token, as {@link #join(CancellationToken, Thread,
   * Duration)} does.
   *
   * @param thread which
   * @param timeout how long to wait
   * @return whether it has ended
   * @throws IllegalArgumentException if the timeout is negative
   * @throws CancelledException if the token is or becomes cancelled
   * @throws InterruptedException if somebody else interrupts this thread
   */
  public static boolean join(Thread thread, Duration timeout) throws InterruptedException {
    return join(Cancellation.current(), thread, timeout);
  }

  /**
   * Waits until {@code thread} has ended, but not for ever.
   *
   * @param token what may end the wait
   * @param thread which
   * @param timeout how long to wait
   * @return whether it has ended
   * @throws IllegalArgumentException if the timeout is negative
   * @throws CancelledException if the token is or becomes cancelled; the thread is left alone
   * @throws InterruptedException if somebody else interrupts this thread
   */
  public static boolean join(CancellationToken token, Thread thread, Duration timeout)
      throws InterruptedException {
    Waits.timeout(timeout);
    if (hasEnded(token, thread)) {
      return true;
    }
    if (!timeout.isZero()) {
      return Waits.call(token, timeout, joining(thread)) != null;
    }
    if (Thread.interrupted()) { // which Thread.join(Duration.ZERO) does not ask
      throw new InterruptedException();
    }
    return false;
  }

  private static boolean hasEnded(CancellationToken token, Thread thread) {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(thread, "thread");
    if (thread.getState() == Thread.State.NEW) {
      throw new IllegalThreadStateException("thread must have been started: " + thread);
    }
    token.throwIfCancelled();
    return !thread.isAlive();
  }

  private static Waits.Body<Boolean> joining(Thread thread) {
    return () -> {
      thread.join();
      return true;
    };
  }
}
