package dev.desist.scope;

import dev.desist.CancellationReason;
import dev.desist.internal.Foreign;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A join policy: what ends a {@link TaskScope} early, and what {@link TaskScope#join} gives. The
 * word and the manner are those of the JDK.
 *
 * <p>The factories cover the usual policies. To write one's own, implement {@link #onComplete} and
 * {@link #result}:
 *
 * {@snippet class="dev.desist.snippets.ScopeSnippets" region="joiner"}
 *
 * <p>A joiner collects the results of one scope, and is used for one scope only.
 *
 * <h2>Which thread runs what</h2>
 *
 * <p>{@link #onFork} is called by the thread that forks, {@link #onComplete} by the thread of the
 * subtask that ended or, if that never started, by the one that cancelled it, or by the owner in
 * join or close, several at once; so both must be thread-safe. No lock of this library is held
 * meanwhile. {@link #result} is called at most once, by the owner of the scope, after the last call
 * of {@link #onComplete} for the subtasks that it is to look at: after all of them have ended, or
 * after one call has returned true. If a joiner throws, the scope is cancelled; see the methods.
 * {@link #onComplete} does not run under the subtask's token, which is cancelled by then: what is
 * current there is what its thread has, by default {@link dev.desist.CancellationToken#none() none}
 * and the system's time.
 *
 * @apiNote A lambda without parameters is a joiner, too: it waits for all, whatever becomes of
 *     them, and gives what the lambda returns. The type of the values is not inferred from what is
 *     forked later: write {@code TaskScope.open(Joiner.<String>allSuccessfulOrThrow())}.
 * @param <T> what the subtasks give
 * @param <R> what join gives
 */
public interface Joiner<T extends @Nullable Object, R extends @Nullable Object> {
  /**
   * Called for each subtask that is forked, before it starts; also if that does not start because
   * the scope is cancelled, unless join has ended by then. What it throws leaves {@link
   * TaskScope#fork}, and the subtask does not start.
   *
   * @param subtask the subtask
   * @return true to stop the scope: this subtask and further ones do not start, those that run are
   *     cancelled
   */
  default boolean onFork(Subtask<? extends T> subtask) {
    return false;
  }

  /**
   * Called after a subtask has ended, unless the scope was stopped before by another call, or was
   * cancelled before the subtask was forked: so also while {@link TaskScope#close} waits for it,
   * and after that, if it was left behind. If it throws while join waits, the scope is cancelled
   * and {@link TaskScope#join} throws an {@link IllegalStateException} with that as its cause.
   *
   * @param subtask the subtask, which has an outcome
   * @return true to stop the scope: further subtasks do not start, those that run are cancelled
   */
  default boolean onComplete(Subtask<? extends T> subtask) {
    return false;
  }

  /**
   * {@return the reason with which the other subtasks are cancelled, after {@link #onComplete} or
   * {@link #onFork} returned true}
   *
   * @param subtask what it was called with: if that failed or was cancelled, the others are told
   *     "sibling failed", else "race lost"
   */
  default CancellationReason reason(Subtask<? extends T> subtask) {
    String name = ((Fork<?>) subtask).title();
    return switch (subtask.state()) {
      case FAILED ->
          CancellationReason.siblingFailed(
              name + " failed with " + Foreign.describe(subtask.exception()));
      case CANCELLED -> CancellationReason.siblingFailed(name + " was cancelled");
      case SUCCESS -> CancellationReason.raceLost("the result of " + name + " was enough");
      case UNAVAILABLE -> CancellationReason.raceLost("no more subtasks were wanted");
    };
  }

  /**
   * {@return what join gives}
   *
   * @throws Exception what makes join fail: join throws an {@link ExecutionException} as it is, and
   *     any other as the cause of one
   */
  R result() throws Exception;

  /**
   * {@return all must succeed: stops at the first that does not; join gives null}
   *
   * <p>What {@link TaskScope#open()} uses. Keeps nothing of subtasks that succeeded, so a scope may
   * fork for as long as it likes.
   *
   * @param <T> what the subtasks give
   */
  static <T extends @Nullable Object> Joiner<T, @Nullable Void> awaitAllSuccessfulOrThrow() {
    return new Joiners.AwaitAllSuccessful<>();
  }

  /**
   * {@return all must succeed: stops at the first that does not; join gives the values in the order
   * of the forks}
   *
   * @param <T> what the subtasks give
   */
  static <T extends @Nullable Object> Joiner<T, List<T>> allSuccessfulOrThrow() {
    return new Joiners.AllSuccessful<>();
  }

  /**
   * {@return one must succeed: stops at the first that does; join gives its value}
   *
   * <p>If none succeeds, join throws an {@link ExecutionException} whose cause is the first
   * failure, with the others suppressed, up to a hundred; if nothing was forked, the cause is a
   * {@link java.util.NoSuchElementException}.
   *
   * @param <T> what the subtasks give
   */
  static <T extends @Nullable Object> Joiner<T, T> anySuccessfulOrThrow() {
    return new Joiners.AnySuccessful<>();
  }

  /**
   * {@return {@code count} must succeed: stops when they have; join gives their values in the order
   * in which they came}
   *
   * <p>If fewer succeed, join throws an {@link ExecutionException} whose cause is the first
   * failure, with the others suppressed, up to a hundred. If fewer were forked, the cause is an
   * {@link IllegalStateException} that says how many, and the failures are suppressed in that.
   *
   * @param <T> what the subtasks give
   * @param count how many; zero is enough from the start
   * @throws IllegalArgumentException if it is negative
   */
  static <T extends @Nullable Object> Joiner<T, List<T>> atLeastSuccessfulOrThrow(int count) {
    return new Joiners.AtLeast<>(count);
  }

  /**
   * {@return waits for all, whatever becomes of them; join gives null}
   *
   * <p>Keeps nothing of subtasks that ended, so a scope may fork for as long as it likes.
   *
   * @param <T> what the subtasks give
   */
  static <T extends @Nullable Object> Joiner<T, @Nullable Void> awaitAll() {
    return new Joiners.AwaitAll<>();
  }

  /**
   * {@return stops when {@code enough} says so; join gives all subtasks in the order of the forks,
   * those cut short too}
   *
   * <p>With {@code _ -> false} it waits for all, and gives them whatever has become of them.
   *
   * @param <T> what the subtasks give
   * @param enough asked after each subtask that ended, by several threads at once
   */
  static <T extends @Nullable Object> Joiner<T, List<Subtask<T>>> allUntil(
      Predicate<? super Subtask<? extends T>> enough) {
    return new Joiners.AllUntil<>(enough);
  }
}
