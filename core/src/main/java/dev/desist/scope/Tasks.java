package dev.desist.scope;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Deadline;
import dev.desist.Disposer;
import dev.desist.Outcome;
import dev.desist.internal.Foreign;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Scopes in one line: the first of several tasks, all of them, some of them, and one with a
 * timeout.
 *
 * {@snippet class="dev.desist.snippets.TasksSnippets" region="race"}
 *
 * <p>Each call opens a {@link TaskScope} of its own, runs every task on a thread of its own, and
 * returns when none of them runs any more, so nothing is left going: those that are not needed are
 * cancelled and waited for, as long as the {@link Grace} in the {@link Options} says. A result that
 * is not returned is handed to the disposer in the options, however late it comes.
 *
 * <p>{@link #within(Duration, Callable)} is the exception: it calls its task on the calling thread.
 *
 * <h2>General exceptions</h2>
 *
 * <p>{@code race}, {@code any} and {@code all} throw
 *
 * <ul>
 *   <li>an {@link ExecutionException} if too many tasks failed: the cause is the first failure, the
 *       others are suppressed;
 *   <li>a {@link TimeoutException} if a timeout in the options passed;
 *   <li>a {@link CancelledException} if the current token was cancelled;
 *   <li>an {@link InterruptedException} if the calling thread was interrupted while it waited;
 *   <li>an {@link IllegalArgumentException} if there are fewer tasks than results are wanted.
 * </ul>
 *
 * <p>A null argument gives a {@link NullPointerException} that names the parameter.
 */
public final class Tasks {
  private Tasks() {}

  // ---- several tasks ----

  /**
   * {@return the value of the first task that succeeds} The others are cancelled with the reason
   * "race lost". Of several that have succeeded by the time the caller looks, the first in the
   * order given wins.
   *
   * @param <T> what the tasks give
   * @param tasks at least one. To have the first to <i>end</i> win, failed or not, wrap each in
   *     {@link Outcome#of}
   * @throws ExecutionException if all tasks failed
   * @throws TimeoutException never, without options
   * @throws InterruptedException if the calling thread was or is interrupted
   */
  @SafeVarargs
  @SuppressWarnings("varargs") // the array is only read
  public static <T extends @Nullable Object> T race(Callable<? extends T>... tasks)
      throws ExecutionException, InterruptedException, TimeoutException {
    return race(options(), listOf(tasks));
  }

  /**
   * {@return the value of the first task that succeeds} The others are cancelled with the reason
   * "race lost".
   *
   * @param <T> what the tasks give
   * @param options how
   * @param tasks at least one
   * @throws ExecutionException if all tasks failed
   * @throws TimeoutException if a timeout in the options passed
   * @throws InterruptedException if the calling thread was or is interrupted
   */
  public static <T extends @Nullable Object> T race(
      Options<? super T> options, List<? extends Callable<? extends T>> tasks)
      throws ExecutionException, InterruptedException, TimeoutException {
    return any(1, options, tasks).getFirst();
  }

  /**
   * {@return the values of the first {@code count} tasks that succeed, in the order in which the
   * tasks were given}
   *
   * @param <T> what the tasks give
   * @param count how many; not negative
   * @param options how
   * @param tasks at least {@code count}
   * @throws ExecutionException if too many tasks failed; the rest is cancelled then
   * @throws TimeoutException if a timeout in the options passed
   * @throws InterruptedException if the calling thread was or is interrupted
   */
  public static <T extends @Nullable Object> List<T> any(
      int count, Options<? super T> options, List<? extends Callable<? extends T>> tasks)
      throws ExecutionException, InterruptedException, TimeoutException {
    return Contest.hold(count, options, tasks);
  }

  /**
   * {@return the values of all tasks, in the order in which the tasks were given} If one fails, the
   * others are cancelled with the reason "sibling failed".
   *
   * @param <T> what the tasks give
   * @param tasks any number
   * @throws ExecutionException if a task failed
   * @throws TimeoutException never, without options
   * @throws InterruptedException if the calling thread was or is interrupted
   */
  @SafeVarargs
  @SuppressWarnings("varargs") // the array is only read
  public static <T extends @Nullable Object> List<T> all(Callable<? extends T>... tasks)
      throws ExecutionException, InterruptedException, TimeoutException {
    return all(options(), listOf(tasks));
  }

  /**
   * {@return the values of all tasks, in the order in which the tasks were given} If one fails, the
   * others are cancelled with the reason "sibling failed".
   *
   * @param <T> what the tasks give
   * @param options how
   * @param tasks any number
   * @throws ExecutionException if a task failed
   * @throws TimeoutException if a timeout in the options passed
   * @throws InterruptedException if the calling thread was or is interrupted
   */
  public static <T extends @Nullable Object> List<T> all(
      Options<? super T> options, List<? extends Callable<? extends T>> tasks)
      throws ExecutionException, InterruptedException, TimeoutException {
    Objects.requireNonNull(tasks, "tasks");
    return Contest.hold(tasks.size(), options, tasks);
  }

  private static <T extends @Nullable Object> List<Callable<? extends T>> listOf(
      Callable<? extends T>[] tasks) {
    return Arrays.asList(Objects.requireNonNull(tasks, "tasks")); // which a contest checks
  }

  // ---- one task with a timeout ----

  /**
   * Calls {@code task} on the calling thread with at most {@code timeout} to spend. The task sees
   * its token cancelled when the time is up; the caller of this method, who set the timeout, gets a
   * {@link TimeoutException}.
   *
   * <p>A {@code TimeoutException} from this method is always its own: one that the task throws,
   * from a timeout of its own, comes as the cause of an {@link ExecutionException}. Any other
   * exception of the task is thrown as it is, and so is the {@link CancelledException} of a token
   * further out. A task that returns a value after all has its value returned.
   *
   * <p>Cooperative: a task that never asks its token is waited for. To leave it behind, give a
   * {@link Grace}: see {@link #within(Options, Duration, Callable)}. Inside {@link
   * Cancellation#shielded(Task)} the timeout works as anywhere.
   *
   * @param <T> what the task gives
   * @param timeout how long; zero lets the task run up to its first checkpoint
   * @param task what to call
   * @return what the task returned
   * @throws TimeoutException if the task ended because this timeout had passed; its cause is what
   *     the task threw, a {@link CancelledException} or what others have wrapped around it
   * @throws ExecutionException if the task threw a TimeoutException, which is the cause
   * @throws IllegalArgumentException if the timeout is negative
   * @throws dev.desist.CancellationCallbackException if callbacks that the task left on its token
   *     fail at the end
   * @throws Exception what the task threw
   */
  public static <T extends @Nullable Object> T within(Duration timeout, Callable<T> task)
      throws Exception {
    Objects.requireNonNull(task, "task");
    Deadline deadline = Deadline.after(timeout);
    return callWithin(Cancellation.current().childWithDeadline(deadline), deadline, task);
  }

  /**
   * Calls {@code task} on the calling thread with at most {@code timeout} to spend, as {@link
   * #within(Duration, Callable)} does.
   *
   * @param <T> what the task gives
   * @param name the owner of the deadline, for messages, paths and reasons
   * @param timeout how long; zero lets the task run up to its first checkpoint
   * @param task what to call
   * @return what the task returned
   * @throws TimeoutException if the task ended because this timeout had passed; the message names
   *     it
   * @throws ExecutionException if the task threw a TimeoutException, which is the cause
   * @throws IllegalArgumentException if the timeout is negative
   * @throws dev.desist.CancellationCallbackException if callbacks that the task left on its token
   *     fail at the end
   * @throws Exception what the task threw
   */
  public static <T extends @Nullable Object> T within(
      String name, Duration timeout, Callable<T> task) throws Exception {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(task, "task");
    Deadline deadline = Deadline.after(timeout);
    return callWithin(Cancellation.current().childWithDeadline(name, deadline), deadline, task);
  }

  private static <T extends @Nullable Object> T callWithin(
      CancellationSource source, Deadline deadline, Callable<T> task) throws Exception {
    CancellationToken token = source.token();
    try (source) {
      return Cancellation.call(token, task);
    } catch (Throwable e) { // an error too may be what a layer made of it
      if (token.caused(e)
          && token.path().size() == 1
          && token.reason().orElseThrow() instanceof CancellationReason.DeadlineExceeded exceeded
          && exceeded.deadline() == deadline) {
        var timedOut = new TimeoutException(exceeded.message());
        timedOut.initCause(e);
        throw timedOut;
      }
      if (e instanceof TimeoutException) {
        throw new ExecutionException("the task itself timed out: " + Foreign.message(e), e);
      }
      throw e;
    }
  }

  /**
   * Calls {@code task} on a thread of its own with at most {@code timeout} to spend, as {@link
   * #within(Duration, Callable)} does on the calling one. The name in the options is that of the
   * deadline's owner; with a {@link Grace} that leaves, this method returns on time although the
   * task does not.
   *
   * <p>What differs: a value that comes after the time was up is not returned, but goes to the
   * disposer; the cause of the {@link TimeoutException} is always the {@link CancelledException}
   * that the task sees; and what callbacks throw that the task left on its token goes to the
   * uncaught-exception handler of the task's thread.
   *
   * @param <T> what the task gives
   * @param options how
   * @param timeout how long; zero does not let the task begin
   * @param task what to call
   * @return what the task returned
   * @throws TimeoutException if the timeout had passed before the task ended
   * @throws ExecutionException if the task threw a TimeoutException, which is the cause
   * @throws IllegalArgumentException if the timeout is negative
   * @throws InterruptedException if the calling thread was or is interrupted
   * @throws Exception what the task threw
   */
  public static <T extends @Nullable Object> T within(
      Options<? super T> options, Duration timeout, Callable<? extends T> task) throws Exception {
    Objects.requireNonNull(options, "options");
    Objects.requireNonNull(timeout, "timeout");
    Objects.requireNonNull(task, "task");
    try {
      return all(options.configured(scope -> scope.limitedTo(timeout)), List.of(task)).getFirst();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case TimeoutException _ -> throw e;
        case Exception own -> throw own;
        case Error own -> throw own;
        case null, default -> throw e;
      }
    }
  }

  /**
   * Calls {@code task} as {@link #within(Duration, Callable)} does, and {@code fallback} if the
   * time was up. A timeout of the task's own does not lead to the fallback, nor does a cancellation
   * from further out.
   *
   * @param <T> what the task gives
   * @param timeout how long; zero lets the task run up to its first checkpoint
   * @param task what to call
   * @param fallback gives the value to return instead, on the calling thread
   * @return what the task returned, or what the fallback gave
   * @throws IllegalArgumentException if the timeout is negative
   * @throws dev.desist.CancellationCallbackException if callbacks that the task left on its token
   *     fail at the end
   * @throws Exception what the task threw
   */
  public static <T extends @Nullable Object> T withinOr(
      Duration timeout, Callable<T> task, Supplier<? extends T> fallback) throws Exception {
    Objects.requireNonNull(fallback, "fallback");
    try {
      return within(timeout, task);
    } catch (TimeoutException e) {
      return fallback.get();
    }
  }

  /**
   * Calls {@code task} as {@link #within(Duration, Callable)} does, and tells how it ended: if the
   * time was up, it was {@linkplain Outcome.Cancelled cancelled}, with the reason "deadline
   * exceeded"; a timeout of its own is a {@linkplain Outcome.Failure failure}, with that {@link
   * TimeoutException}.
   *
   * @param <T> what the task gives
   * @param timeout how long; zero lets the task run up to its first checkpoint
   * @param task what to call
   * @return how it ended
   * @throws IllegalArgumentException if the timeout is negative
   * @throws dev.desist.CancellationCallbackException if callbacks that the task left on its token
   *     fail at the end
   * @throws InterruptedException if the task threw it
   */
  public static <T extends @Nullable Object> Outcome<T> outcomeWithin(
      Duration timeout, Callable<T> task) throws InterruptedException {
    Objects.requireNonNull(task, "task");
    Deadline deadline = Deadline.after(timeout);
    try (CancellationSource limited = Cancellation.current().childWithDeadline(deadline)) {
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

  // ---- options ----

  /**
   * {@return the options in which nothing is set}
   *
   * @param <T> what the tasks give
   */
  @SuppressWarnings("unchecked") // without a disposer, they fit every type
  public static <T extends @Nullable Object> Options<T> options() {
    return (Options<T>) Options.DEFAULT;
  }

  /**
   * How the calls of {@link Tasks} go about it. Immutable: each method gives a changed copy.
   *
   * {@snippet class="dev.desist.snippets.TasksSnippets" region="options"}
   *
   * @param <T> what the tasks give
   */
  public static final class Options<T extends @Nullable Object> {
    private static final Options<@Nullable Object> DEFAULT =
        new Options<>(UnaryOperator.identity(), false, value -> {});

    private final UnaryOperator<TaskScope.Configuration> configure;
    private final boolean fair;
    private final Disposer<? super T> disposer;

    private Options(
        UnaryOperator<TaskScope.Configuration> configure,
        boolean fair,
        Disposer<? super T> disposer) {
      this.configure = configure;
      this.fair = fair;
      this.disposer = disposer;
    }

    /**
     * {@return a copy in which the scope is configured further: name, grace, timeout, threads,
     * limit}
     *
     * @param configure applied to the configuration made so far
     */
    public Options<T> configured(UnaryOperator<TaskScope.Configuration> configure) {
      Objects.requireNonNull(configure, "configure");
      UnaryOperator<TaskScope.Configuration> before = this.configure;
      return new Options<>(
          scope ->
              Objects.requireNonNull(
                  configure.apply(before.apply(scope)), "configure must not give null"),
          fair,
          disposer);
    }

    /**
     * {@return a copy in which ties are drawn at random} By default the order of the tasks decides.
     * A tie is between those that have succeeded by the time the caller, woken by the first, looks.
     */
    public Options<T> fair() {
      return new Options<>(configure, true, disposer);
    }

    /**
     * {@return a copy with a disposer} It is given each value that a task returned and the caller
     * is not given: of tasks that lost, that succeeded before another one failed, or that ended
     * after they were left behind. It is called once for each, by the thread of the task or by the
     * caller, in a {@linkplain Cancellation#shielded(Action) shield}, since what it has to clean up
     * after was cancelled; what it throws is logged. Null values are not handed to it.
     *
     * @param disposer releases a value, such as {@code Response::close}
     */
    public Options<T> disposing(Disposer<? super T> disposer) {
      Objects.requireNonNull(disposer, "disposer");
      return new Options<>(configure, fair, disposer);
    }

    TaskScope.Configuration apply(TaskScope.Configuration configuration) {
      return configure.apply(configuration);
    }

    boolean isFair() {
      return fair;
    }

    /** Outside of everything that was cancelled: a shield, wherever it is called. */
    void dispose(T value) {
      if (value == null) {
        return; // nothing to release
      }
      try {
        Cancellation.shielded(
            () -> {
              disposer.dispose(value);
              return null;
            });
      } catch (Throwable e) { // an error too: the others are to be disposed of all the same
        Foreign.log(System.Logger.Level.ERROR, "a disposer failed: " + Foreign.describe(e));
      }
    }
  }
}
