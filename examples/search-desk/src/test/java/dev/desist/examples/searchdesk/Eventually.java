package dev.desist.examples.searchdesk;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/** Waits, within bounds, for what happens on other threads, in other processes, in a browser. */
final class Eventually {
  static final Duration BOUND = Duration.ofSeconds(30);

  private Eventually() {}

  static void eventually(String what, Callable<Boolean> condition) {
    within(BOUND, what, condition);
  }

  static void within(Duration bound, String what, Callable<Boolean> condition) {
    long until = System.nanoTime() + bound.toNanos();
    try {
      while (!condition.call()) {
        if (System.nanoTime() > until) {
          throw new AssertionError("not within " + bound + ": " + what);
        }
        LockSupport.parkNanos(5_000_000);
      }
    } catch (Exception e) {
      throw new AssertionError("could not see whether " + what, e);
    }
  }
}
