package dev.desist.snippets;

import dev.desist.CancellationToken;
import dev.desist.concurrent.Locks;
import java.util.concurrent.locks.Lock;

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

  private LockSnippets() {}
}
