package dev.desist.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationToken;
import java.util.concurrent.atomic.AtomicInteger;

/** A thread that waits for a token, and a callback that counts how often the token woke it. */
final class Listener {
  private final CancellationToken token;
  private final AtomicInteger wakes = new AtomicInteger();
  private final Workers.Worker waiter;

  Listener(CancellationToken token) {
    this.token = token;
    token.onCancel(wakes::incrementAndGet);
    waiter = Workers.start(() -> assertTrue(token.await()));
    waiter.awaitBlocked();
  }

  void assertAsleep() {
    assertFalse(token.isCancelled());
    assertFalse(waiter.isDone());
    assertEquals(0, wakes.get());
  }

  void assertWokenOnce() throws Exception {
    assertTrue(token.isCancelled());
    waiter.finish();
    assertEquals(1, wakes.get());
  }
}
