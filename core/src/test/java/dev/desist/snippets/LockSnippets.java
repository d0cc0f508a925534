package dev.desist.snippets;

import dev.desist.CancellationToken;
import dev.desist.concurrent.Blocking;
import dev.desist.concurrent.Locks;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.function.BooleanSupplier;

final class LockSnippets {
  // @start region="lock"
  static void update(CancellationToken token, Lock lock, Runnable change)
      throws InterruptedException {
    Locks.lock(token, lock); // held from here on, or cancelled and not held
    try {
      change.run();
    } finally {
      lock.unlock();
    }
  }

  // @end

  // @start region="others"
  static void begin(
      CancellationToken token, CountDownLatch ready, Condition changed, BooleanSupplier isFree)
      throws InterruptedException {
    Blocking.interruptibly(token, () -> ready.await());
    while (!isFree.getAsBoolean()) {
      Blocking.interruptibly(token, () -> changed.await()); // the lock is held after this, too
    }
  }

  // @end

  private LockSnippets() {}
}
