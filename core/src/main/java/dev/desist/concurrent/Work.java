package dev.desist.concurrent;

import static java.lang.System.Logger.Level.DEBUG;

import dev.desist.Cancellation;
import dev.desist.CancellationCallbackException;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.TimeSource;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** What futures and slots have in common: how the work of others is run and stopped. */
final class Work {
  private static final System.Logger LOG = System.getLogger("dev.desist");

  private Work() {}

  /** {@return a callable that calls {@code task} under {@code token}, with the time bound here} */
  static <T extends @Nullable Object> Callable<T> under(CancellationToken token, Callable<T> task) {
    TimeSource time = TimeSource.current();
    return () -> TimeSource.callWith(time, () -> Cancellation.call(token, task));
  }

  /** {@return a task that runs {@code task} under {@code token}, with the time bound here} */
  static Runnable under(CancellationToken token, Runnable task) {
    TimeSource time = TimeSource.current();
    return () -> {
      try {
        TimeSource.callWith(
            time,
            () -> {
              Cancellation.run(token, task);
              return true;
            });
      } catch (RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new AssertionError("a runnable threw a checked exception", e);
      }
    };
  }

  /**
   * Cancels without running anybody's callbacks on this thread, which may be a timer's or a UI's.
   */
  static void cancel(CancellationSource source, CancellationReason reason) {
    var _ =
        source
            .cancelAsync(reason)
            .exceptionally(
                failure -> {
                  report(unwrapped(failure));
                  return false;
                });
  }

  /** Ends a source whose work is done; callbacks that the work left behind run now. */
  static void close(CancellationSource source) {
    try {
      source.close();
    } catch (CancellationCallbackException e) {
      report(e);
    }
  }

  /** Calls what a user gave us where a failure of it has nobody to go to. */
  static void guarded(Runnable callback) {
    try {
      callback.run();
    } catch (Throwable e) {
      report(e);
    }
  }

  private static void report(Throwable failure) {
    Thread thread = Thread.currentThread();
    thread.getUncaughtExceptionHandler().uncaughtException(thread, failure);
  }

  /** Notes a failure that came after its work had been cancelled, unless it is the cancellation. */
  static void noteLate(CancellationToken token, Throwable failure) {
    if (!(failure instanceof CancelledException)) {
      LOG.log(DEBUG, "failed after it was cancelled: " + token, failure);
    }
  }

  /** What went wrong, without what a stage wraps around it. */
  static Throwable unwrapped(Throwable failure) {
    return failure instanceof CompletionException && failure.getCause() != null
        ? Objects.requireNonNull(failure.getCause())
        : failure;
  }
}
