package dev.desist.concurrent;

import dev.desist.Cancellation;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The second half of a composing stage ({@code thenCompose} …): the future that its function makes,
 * and that must be reached when the stage is ended by another hand.
 *
 * <p>What is cancelled is a copy of that future. It is the future's own affair what this means to
 * it: one of ours ends if nothing else hangs on it, one of the HTTP client aborts its exchange, and
 * a plain one, which may be shared, goes on.
 */
final class Composition<U extends @Nullable Object> {
  /*
   * stop() writes `stopped` and then reads `made`; the function's thread writes `made` and then reads `stopped`. Both are
   * volatile: at least one of the two sees the other.
   */
  private volatile boolean stopped;
  private volatile @Nullable CompletableFuture<U> made;

  /** {@return {@code function}, with what it makes noted here} */
  <A extends @Nullable Object> Function<A, CompletionStage<U>> noting(
      Function<? super A, ? extends CompletionStage<U>> function) {
    return argument -> {
      CompletableFuture<U> copy = function.apply(argument).toCompletableFuture().copy();
      made = copy;
      if (stopped) {
        cancel();
      }
      return copy;
    };
  }

  void stop() {
    stopped = true;
    cancel();
  }

  private void cancel() {
    CompletableFuture<U> future = made;
    if (future != null && !future.isDone()) {
      Cancellation.dispatcher().execute(() -> future.cancel(true));
    }
  }
}
