package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Somebody else's future under a token: ends as it does, and is one with it when cancelled. */
final class FutureView<T extends @Nullable Object> extends LinkedFuture<T> {
  private final CancellationToken token;
  private final CompletableFuture<T> original;
  private final CancellationRegistration registration;

  FutureView(CancellationToken token, CompletableFuture<T> original) {
    // Completion beats cancellation: of a future that is complete, nothing can be cancelled.
    this.token = original.isDone() ? CancellationToken.none() : token;
    this.original = original;
    this.registration = this.token.onCancel(Cancellation.dispatcher(), this::cancelOriginal);
    var _ = original.whenComplete(this::relay);
  }

  private void cancelOriginal() {
    original.cancel(true);
    if (!original.isDone()) {
      fail(new CancelledException(token)); // it does not listen
    }
  }

  private void relay(T value, @Nullable Throwable failure) {
    registration.unregister();
    if (failure == null) {
      succeed(value);
    } else if (Work.unwrapped(failure) instanceof CancellationException && token.isCancelled()) {
      fail(new CancelledException(token, failure));
    } else {
      fail(failure);
    }
  }

  @Override
  void stop(CancellationReason reason) {
    registration.unregister();
    if (!original.isDone()) {
      Cancellation.dispatcher().execute(() -> original.cancel(true));
    }
  }
}
