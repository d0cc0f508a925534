package dev.desist;

import dev.desist.internal.Ambient;
import dev.desist.internal.Lane;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A thread that waits for a token. */
final class Waiter implements Lane.Prompt {
  private final Thread thread = Thread.currentThread();
  private volatile boolean woken;

  private Waiter() {}

  @Override
  public void run() {
    woken = true;
    LockSupport.unpark(thread);
  }

  /**
   * Waits until {@code token} is cancelled, {@code condition} holds, or {@code deadline} passes.
   *
   * <p>The waiter is registered before it looks again and parks, under the lock of the token's
   * node, so that it sees the cancellation, or is woken by it (promise 6).
   */
  static void await(CancellationToken token, BooleanSupplier condition, Deadline deadline)
      throws InterruptedException {
    var waiter = new Waiter();
    CancellationRegistration registration = token.onCancel(waiter);
    try {
      while (!waiter.woken && !condition.getAsBoolean()) {
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
        if (deadline.isNone()) {
          LockSupport.park(token);
        } else if (deadline.isPassed()) {
          return;
        } else {
          deadline.time().parkUntil(token, deadline.nanoTime());
        }
      }
    } finally {
      registration.unregister();
    }
  }

  /** Tells the task that the running code is in, if {@code found} is its own cancellation. */
  static void noticed(Verdict found) {
    Ambient.Host host = Ambient.host();
    if (host != null && ((CancellationToken) host.token()).verdict() == found) {
      host.listened(Thread.currentThread());
    }
  }
}
