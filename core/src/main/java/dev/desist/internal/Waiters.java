package dev.desist.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** Threads that wait until something has changed. */
public final class Waiters {
  /*
   * Whoever waits enters before it looks whether it must; whoever changes something does so before
   * it looks who is in here. So none is forgotten.
   *
   * The monitor is held for a few steps, and no user code runs under it (promise 8): a thread is
   * found by identity, since its class may be a user's, with an equals of its own. Waking allocates
   * nothing.
   */

  /** How a thread waits: it looks, and parks while it must. */
  @FunctionalInterface
  public interface Wait {
    /** Returns, or throws, when it need not wait any more. */
    void await() throws InterruptedException;
  }

  /** Guarded by this. */
  private final List<Thread> waiting = new ArrayList<>(1);

  /** How many they are; written under the monitor. */
  private volatile int count;

  /**
   * Waits.
   *
   * @throws InterruptedException if the wait did
   */
  public void await(Wait wait) throws InterruptedException {
    Thread self = Thread.currentThread();
    Stack.reserve();
    synchronized (this) {
      waiting.add(self);
      count = waiting.size();
    }
    try {
      wait.await();
    } finally {
      leave(self);
    }
  }

  private synchronized void leave(Thread self) {
    int i = 0;
    while (waiting.get(i) != self) {
      i++;
    }
    Thread _ = waiting.remove(i);
    count = waiting.size();
  }

  /** Has all who wait look again. */
  public void wake() {
    if (count > 0) {
      wakeAll();
    }
  }

  private synchronized void wakeAll() {
    for (int i = 0; i < waiting.size(); i++) {
      LockSupport.unpark(waiting.get(i));
    }
  }

  /** How many wait. */
  public int count() {
    return count;
  }
}
