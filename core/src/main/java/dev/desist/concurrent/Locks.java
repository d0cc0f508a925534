package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Task;
import dev.desist.internal.Arguments;
import dev.desist.internal.Stack;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;

/**
 * Acquires locks and permits under a token.
 *
 * {@snippet class="dev.desist.snippets.LockSnippets" region="lock"}
 *
 * <p>Conditions, latches, barriers and threads have nothing to be tried without waiting first, and
 * so need no method of their own: they are waited for in a guarded call.
 *
 * {@snippet class="dev.desist.snippets.LockSnippets" region="others"}
 *
 * <h2>What happens on a cancellation</h2>
 *
 * <p>The call throws a {@link CancelledException}, and has acquired nothing. If what it waits for
 * and the cancellation come together, it is acquired or cancelled, never both, and no permit is
 * lost. A token that is cancelled already ends the call at once, also if it would not have had to
 * wait. As everywhere, the {@linkplain Cancellation#current() current} token is obeyed beside the
 * one that is given.
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
      Blocking.guarded(Cancellation.currentWith(token), locking(lock));
    }
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
    Arguments.notNegative(timeout, "timeout");
    return lockNow(token, lock) || (!timeout.isZero() && waited(token, timeout, locking(lock)));
  }

  private static boolean lockNow(CancellationToken token, Lock lock) throws InterruptedException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(lock, "lock");
    Blocking.checkpoint(token);
    Stack.reserve();
    return lock.tryLock(0, TimeUnit.NANOSECONDS);
  }

  private static Task<Boolean, InterruptedException> locking(Lock lock) {
    return () -> {
      lock.lockInterruptibly();
      return true;
    };
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
      Blocking.guarded(Cancellation.currentWith(token), acquiring(semaphore, permits));
    }
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
    Arguments.notNegative(timeout, "timeout");
    return acquireNow(token, semaphore, permits)
        || (!timeout.isZero() && waited(token, timeout, acquiring(semaphore, permits)));
  }

  private static boolean acquireNow(CancellationToken token, Semaphore semaphore, int permits)
      throws InterruptedException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(semaphore, "semaphore");
    Arguments.notNegative(permits, "permits");
    Blocking.checkpoint(token);
    Stack.reserve();
    return semaphore.tryAcquire(permits, 0, TimeUnit.NANOSECONDS);
  }

  private static Task<Boolean, InterruptedException> acquiring(Semaphore semaphore, int permits) {
    return () -> {
      semaphore.acquire(permits);
      return true;
    };
  }

  private static boolean waited(
      CancellationToken token, Duration timeout, Task<Boolean, InterruptedException> wait)
      throws InterruptedException {
    return Blocking.guarded(Cancellation.currentWith(token), timeout, wait) != null;
  }
}
