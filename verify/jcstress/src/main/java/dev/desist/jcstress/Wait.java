package dev.desist.jcstress;

import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waiting for another thread where a lost wake-up must show as an outcome, not as a hang. */
final class Wait {
  private static final long LIMIT_NANOS = 5_000_000_000L;

  private Wait() {}

  /** Comes back when {@code condition} holds, or after five seconds. */
  static void until(BooleanSupplier condition) {
    long start = System.nanoTime();
    while (!condition.getAsBoolean() && System.nanoTime() - start < LIMIT_NANOS) {
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
