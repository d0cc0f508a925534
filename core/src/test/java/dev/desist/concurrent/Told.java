package dev.desist.concurrent;

import java.util.concurrent.CompletableFuture;

/**
 * Somebody else's future, which notes how it is cancelled, and on which thread.
 *
 * @param <T> what it gives
 */
class Told<T> extends CompletableFuture<T> {
  final CompletableFuture<Boolean> interrupting = new CompletableFuture<>();
  final CompletableFuture<Thread> canceller = new CompletableFuture<>();

  @Override
  public boolean cancel(boolean mayInterruptIfRunning) {
    boolean cancelled = super.cancel(mayInterruptIfRunning);
    canceller.complete(Thread.currentThread());
    interrupting.complete(mayInterruptIfRunning);
    return cancelled;
  }
}
