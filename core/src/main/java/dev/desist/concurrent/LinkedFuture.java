package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RunnableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A future that stands for work under a token of its own, and reaches it: whoever completes the
 * future from outside, cancels it, or does so to a future made from it, cancels that token.
 *
 * <p>Futures made from it share its source. What completes them in the ordinary way, from the stage
 * before, does not pass through the methods overridden here.
 *
 * @param <T> what the work gives
 */
class LinkedFuture<T extends @Nullable Object> extends CompletableFuture<T> {
  private final CancellationSource source;

  LinkedFuture(CancellationSource source) {
    this.source = source;
  }

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> newIncompleteFuture() {
    return new LinkedFuture<>(source);
  }

  final CancellationToken token() {
    return source.token();
  }

  // ---- from outside ----

  @Override
  public boolean cancel(boolean mayInterruptIfRunning) {
    if (isDone()) {
      return isCancelled();
    }
    try {
      source.cancel("its future was cancelled");
    } finally {
      super.completeExceptionally(new CancelledException(token()));
    }
    return isCancelled();
  }

  @Override
  public boolean completeExceptionally(Throwable failure) {
    boolean first = super.completeExceptionally(failure);
    if (first) {
      stop(
          failure instanceof TimeoutException
              ? "its future timed out"
              : "its future was completed from outside, with " + failure);
    }
    return first;
  }

  @Override
  public boolean complete(T value) {
    boolean first = super.complete(value);
    if (first) {
      stop("its future was completed from outside");
    }
    return first;
  }

  /** Runs no callbacks on the calling thread, which may be the JDK's own timer. */
  private void stop(String message) {
    var _ =
        source
            .cancelAsync(CancellationReason.requested(message))
            .exceptionally(
                failure -> {
                  Thread thread = Thread.currentThread();
                  thread.getUncaughtExceptionHandler().uncaughtException(thread, failure);
                  return true;
                });
  }

  // ---- waiting ----

  @Override
  public T get() throws InterruptedException, ExecutionException {
    try {
      return super.get();
    } catch (CancellationException e) {
      throw unwrap(e);
    }
  }

  @Override
  public T get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    try {
      return super.get(timeout, unit);
    } catch (CancellationException e) {
      throw unwrap(e);
    }
  }

  @Override
  public T join() {
    try {
      return super.join();
    } catch (CancellationException e) {
      throw unwrap(e);
    }
  }

  /** Our exception with its reason, which the JDK's methods wrap. */
  static CancellationException unwrap(CancellationException e) {
    return CancelledException.unwrap(e) instanceof CancelledException cancelled ? cancelled : e;
  }

  // ---- from the work ----

  /** The work has ended: with a failure, or else with a value. */
  final void end(T value, @Nullable Throwable failure) {
    if (failure == null) {
      super.complete(value);
    } else {
      super.completeExceptionally(failure);
    }
    source.close();
  }

  /** The token was cancelled before the work had ended; if this future is done, it stays so. */
  final void endCancelled() {
    super.completeExceptionally(new CancelledException(token()));
  }

  /**
   * Work that is started by whoever runs this, once, unless its token is cancelled before.
   *
   * @param <T> what the work gives
   */
  static final class Task<T extends @Nullable Object> extends LinkedFuture<T>
      implements RunnableFuture<T> {
    /** The work, until somebody has claimed it: who runs it, or who cancels it before that. */
    private final AtomicReference<@Nullable Callable<? extends T>> work;

    private final CancellationRegistration unstarted;

    Task(CancellationToken parent, Callable<? extends T> work) {
      super(parent.child());
      this.work = new AtomicReference<>(work);
      this.unstarted = token().onCancel(Cancellation.dispatcher(), this::cancelUnstarted);
    }

    /**
     * Has {@code executor} run this, unless the token is cancelled: then it is done, or soon is.
     */
    void startOn(Executor executor) {
      if (token().isCancelled()) {
        return;
      }
      try {
        executor.execute(this);
      } catch (Throwable e) {
        fail(e);
        throw e;
      }
    }

    /** Takes the work away and completes the future, if it has not begun. */
    private void cancelUnstarted() {
      if (work.getAndSet(null) != null) {
        endCancelled();
      }
    }

    @Override
    public void run() {
      Callable<? extends T> mine = work.getAndSet(null);
      if (mine == null) {
        return;
      }
      unstarted.unregister();
      if (token().isCancelled()) {
        endCancelled();
        return;
      }
      T value;
      try {
        value = Cancellation.call(token(), mine::call);
      } catch (Throwable e) {
        fail(e);
        return;
      }
      end(value, null);
    }

    /** Ends this future with a failure, of the work or of whoever was to run it. */
    @SuppressWarnings("NullAway") // there is no value beside a failure
    void fail(Throwable failure) {
      work.set(null);
      unstarted.unregister();
      end(null, failure);
    }
  }
}
