package dev.desist.scope;

import dev.desist.Action;
import dev.desist.Cancellation;
import dev.desist.CancellationCallbackException;
import dev.desist.CancellationReason;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Deadline;
import dev.desist.Task;
import dev.desist.TimeSource;
import dev.desist.internal.Stack;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A block whose tasks end before it does: opened in a try-with-resources statement, forked into,
 * joined, closed. In the words and the manner of the JDK's {@code StructuredTaskScope}; what is
 * added is that a scope and its subtasks can be cancelled from any thread, that they are cancelled
 * by token and not by interrupt, and that a deaf subtask need not hold the scope for ever.
 *
 * {@snippet class="dev.desist.snippets.ScopeSnippets" region="scope"}
 *
 * <h2>Life cycle</h2>
 *
 * <ol>
 *   <li>A scope is {@linkplain #open(CancellationToken, Joiner) opened} by the thread that will own
 *       it. Its {@link #token()} descends from the token that is given, and from the one that is
 *       current there, with their deadlines.
 *   <li>{@link #fork} starts a subtask on a thread of its own, a virtual one by default, with a
 *       token that descends from the scope's as its current one.
 *   <li>{@link #join} waits, as its {@link Joiner} says, and gives the result. A scope that is to
 *       fork is to be joined, once.
 *   <li>{@link #close} cancels what still runs, and waits for it; how long, is up to the {@link
 *       Grace}.
 * </ol>
 *
 * <h2>Cancellation</h2>
 *
 * <p>A scope is cancelled when its joiner stops it, when its timeout passes, when the token above
 * it is cancelled, by {@link #cancel} or {@link #abort} from any thread, and by {@link #close}.
 * From then on nothing starts: a subtask that waits for its thread never runs, and {@link #fork}
 * gives one that is cancelled already, without a thread. Subtasks that run see their token
 * cancelled; they are interrupted only by {@link #abort}, by a {@link Grace} that says so, and if
 * the owner itself is interrupted while it joins or closes.
 *
 * <p>The body of the block runs on the owner's thread, where the outer token stays the current one:
 * pass {@link #token()} to what the body itself calls, if it is to stop with the scope.
 *
 * <p>Of what is bound to the owner's thread, subtasks have the current token and the {@link
 * TimeSource}. Other scoped values are not inherited, as they are by the JDK's scope: bind them in
 * the task.
 *
 * <h2>Thread safety</h2>
 *
 * <p>{@link #join} and {@link #close} are for the owner alone, and so is {@link #fork} unless
 * {@link Configuration#withSharedForking()} was set. All other methods may be called from any
 * thread. No lock of this library is held while user code runs.
 *
 * <h2>Memory consistency effects</h2>
 *
 * <p>What the forking thread did before {@link #fork} <i>happens-before</i> the task; what a task
 * did <i>happens-before</i> the return of {@link #join}, if it waited for it, and of {@link
 * #close}, unless it left it behind.
 *
 * <h2>General exceptions</h2>
 *
 * <p>A null argument gives a {@link NullPointerException} that names the parameter.
 *
 * @param <T> what the subtasks give
 * @param <R> what {@link #join} gives
 */
public final class TaskScope<T extends @Nullable Object, R extends @Nullable Object>
    extends Lifecycle<T, R> implements AutoCloseable {
  // Longer than other files, since it is the API: four lines of five are documentation, and each
  // form has its twin. What is done is in Lifecycle and Forking.

  TaskScope(CancellationToken outer, Joiner<? super T, ? extends R> joiner, Settings settings) {
    super(outer, joiner, settings);
  }

  /**
   * {@return a new scope, owned by the calling thread, all of whose subtasks must succeed} Join
   * gives null.
   *
   * @param <T> what the subtasks give
   * @param token what the scope is to obey, beside the token that is current
   */
  public static <T extends @Nullable Object> TaskScope<T, @Nullable Void> open(
      CancellationToken token) {
    return open(token, Joiner.awaitAllSuccessfulOrThrow());
  }

  /**
   * {@return as {@link #open(CancellationToken)}, under the current token}
   *
   * @param <T> what the subtasks give
   */
  public static <T extends @Nullable Object> TaskScope<T, @Nullable Void> open() {
    return open(Joiner.awaitAllSuccessfulOrThrow());
  }

  /**
   * {@return a new scope, owned by the calling thread}
   *
   * @param <T> what the subtasks give
   * @param <R> what join gives
   * @param token what the scope is to obey, beside the token that is current
   * @param joiner what ends the scope early, and what join gives; a new one for each scope
   */
  public static <T extends @Nullable Object, R extends @Nullable Object> TaskScope<T, R> open(
      CancellationToken token, Joiner<? super T, ? extends R> joiner) {
    Objects.requireNonNull(joiner, "joiner");
    return new TaskScope<>(Cancellation.currentWith(token), joiner, Settings.DEFAULT);
  }

  /**
   * {@return as {@link #open(CancellationToken, Joiner)}, under the current token}
   *
   * @param <T> what the subtasks give
   * @param <R> what join gives
   * @param joiner what ends the scope early, and what join gives; a new one for each scope
   */
  public static <T extends @Nullable Object, R extends @Nullable Object> TaskScope<T, R> open(
      Joiner<? super T, ? extends R> joiner) {
    Objects.requireNonNull(joiner, "joiner");
    return new TaskScope<>(Cancellation.current(), joiner, Settings.DEFAULT);
  }

  /**
   * {@return as {@link #open(CancellationToken)}, configured}
   *
   * @param <T> what the subtasks give
   * @param token what the scope is to obey, beside the token that is current
   * @param configure makes the configuration from the default one
   */
  public static <T extends @Nullable Object> TaskScope<T, @Nullable Void> open(
      CancellationToken token, UnaryOperator<Configuration> configure) {
    return open(token, Joiner.awaitAllSuccessfulOrThrow(), configure);
  }

  /**
   * {@return as {@link #open(CancellationToken)}, under the current token, configured}
   *
   * @param <T> what the subtasks give
   * @param configure makes the configuration from the default one
   */
  public static <T extends @Nullable Object> TaskScope<T, @Nullable Void> open(
      UnaryOperator<Configuration> configure) {
    return open(Joiner.awaitAllSuccessfulOrThrow(), configure);
  }

  /**
   * {@return as {@link #open(CancellationToken, Joiner)}, configured}
   *
   * @param <T> what the subtasks give
   * @param <R> what join gives
   * @param token what the scope is to obey, beside the token that is current
   * @param joiner what ends the scope early, and what join gives; a new one for each scope
   * @param configure makes the configuration from the default one
   */
  public static <T extends @Nullable Object, R extends @Nullable Object> TaskScope<T, R> open(
      CancellationToken token,
      Joiner<? super T, ? extends R> joiner,
      UnaryOperator<Configuration> configure) {
    Objects.requireNonNull(joiner, "joiner");
    Settings settings = Configuration.of(Settings.DEFAULT, configure);
    return new TaskScope<>(Cancellation.currentWith(token), joiner, settings);
  }

  /**
   * {@return as {@link #open(CancellationToken, Joiner)}, under the current token, configured}
   *
   * @param <T> what the subtasks give
   * @param <R> what join gives
   * @param joiner what ends the scope early, and what join gives; a new one for each scope
   * @param configure makes the configuration from the default one
   */
  public static <T extends @Nullable Object, R extends @Nullable Object> TaskScope<T, R> open(
      Joiner<? super T, ? extends R> joiner, UnaryOperator<Configuration> configure) {
    Objects.requireNonNull(joiner, "joiner");
    Settings settings = Configuration.of(Settings.DEFAULT, configure);
    return new TaskScope<>(Cancellation.current(), joiner, settings);
  }

  /** {@return the token of this scope, from which those of its subtasks descend} */
  @Override
  public CancellationToken token() {
    return super.token();
  }

  // ---- forking ----

  /**
   * Starts {@code task} on a thread of its own. If this scope is cancelled, it does not start, no
   * thread is made, and the subtask is cancelled already.
   *
   * @param <U> what the task gives
   * @param task what to call
   * @return the subtask
   * @throws WrongThreadException if the calling thread does not own this scope, and forking is not
   *     shared
   * @throws IllegalStateException if this scope has been joined or closed
   * @throws RejectedExecutionException if the thread factory gave no thread, or if too many tasks
   *     of this name were left behind and go on: see {@link Grace#withLimit}
   */
  public <U extends T> Subtask<U> fork(Callable<? extends U> task) {
    Objects.requireNonNull(task, "task");
    return begin(new Fork<U>(this, null, task));
  }

  /**
   * Starts {@code task} on a thread of its own, as {@link #fork(Callable)} does.
   *
   * @param <U> what the task gives
   * @param name what messages, paths and reports call it
   * @param task what to call
   * @return the subtask
   * @throws WrongThreadException as {@link #fork(Callable)}
   * @throws IllegalStateException as {@link #fork(Callable)}
   * @throws RejectedExecutionException as {@link #fork(Callable)}
   */
  public <U extends T> Subtask<U> fork(String name, Callable<? extends U> task) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(task, "task");
    return begin(new Fork<U>(this, name, task));
  }

  /**
   * Starts {@code task} on a thread of its own, as {@link #fork(Callable)} does.
   *
   * @param <U> what the task gives
   * @param task what to call
   * @return the subtask
   * @throws WrongThreadException as {@link #fork(Callable)}
   * @throws IllegalStateException as {@link #fork(Callable)}
   * @throws RejectedExecutionException as {@link #fork(Callable)}
   */
  public <U extends T> Subtask<U> fork(Task<? extends U, ?> task) {
    Callable<? extends U> called = task;
    return fork(called);
  }

  /**
   * Starts {@code task} on a thread of its own, as {@link #fork(Callable)} does.
   *
   * @param <U> what the task gives
   * @param name what messages, paths and reports call it
   * @param task what to call
   * @return the subtask
   * @throws WrongThreadException as {@link #fork(Callable)}
   * @throws IllegalStateException as {@link #fork(Callable)}
   * @throws RejectedExecutionException as {@link #fork(Callable)}
   */
  public <U extends T> Subtask<U> fork(String name, Task<? extends U, ?> task) {
    Callable<? extends U> called = task;
    return fork(name, called);
  }

  /**
   * Starts {@code task} on a thread of its own, as {@link #fork(Callable)} does. Its value is null.
   *
   * @param <U> what the subtask gives, which is null
   * @param task what to do
   * @return the subtask
   * @throws WrongThreadException as {@link #fork(Callable)}
   * @throws IllegalStateException as {@link #fork(Callable)}
   * @throws RejectedExecutionException as {@link #fork(Callable)}
   */
  public <U extends T> Subtask<@Nullable U> fork(Action<?> task) {
    Objects.requireNonNull(task, "task");
    return begin(Fork.<U>of(this, null, task));
  }

  /**
   * Starts {@code task} on a thread of its own, as {@link #fork(Callable)} does. Its value is null.
   *
   * @param <U> what the subtask gives, which is null
   * @param name what messages, paths and reports call it
   * @param task what to do
   * @return the subtask
   * @throws WrongThreadException as {@link #fork(Callable)}
   * @throws IllegalStateException as {@link #fork(Callable)}
   * @throws RejectedExecutionException as {@link #fork(Callable)}
   */
  public <U extends T> Subtask<@Nullable U> fork(String name, Action<?> task) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(task, "task");
    return begin(Fork.<U>of(this, name, task));
  }

  // ---- joining ----

  /**
   * Waits until all subtasks have ended, or this scope is cancelled, and gives what the joiner
   * makes of it. If this scope is cancelled, it does not wait for the subtasks to notice: {@link
   * #close} does.
   *
   * <p>If everything had ended when a cancellation came, the cancellation is of no consequence.
   * Failures beside the one that is thrown are suppressed in it, also those of subtasks that fail
   * on being cancelled; of these it can be asked after {@link #close}. If join throws nothing,
   * {@link #close} logs them, at debug level, by the {@link System.Logger} named {@code
   * dev.desist}.
   *
   * @return the joiner's result
   * @throws ExecutionException if the joiner's result is a failure, such as that of a subtask
   * @throws TimeoutException if this scope's own timeout has passed; the message names the scope,
   *     and the cause is the {@link CancelledException} that the subtasks see
   * @throws CancelledException if this scope was cancelled in any other way than by its joiner
   * @throws InterruptedException if the thread was or is interrupted while it waits; join may be
   *     called again. If it is not, {@link #close} cancels with the reason "interrupted", and
   *     interrupts the subtasks
   * @throws IllegalStateException if this scope has been joined or closed, or if the joiner threw
   *     in {@link Joiner#onComplete}, which is the cause then
   * @throws WrongThreadException if the calling thread does not own this scope
   */
  public R join() throws InterruptedException, ExecutionException, TimeoutException {
    return awaitResult();
  }

  // ---- cancelling ----

  /**
   * Cancels this scope, with the reason "requested".
   *
   * @return whether this call did it
   * @throws CancellationCallbackException if callbacks failed
   */
  public boolean cancel() {
    return cancel(CancellationReason.requested(title() + " was cancelled"));
  }

  /**
   * Cancels this scope.
   *
   * @param reason why
   * @return whether this call did it
   * @throws CancellationCallbackException if callbacks failed
   */
  public boolean cancel(CancellationReason reason) {
    return stopAll(reason);
  }

  /**
   * Cancels this scope, with the reason "requested", and interrupts the subtasks that run, as
   * {@link Subtask#abort()} does.
   *
   * @return whether this call cancelled it; the subtasks are interrupted also if another call did
   * @throws CancellationCallbackException if callbacks failed
   */
  public boolean abort() {
    return abort(CancellationReason.requested(title() + " was aborted"));
  }

  /**
   * Cancels this scope and interrupts the subtasks that run, as {@link Subtask#abort()} does.
   *
   * @param reason why
   * @return whether this call cancelled it; the subtasks are interrupted also if another call did
   * @throws CancellationCallbackException if callbacks failed
   */
  public boolean abort(CancellationReason reason) {
    Objects.requireNonNull(reason, "reason");
    Stack.reserve();
    try {
      return cancel(reason);
    } finally {
      crowd().interruptAll();
    }
  }

  /**
   * Waits until this scope is cancelled or closed and all its subtasks have ended, those that were
   * left behind too; or until {@code token}, or the current one, is cancelled.
   *
   * @param token what may end the wait, beside the token that is current
   * @throws CancelledException if a token is or becomes cancelled, and this scope has not come to
   *     its end
   * @throws IllegalStateException if one of the subtasks waits, or one of theirs
   * @throws InterruptedException if the thread was or is interrupted first
   */
  public void await(CancellationToken token) throws InterruptedException {
    boolean _ = awaitEnd(Cancellation.currentWith(token), Deadline.none());
  }

  /**
   * Waits as {@link #await(CancellationToken)} does, but no longer than {@code timeout}.
   *
   * @param token what may end the wait, beside the token that is current
   * @param timeout zero only asks; longer than 146 years means for ever
   * @return whether this scope has come to its end
   * @throws CancelledException if a token is or becomes cancelled, and this scope has not come to
   *     its end
   * @throws IllegalArgumentException if the timeout is negative
   * @throws IllegalStateException if one of the subtasks waits, or one of theirs
   * @throws InterruptedException if the thread was or is interrupted first
   */
  public boolean await(CancellationToken token, Duration timeout) throws InterruptedException {
    return awaitEnd(Cancellation.currentWith(token), Deadline.after(timeout));
  }

  /**
   * Waits until this scope is cancelled or closed and all its subtasks have ended, those that were
   * left behind too. Obeys no token, not even the current one, so that one can wait for the end of
   * what one has aborted; an interrupt alone ends the wait.
   *
   * @throws IllegalStateException if one of the subtasks waits, or one of theirs
   * @throws InterruptedException if the thread was or is interrupted first
   */
  public void await() throws InterruptedException {
    boolean _ = awaitEnd(CancellationToken.none(), Deadline.none());
  }

  /**
   * Waits as {@link #await()} does, but no longer than {@code timeout}.
   *
   * @param timeout zero only asks; longer than 146 years means for ever
   * @return whether this scope has come to its end
   * @throws IllegalArgumentException if the timeout is negative
   * @throws IllegalStateException if one of the subtasks waits, or one of theirs
   * @throws InterruptedException if the thread was or is interrupted first
   */
  public boolean await(Duration timeout) throws InterruptedException {
    return awaitEnd(CancellationToken.none(), Deadline.after(timeout));
  }

  // ---- closing ----

  /**
   * Cancels what still runs and waits for it, as long as the {@link Grace} says. Does nothing if
   * this scope is closed already. An interrupt does not end the wait: it is handed down to the
   * subtasks that run, as by {@link #abort()}, and is still there afterwards.
   *
   * @throws WrongThreadException if the calling thread does not own this scope
   * @throws IllegalStateException after all this, if something was forked and join was never
   *     called; the cause is what made the joiner stop, if it did, and the failures of subtasks on
   *     being cancelled are suppressed. If the body of the block threw before it came to join, this
   *     is suppressed in what it threw. Or if a scope that was opened inside this one was still
   *     open, which is closed first
   * @throws CancellationCallbackException after all this, if callbacks failed
   */
  @Override
  public void close() {
    end();
  }

  /**
   * {@return the name, whether live or cancelled and why, the time left, how many subtasks have not
   * ended, and how many of these wait for others to end}
   */
  @Override
  public String toString() {
    String state = token().toString();
    return "TaskScope"
        + state.substring("CancellationToken".length(), state.length() - 1)
        + ", "
        + crowd().words()
        + ']';
  }

  /**
   * How a scope is set up. Immutable: each method gives a changed copy.
   *
   * {@snippet class="dev.desist.snippets.ScopeSnippets" region="configuration"}
   */
  public static final class Configuration {
    private final Settings settings;

    private Configuration(Settings settings) {
      this.settings = settings;
    }

    static Settings of(Settings settings, UnaryOperator<Configuration> configure) {
      Objects.requireNonNull(configure, "configure");
      Configuration configured = configure.apply(new Configuration(settings));
      return Objects.requireNonNull(configured, "configure must not give null").settings;
    }

    /**
     * {@return a copy with a name}
     *
     * @param name what messages, paths and reports call the scope, and what the threads of subtasks
     *     without a name are called; without one, they have none. A {@linkplain #withThreadFactory
     *     thread factory} names its threads itself
     */
    public Configuration withName(String name) {
      return new Configuration(settings.withName(name));
    }

    /**
     * {@return a copy with a thread factory}
     *
     * @param threadFactory makes a new thread for each subtask, which it must not start; by default
     *     virtual threads, or, with a {@link Grace} that leaves tasks behind, platform threads that
     *     are daemons. {@code Thread.ofPlatform().factory()} gives platform threads
     */
    public Configuration withThreadFactory(ThreadFactory threadFactory) {
      return new Configuration(settings.withThreadFactory(threadFactory));
    }

    /**
     * {@return a copy with a timeout} When it has passed, the scope is cancelled, and join throws a
     * {@link TimeoutException}.
     *
     * @param timeout from the moment the scope is opened; longer than 146 years means never
     * @throws IllegalArgumentException if it is negative
     */
    public Configuration withTimeout(Duration timeout) {
      return new Configuration(settings.withTimeout(timeout));
    }

    /**
     * {@return a copy with a deadline} As a timeout, and in place of one.
     *
     * @param deadline when the scope is to be cancelled
     */
    public Configuration withDeadline(Deadline deadline) {
      return new Configuration(settings.withDeadline(deadline));
    }

    /**
     * {@return a copy with a grace period}
     *
     * @param grace how long cancelled subtasks may take to end, and what then; by default, {@link
     *     Grace#forever()}
     */
    public Configuration withGrace(Grace grace) {
      return new Configuration(settings.withGrace(grace));
    }

    /**
     * {@return a copy with a limit of subtasks that run at the same time} Further ones wait,
     * without a thread, and never start if the scope is cancelled meanwhile.
     *
     * @param parallelism the limit; by default there is none
     * @throws IllegalArgumentException if it is not positive
     */
    public Configuration withParallelism(int parallelism) {
      return new Configuration(settings.withParallelism(parallelism));
    }

    /**
     * {@return a copy that lets every thread fork} By default, the owner of the scope alone may.
     *
     * <p>For subtasks that find more work, and for those who hand in work from outside. Join ends
     * when no subtask is left, so whoever forks later gets an {@link IllegalStateException}: a
     * subtask that forks can be sure of its scope, and gets one that is cancelled already if the
     * scope was cancelled, although join may have ended by then.
     */
    public Configuration withSharedForking() {
      return new Configuration(settings.withSharedForking());
    }
  }
}
