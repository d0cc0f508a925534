package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationToken;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/** Work that goes on until its token is cancelled, and notes why that was. */
final class CancelledWork implements Callable<String> {
  /** Complete when the work has begun, with its token. */
  final CompletableFuture<CancellationToken> seen = new CompletableFuture<>();

  /** Complete when the work has noticed, with the reason. */
  final CompletableFuture<CancellationReason> told = new CompletableFuture<>();

  @Override
  public String call() throws InterruptedException {
    CancellationToken token = Cancellation.current();
    seen.complete(token);
    token.await();
    told.complete(token.reason().orElseThrow());
    token.throwIfCancelled();
    return "never";
  }

  void awaitBegin() {
    seen.join();
  }
}
