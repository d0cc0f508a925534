package dev.desist.jcstress;

import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waiting for another thread where a lost wake-up must show as an outcome, not as a hang. */
final class Wait {
  private static final long LIMIT_NANOS = 5_000_000_000L;
  private static final long LIMIT_NANOS_ONCE_LOST = 5_000_000L;

  /** Whether a wait was in vain: the test has failed then, and must still come to its end. */
  private static volatile boolean lost;

  private Wait() {}

  /** Comes back when {@code condition} holds, or after five seconds. */
  static void until(BooleanSupplier condition) {
    long limit = lost ? LIMIT_NANOS_ONCE_LOST : LIMIT_NANOS;
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - start >= limit) {
        lost = true;
        return;
      }
      LockSupport.parkNanos(1_000);
    }
  }

  /** Calls what nobody interrupts here: an actor must not declare exceptions. */
  static boolean uninterrupted(Callable<Boolean> wait) {
    try {
      return wait.call();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
