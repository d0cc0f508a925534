package dev.desist.stream;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.internal.Foreign;
import dev.desist.internal.Stack;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Spliterator;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a function gives, call by call, until it gives null or a token is cancelled. Never splits:
 * that would read ahead.
 *
 * @param <T> what the items are
 */
final class Calls<T> implements Spliterator<T> {
  private final UntilCancelled until;
  private final Callable<? extends @Nullable T> function;
  private boolean ended;

  /** The current token of the last call's caller, and what was bound for the function. */
  private @Nullable CancellationToken outer;

  private CancellationToken bound;

  Calls(UntilCancelled until, Callable<? extends @Nullable T> function) {
    this.until = until;
    this.function = function;
    this.bound = until.token();
  }

  @Override
  public boolean tryAdvance(Consumer<? super T> action) {
    if (ended) {
      return false;
    }
    Stack.reserve(); // what the function gives is handed over
    T item = until.token().isCancelled() && until.end() ? null : next();
    if (item == null) {
      ended = true;
      return false;
    }
    action.accept(item);
    return true;
  }

  private @Nullable T next() {
    try {
      return call();
    } catch (Exception e) {
      if (until.token().caused(e)) {
        if (until.isThrowing()) {
          throw e instanceof CancelledException own
              ? own
              : new CancelledException(until.token(), e);
        }
        return null;
      }
      throw unchecked(e);
    }
  }

  private @Nullable T call() throws Exception {
    CancellationToken current = Cancellation.current();
    if (current != outer) {
      outer = current;
      bound = Cancellation.currentWith(until.token()); // linked once, not each time
    }
    return bound == current ? function.call() : Cancellation.call(bound, function::call);
  }

  private static RuntimeException unchecked(Exception e) {
    return switch (e) {
      case RuntimeException unchecked -> unchecked;
      case IOException failed -> new UncheckedIOException(Foreign.describe(failed), failed);
      case InterruptedException interrupted -> {
        Thread.currentThread().interrupt();
        var reason = CancellationReason.interrupted("the wait for the next item was interrupted");
        yield new CancelledException(CancellationToken.cancelled(reason), interrupted);
      }
      default -> new CompletionException(Foreign.describe(e), e);
    };
  }

  @Override
  public @Nullable Spliterator<T> trySplit() {
    return null;
  }

  @Override
  public long estimateSize() {
    return Long.MAX_VALUE;
  }

  @Override
  public int characteristics() {
    return ORDERED | NONNULL;
  }
}
