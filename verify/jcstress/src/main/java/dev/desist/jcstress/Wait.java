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

  /** What an actor does, if that can throw. */
  interface Step {
    void run() throws Exception;
  }

  private Wait() {}

  /** Runs what throws nothing checked, if all is well: an actor must not declare exceptions. */
  static void unchecked(Step step) {
    try {
      step.run();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

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

  /**
   * Comes back when {@code condition} holds, or after a second: for what the other actor is about
   * to do, and does not do when jcstress tries the actors one after the other.
   */
  static void forOtherActor(BooleanSupplier condition) {
    long start = System.nanoTime();
    for (int i = 0; !condition.getAsBoolean(); i++) {
      if (i < 10_000) {
        Thread.onSpinWait();
      } else if (System.nanoTime() - start >= 1_000_000_000L) {
        return;
      } else {
        LockSupport.parkNanos(1_000);
      }
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
