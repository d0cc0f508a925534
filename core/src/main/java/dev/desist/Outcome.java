package dev.desist;

import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * How a task ended, as data, for those who prefer to match rather than to catch: with a value, with
 * an exception of its own, or because it was cancelled. A task that was cancelled and gave a value
 * all the same is a success: completion beats cancellation.
 *
 * {@snippet class="dev.desist.snippets.OutcomeSnippets" region="match"}
 *
 * @param <T> what the task gives
 */
public sealed interface Outcome<T extends @Nullable Object> {
  /**
   * The task gave a value.
   *
   * @param <T> what the task gives
   * @param value what it gave
   */
  record Success<T extends @Nullable Object>(T value) implements Outcome<T> {}

  /**
   * The task failed in a way of its own.
   *
   * @param <T> what the task would have given
   * @param exception what it threw
   */
  record Failure<T extends @Nullable Object>(Throwable exception) implements Outcome<T> {
    /** Checks that the exception is there. */
    public Failure {
      Objects.requireNonNull(exception, "exception");
    }
  }

  /**
   * The task was cancelled, before it began or while it ran.
   *
   * @param <T> what the task would have given
   * @param reason why
   */
  record Cancelled<T extends @Nullable Object>(CancellationReason reason) implements Outcome<T> {
    /** Checks that the reason is there. */
    public Cancelled {
      Objects.requireNonNull(reason, "reason");
    }
  }

  /**
   * Calls {@code task} on the calling thread and tells how it ended: a {@link CancelledException},
   * whatever others have {@linkplain CancelledException#find wrapped} around it, is {@link
   * Cancelled} with its reason, any other exception but an interrupt is a {@link Failure}.
   *
   * <p>If it was cancelled because the current token was, the next checkpoint of the caller throws
   * again.
   *
   * @param <T> what the task gives
   * @param task what to call
   * @return how it ended
   * @throws InterruptedException if the task threw it: an interrupt is addressed to the thread, and
   *     is not the task's result
   */
  static <T extends @Nullable Object> Outcome<T> of(Callable<T> task) throws InterruptedException {
    Objects.requireNonNull(task, "task");
    try {
      return new Success<>(task.call());
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      return CancelledException.find(e)
          .<Outcome<T>>map(cancelled -> new Cancelled<>(cancelled.reason()))
          .orElseGet(() -> new Failure<>(e));
    }
  }
}
