package dev.desist.examples.searchdesk;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.Callable;

/** Waits, within bounds, for what happens on other threads, in other processes, in a browser. */
final class Eventually {
  static final Duration BOUND = Duration.ofSeconds(60);

  private Eventually() {}

  static void eventually(String what, Callable<Boolean> condition) {
    within(BOUND, what, condition);
  }

  static void within(Duration bound, String what, Callable<Boolean> condition) {
    await(what)
        .atMost(bound)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(5))
        .pollInSameThread()
        .until(condition);
  }
}
