package dev.desist.scope;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.Deadline;
import dev.desist.Outcome;
import dev.desist.Task;
import dev.desist.internal.Foreign;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One task with a timeout, for {@link Tasks}. The task sees a cancellation, and whoever set the
 * timeout gets a timeout (promise 16).
 */
final class Limited {
  private Limited() {}

  /** On the calling thread. */
  static <T extends @Nullable Object, X extends Exception> T call(
      CancellationToken outer, @Nullable String name, Duration timeout, Task<T, X> task)
      throws X, ExecutionException, TimeoutException {
    Objects.requireNonNull(task, "task");
    Deadline deadline = Deadline.after(timeout);
    CancellationSource source =
        name == null ? outer.childWithDeadline(deadline) : outer.childWithDeadline(name, deadline);
    CancellationToken token = source.token();
    try (source) {
      return Cancellation.call(token, task);
    } catch (Throwable e) { // an error too may be what a layer made of it
      TimeoutException timedOut = token.caused(e) ? timeout(token, deadline, e) : null;
      if (timedOut != null) {
        throw timedOut;
      }
      if (e instanceof TimeoutException) {
        throw new ExecutionException("the task itself timed out: " + Foreign.message(e), e);
      }
      throw e;
    }
  }

  /**
   * The timeout for whoever set {@code deadline}, if that is what cancelled {@code token}.
   *
   * @param token cancelled; of the source that was given the deadline
   * @param thrown what it had thrown
   * @return null if something else did, be it a source further out with the same deadline
   */
  static @Nullable TimeoutException timeout(
      CancellationToken token, Deadline deadline, Throwable thrown) {
    if (token.reason().orElseThrow() instanceof CancellationReason.DeadlineExceeded exceeded
        && exceeded.deadline() == deadline
        && token.path().size() == 1) {
      var timedOut = new TimeoutException(exceeded.message());
      timedOut.initCause(thrown);
      return timedOut;
    }
    return null;
  }

  /** On the calling thread, or in a scope, if one is configured. */
  static <T extends @Nullable Object, X extends Exception> T call(
      CancellationToken outer, Duration timeout, Task<T, X> task, Tasks.Configuration<T> how)
      throws X, ExecutionException, InterruptedException, TimeoutException {
    Objects.requireNonNull(timeout, "timeout");
    Objects.requireNonNull(task, "task");
    if (!how.isScoped()) {
      return call(outer, how.settings().name(), timeout, task);
    }
    try {
      return Contest.<T>hold(outer, 1, List.of(task), how.limitedTo(timeout)).getFirst();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case TimeoutException _ -> throw e;
        case Exception own -> throw Foreign.<X>undeclared(own); // it was declared: the task's
        case Error own -> throw own;
        case null, default -> throw e;
      }
    }
  }

  static <T extends @Nullable Object, X extends Exception> T callOr(
      CancellationToken outer, Duration timeout, Task<T, X> task, Supplier<? extends T> fallback)
      throws X, ExecutionException {
    Objects.requireNonNull(fallback, "fallback");
    try {
      return call(outer, null, timeout, task);
    } catch (TimeoutException e) {
      return fallback.get();
    }
  }

  static <T extends @Nullable Object> Outcome<T> outcome(
      CancellationToken outer, Duration timeout, Callable<T> task) throws InterruptedException {
    Objects.requireNonNull(task, "task");
    Deadline deadline = Deadline.after(timeout);
    try (CancellationSource limited = outer.childWithDeadline(deadline)) {
      CancellationToken token = limited.token();
      try {
        return new Outcome.Success<>(Cancellation.call(token, task));
      } catch (InterruptedException e) {
        throw e;
      } catch (Throwable e) {
        if (token.caused(e)) {
          return new Outcome.Cancelled<>(token.reason().orElseThrow());
        }
        if (e instanceof Error error) {
          throw error;
        }
        return new Outcome.Failure<>(e);
      }
    }
  }
}
