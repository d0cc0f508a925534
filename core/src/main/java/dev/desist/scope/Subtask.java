package dev.desist.scope;

import dev.desist.CancellationReason;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Outcome;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One task of a {@link TaskScope}, made by {@link TaskScope#fork}. The word and the manner are
 * those of the JDK; what is added is that any thread may cancel it, abort it, wait for it, and ask
 * how it ended.
 *
 * <h2>Life cycle</h2>
 *
 * <p>A subtask waits for its thread, runs, and has ended. It ends without having run if it, or its
 * scope, is cancelled before. {@link #outcome()} is empty until it has ended, and then stays.
 *
 * <p>A task that was cancelled ends as {@link Outcome.Cancelled} if it threw the {@link
 * CancelledException} of its own token or scope, and, once it was aborted, if it threw an
 * interruption. With a value it is a {@linkplain Outcome.Success success} all the same, and with
 * any other exception a {@linkplain Outcome.Failure failure}. The {@code CancelledException} of any
 * other token, such as that of a scope which the task opened and cancelled itself, is a failure,
 * too.
 *
 * <table>
 *   <caption>The state in which a subtask ends</caption>
 *   <tr><th>The task</th><th>not cancelled</th><th>cancelled</th><th>aborted</th></tr>
 *   <tr><td>has not begun</td>
 *     <td></td><td>{@code CANCELLED}</td><td>{@code CANCELLED}</td></tr>
 *   <tr><td>gave a value</td>
 *     <td>{@code SUCCESS}</td><td>{@code SUCCESS}</td><td>{@code SUCCESS}</td></tr>
 *   <tr><td>threw the {@link CancelledException} of its own token, or of its scope's</td>
 *     <td></td><td>{@code CANCELLED}</td><td>{@code CANCELLED}</td></tr>
 *   <tr><td>threw what others had wrapped around that</td>
 *     <td></td><td>{@code CANCELLED}</td><td>{@code CANCELLED}</td></tr>
 *   <tr><td>threw an interruption</td>
 *     <td>{@code FAILED}</td><td>{@code FAILED}</td><td>{@code CANCELLED}</td></tr>
 *   <tr><td>threw the {@code CancelledException} of another token</td>
 *     <td>{@code FAILED}</td><td>{@code FAILED}</td><td>{@code FAILED}</td></tr>
 *   <tr><td>threw anything else</td>
 *     <td>{@code FAILED}</td><td>{@code FAILED}</td><td>{@code FAILED}</td></tr>
 * </table>
 *
 * <p>It makes no difference here whether a subtask was cancelled, or aborted, by itself or with its
 * scope.
 *
 * <h2>Thread safety and memory consistency effects</h2>
 *
 * <p>All methods may be called from any thread. What the task did <i>happens-before</i> what
 * another thread does after it saw an outcome, or after {@link #await()} returned.
 *
 * @param <T> what the task gives
 */
public sealed interface Subtask<T extends @Nullable Object> extends Supplier<T> permits Fork {
  /** The states of a subtask. */
  enum State {
    /** It has not ended. */
    UNAVAILABLE,
    /** It gave a value. */
    SUCCESS,
    /** It failed. */
    FAILED,
    /** It was cancelled, before it began or while it ran. */
    CANCELLED
  }

  /** {@return the name given to {@link TaskScope#fork}, else {@code "unnamed"}} */
  String name();

  /** {@return whether it has ended, and how} */
  State state();

  /** {@return how it ended; empty until then} */
  Optional<Outcome<T>> outcome();

  /**
   * {@return the value}
   *
   * @throws IllegalStateException if it has not ended or has no value
   */
  @Override
  T get();

  /**
   * {@return what the task threw}
   *
   * @throws IllegalStateException if it has not ended or has not failed
   */
  Throwable exception();

  /**
   * {@return the token that the task sees as the {@linkplain dev.desist.Cancellation#current()
   * current one}} It descends from the scope's, and is cancelled by {@link #cancel}, {@link
   * #abort}, and the end of the task. What callbacks throw that are left on it then goes to the
   * uncaught-exception handler of the subtask's thread.
   */
  CancellationToken token();

  /**
   * Cancels this subtask alone, with the reason "requested". If it has not begun, it never will. A
   * joiner that wants all subtasks to succeed stops its scope then, as after a failure.
   *
   * @return whether this call did it; false if it has ended or was cancelled before
   * @throws dev.desist.CancellationCallbackException if callbacks failed
   */
  default boolean cancel() {
    return cancel(CancellationReason.requested(((Fork<?>) this).title() + " was cancelled"));
  }

  /**
   * Cancels this subtask alone. If it has not begun, it never will.
   *
   * @param reason why
   * @return whether this call did it; false if it has ended or was cancelled before
   * @throws dev.desist.CancellationCallbackException if callbacks failed
   */
  boolean cancel(CancellationReason reason);

  /**
   * Cancels this subtask as {@link #cancel()} does, and also interrupts its thread if the task is
   * running: for tasks that block in calls which know interrupts and no tokens.
   *
   * <p>The interrupt is sent by a thread of this library, after this method may have returned, and
   * only while the task is running; a task that aborts itself is not interrupted, and one that has
   * a scope of its own hands it down to the subtasks of that. An interrupt closes a channel, and a
   * socket that a virtual thread reads from: {@link #cancel()} does not.
   *
   * @return whether this call cancelled it; it is interrupted also if another call did
   * @throws dev.desist.CancellationCallbackException if callbacks failed
   */
  default boolean abort() {
    return abort(CancellationReason.requested(((Fork<?>) this).title() + " was aborted"));
  }

  /**
   * Cancels this subtask and interrupts its thread, as {@link #abort()} does.
   *
   * @param reason why
   * @return whether this call cancelled it; it is interrupted also if another call did
   * @throws dev.desist.CancellationCallbackException if callbacks failed
   */
  boolean abort(CancellationReason reason);

  /**
   * Waits until the task has ended, its {@code finally} blocks included; or until {@code token}, or
   * the current one, is cancelled. With the token of the scope, for its owner to take what comes in
   * the order of the forks, and not to wait on when the scope is over. The joiner may be told a
   * moment later.
   *
   * @param token what may end the wait, beside the token that is current
   * @throws CancelledException if a token is or becomes cancelled, and the task has not ended
   * @throws IllegalStateException if the task itself waits
   * @throws InterruptedException if the thread was or is interrupted first
   */
  void await(CancellationToken token) throws InterruptedException;

  /**
   * Waits as {@link #await(CancellationToken)} does, but no longer than {@code timeout}.
   *
   * @param token what may end the wait, beside the token that is current
   * @param timeout zero only asks; longer than 146 years means for ever
   * @return whether it has ended
   * @throws CancelledException if a token is or becomes cancelled, and the task has not ended
   * @throws IllegalArgumentException if the timeout is negative
   * @throws IllegalStateException if the task itself waits
   * @throws InterruptedException if the thread was or is interrupted first
   */
  boolean await(CancellationToken token, Duration timeout) throws InterruptedException;

  /**
   * Waits until the task has ended, its {@code finally} blocks included. Obeys no token, not even
   * the current one, so that one can wait for the end of what one has aborted; an interrupt alone
   * ends the wait.
   *
   * @throws IllegalStateException if the task itself waits
   * @throws InterruptedException if the thread was or is interrupted first
   */
  void await() throws InterruptedException;

  /**
   * Waits as {@link #await()} does, but no longer than {@code timeout}.
   *
   * @param timeout zero only asks; longer than 146 years means for ever
   * @return whether it has ended
   * @throws IllegalArgumentException if the timeout is negative
   * @throws IllegalStateException if the task itself waits
   * @throws InterruptedException if the thread was or is interrupted first
   */
  boolean await(Duration timeout) throws InterruptedException;
}
