package dev.desist.scope;

import dev.desist.Action;
import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Disposer;
import dev.desist.Outcome;
import dev.desist.Task;
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
 * cancelled and waited for, as long as the {@link Grace} in the {@link Configuration} says. A
 * result that is not returned is handed to the disposer in the configuration, however late it
 * comes.
 *
 * <p>{@link #within(CancellationToken, Duration, Task)} and its like are the exception: they call
 * their task on the calling thread, unless a {@linkplain Configuration#withScope scope} is
 * configured.
 *
 * <p>Each call has two forms: with a token first it obeys that token and the current one, as a
 * {@link TaskScope} that is {@linkplain TaskScope#open(CancellationToken) opened} with it; without,
 * it obeys the current one. In a method that is given a token, give it.
 *
 * <h2>General exceptions</h2>
 *
 * <p>{@code race}, {@code any} and {@code all} throw
 *
 * <ul>
 *   <li>an {@link ExecutionException} if too many tasks failed: the cause is the first failure, the
 *       others are suppressed;
 *   <li>a {@link TimeoutException} if a timeout that is configured passed;
 *   <li>a {@link CancelledException} if a token that the call obeys was cancelled;
 *   <li>an {@link InterruptedException} if the calling thread was interrupted while it waited;
 *   <li>an {@link IllegalArgumentException} if there are fewer tasks than results are wanted.
 * </ul>
 *
 * <p>A null argument gives a {@link NullPointerException} that names the parameter.
 */
public final class Tasks {
  // Longer than other files, since it is the API: nine lines of ten are documentation, and each
  // form has its twin. What is done is in Contest and Limited.

  private Tasks() {}

  // ---- several tasks ----

  /**
   * {@return the value of the first task that succeeds} The others are cancelled with the reason
   * "race lost". Of several that have succeeded by the time the caller looks, the first in the
   * order given wins, unless the race is {@linkplain Configuration#withFairness fair}.
   *
   * @param <T> what the tasks give
   * @param token what to obey, beside the current token
   * @param tasks at least one. To have the first to <i>end</i> win, failed or not, wrap each in
   *     {@link Outcome#of}
   * @throws ExecutionException if all tasks failed
   * @throws TimeoutException never, without a configuration
   * @throws InterruptedException if the calling thread was or is interrupted
   */
  @SafeVarargs
  @SuppressWarnings("varargs") // the array is only read
  public static <T extends @Nullable Object> T race(
      CancellationToken token, Callable<? extends T>... tasks)
      throws ExecutionException, InterruptedException, TimeoutException {
    return first(Cancellation.currentWith(token), listOf(tasks), Configuration.none());
  }

  /**
   * {@return the value of the first task that succeeds} As {@link #race(CancellationToken,
   * Callable[])} does, under the current token.
   *
   * @param <T> what the tasks give
   * @param tasks at least one
   * @throws ExecutionException if all tasks failed
   * @throws TimeoutException never, without a configuration
   * @throws InterruptedException if the calling thread was or is interrupted
   */
  @SafeVarargs
  @SuppressWarnings("varargs") // the array is only read
  public static <T extends @Nullable Object> T race(Callable<? extends T>... tasks)
      throws ExecutionException, InterruptedException, TimeoutException {
    return first(Cancellation.current(), listOf(tasks), Configuration.none());
  }

  /**
   * {@return the value of the first task that succeeds} As {@link #race(CancellationToken, List,
   * UnaryOperator)} does, with the configuration in which nothing is set.
   *
   * @param <T> what the tasks give
   * @param token what to obey, beside the current token
   * @param tasks at least one
   * @throws ExecutionException if all tasks failed
   * @throws TimeoutException never, without a configuration
   * @throws InterruptedException if the calling thread was or is interrupted
   */
  public static <T extends @Nullable Object> T race(
      CancellationToken token, List<? extends Callable<? extends T>> tasks)
      throws ExecutionException, InterruptedException, TimeoutException {
    return first(Cancellation.currentWith(token), tasks, Configuration.none());
  }

  /**
   * {@return the value of the first task that succeeds} As {@link #race(CancellationToken, List,
   * UnaryOperator)} does, under the current token, with the configuration in which nothing is set.
   *
   * @param <T> what the tasks give
   * @param tasks at least one
   * @throws ExecutionException if all tasks failed
   * @throws TimeoutException never, without a configuration
   * @throws InterruptedException if the calling thread was or is interrupted
   */
  public static <T extends @Nullable Object> T race(List<? extends Callable<? extends T>> tasks)
      throws ExecutionException, InterruptedException, TimeoutException {
    return first(Cancellation.current(), tasks, Configuration.none());
  }

  /**
   * {@return the value of the first task that succeeds} The others are cancelled with the reason
   * "race lost". Of several that have succeeded by the time the caller looks, the first in the
   * order given wins, unless the race is {@linkplain Configuration#withFairness fair}.
   *
   * @param <T> what the tasks give
   * @param token what to obey, beside the current token
   * @param tasks at least one
   * @param configure makes the configuration from the default one
   * @throws ExecutionException if all tasks failed
   * @throws TimeoutException if a timeout that is configured passed
   * @throws InterruptedException if the calling thread was or is interrupted
   */
  public static <T extends @Nullable Object> T race(
      CancellationToken token,
      List<? extends Callable<? extends T>> tasks,
      UnaryOperator<Configuration<T>> configure)
      throws ExecutionException, InterruptedException, TimeoutException {
    return first(Cancellation.currentWith(token), tasks, Configuration.of(configure));
  }

  /**
   * {@return the value of the first task that succeeds} As {@link #race(CancellationToken, List,
   * UnaryOperator)} does, under the current token.
   *
   * @param <T> what the tasks give
   * @param tasks at least one
   * @param configure makes the configuration from the default one
   * @throws ExecutionException if all tasks failed
   * @throws TimeoutException if a timeout that is configured passed
   * @throws InterruptedException if the calling thread was or is interrupted
   */
  public static <T extends @Nullable Object> T race(
      List<? extends Callable<? extends T>> tasks, UnaryOperator<Configuration<T>> configure)
      throws ExecutionException, InterruptedException, TimeoutException {
    return first(Cancellation.current(), tasks, Configuration.of(configure));
  }

  /**
   * {@return the values of the first {@code count} tasks that succeed, in the order in which the
   * tasks were given} As {@link #any(CancellationToken, int, List, UnaryOperator)} does, with the
   * configuration in which nothing is set.
   *
   * @param <T> what the tasks give
   * @param token what to obey, beside the current token
   * @param count how many; not negative
   * @param tasks at least {@code count}
   * @throws ExecutionException if too many tasks failed; the rest is cancelled then
   * @throws TimeoutException never, without a configuration
   * @throws InterruptedException if the calling thread was or is interrupted
   */
  public static <T extends @Nullable Object> List<T> any(
      CancellationToken token, int count, List<? extends Callable<? extends T>> tasks)
      throws ExecutionException, InterruptedException, TimeoutException {
    return some(Cancellation.currentWith(token), count, tasks, Configuration.none());
  }

  /**
   * {@return the values of the first {@code count} tasks that succeed, in the order in which the
   * tasks were given} As {@link #any(CancellationToken, int, List, UnaryOperator)} does, under the
   * current token, with the configuration in which nothing is set.
   *
   * @param <T> what the tasks give
   * @param count how many; not negative
   * @param tasks at least {@code count}
   * @throws ExecutionException if too many tasks failed; the rest is cancelled then
   * @throws TimeoutException never, without a configuration
   * @throws InterruptedException if the calling thread was or is interrupted
   */
  public static <T extends @Nullable Object> List<T> any(
      int count, List<? extends Callable<? extends T>> tasks)
      throws ExecutionException, InterruptedException, TimeoutException {
    return some(Cancellation.current(), count, tasks, Configuration.none());
  }

  /**
   * {@return the values of the first {@code count} tasks that succeed, in the order in which the
   * tasks were given}
   *
   * @param <T> what the tasks give
   * @param token what to obey, beside the current token
   * @param count how many; not negative
   * @param tasks at least {@code count}
   * @param configure makes the configuration from the default one
   * @throws ExecutionException if too many tasks failed; the rest is cancelled then
   * @throws TimeoutException if a timeout that is configured passed
   * @throws InterruptedException if the calling thread was or is interrupted
   */
  public static <T extends @Nullable Object> List<T> any(
      CancellationToken token,
      int count,
      List<? extends Callable<? extends T>> tasks,
      UnaryOperator<Configuration<T>> configure)
      throws ExecutionException, InterruptedException, TimeoutException {
    return some(Cancellation.currentWith(token), count, tasks, Configuration.of(configure));
  }

  /**
   * {@return the values of the first {@code count} tasks that succeed, in the order in which the
   * tasks were given} As {@link #any(CancellationToken, int, List, UnaryOperator)} does, under the
   * current token.
   *
   * @param <T> what the tasks give
   * @param count how many; not negative
   * @param tasks at least {@code count}
   * @param configure makes the configuration from the default one
   * @throws ExecutionException if too many tasks failed; the rest is cancelled then
   * @throws TimeoutException if a timeout that is configured passed
   * @throws InterruptedException if the calling thread was or is interrupted
   */
  public static <T extends @Nullable Object> List<T> any(
      int count,
      List<? extends Callable<? extends T>> tasks,
      UnaryOperator<Configuration<T>> configure)
      throws ExecutionException, InterruptedException, TimeoutException {
    return some(Cancellation.current(), count, tasks, Configuration.of(configure));
  }

  /**
   * {@return the values of all tasks, in the order in which the tasks were given} If one fails, the
   * others are cancelled with the reason "sibling failed".
   *
   * @param <T> what the tasks give
   * @param token what to obey, beside the current token
   * @param tasks any number
   * @throws ExecutionException if a task failed
   * @throws TimeoutException never, without a configuration
   * @throws InterruptedException if the calling thread was or is interrupted
   */
  @SafeVarargs
  @SuppressWarnings("varargs") // the array is only read
  public static <T extends @Nullable Object> List<T> all(
      CancellationToken token, Callable<? extends T>... tasks)
      throws ExecutionException, InterruptedException, TimeoutException {
    return each(Cancellation.currentWith(token), listOf(tasks), Configuration.none());
  }

  /**
   * {@return the values of all tasks, in the order in which the tasks were given} As {@link
   * #all(CancellationToken, Callable[])} does, under the current token.
   *
   * @param <T> what the tasks give
   * @param tasks any number
   * @throws ExecutionException if a task failed
   * @throws TimeoutException never, without a configuration
   * @throws InterruptedException if the calling thread was or is interrupted
   */
  @SafeVarargs
  @SuppressWarnings("varargs") // the array is only read
  public static <T extends @Nullable Object> List<T> all(Callable<? extends T>... tasks)
      throws ExecutionException, InterruptedException, TimeoutException {
    return each(Cancellation.current(), listOf(tasks), Configuration.none());
  }

  /**
   * {@return the values of all tasks, in the order in which the tasks were given} As {@link
   * #all(CancellationToken, List, UnaryOperator)} does, with the configuration in which nothing is
   * set.
   *
   * @param <T> what the tasks give
   * @param token what to obey, beside the current token
   * @param tasks any number
   * @throws ExecutionException if a task failed
   * @throws TimeoutException never, without a configuration
   * @throws InterruptedException if the calling thread was or is interrupted
   */
  public static <T extends @Nullable Object> List<T> all(
      CancellationToken token, List<? extends Callable<? extends T>> tasks)
      throws ExecutionException, InterruptedException, TimeoutException {
    return each(Cancellation.currentWith(token), tasks, Configuration.none());
  }

  /**
   * {@return the values of all tasks, in the order in which the tasks were given} As {@link
   * #all(CancellationToken, List, UnaryOperator)} does, under the current token, with the
   * configuration in which nothing is set.
   *
   * @param <T> what the tasks give
   * @param tasks any number
   * @throws ExecutionException if a task failed
   * @throws TimeoutException never, without a configuration
   * @throws InterruptedException if the calling thread was or is interrupted
   */
  public static <T extends @Nullable Object> List<T> all(
      List<? extends Callable<? extends T>> tasks)
      throws ExecutionException, InterruptedException, TimeoutException {
    return each(Cancellation.current(), tasks, Configuration.none());
  }

  /**
   * {@return the values of all tasks, in the order in which the tasks were given} If one fails, the
   * others are cancelled with the reason "sibling failed".
   *
   * @param <T> what the tasks give
   * @param token what to obey, beside the current token
   * @param tasks any number
   * @param configure makes the configuration from the default one
   * @throws ExecutionException if a task failed
   * @throws TimeoutException if a timeout that is configured passed
   * @throws InterruptedException if the calling thread was or is interrupted
   */
  public static <T extends @Nullable Object> List<T> all(
      CancellationToken token,
      List<? extends Callable<? extends T>> tasks,
      UnaryOperator<Configuration<T>> configure)
      throws ExecutionException, InterruptedException, TimeoutException {
    return each(Cancellation.currentWith(token), tasks, Configuration.of(configure));
  }

  /**
   * {@return the values of all tasks, in the order in which the tasks were given} As {@link
   * #all(CancellationToken, List, UnaryOperator)} does, under the current token.
   *
   * @param <T> what the tasks give
   * @param tasks any number
   * @param configure makes the configuration from the default one
   * @throws ExecutionException if a task failed
   * @throws TimeoutException if a timeout that is configured passed
   * @throws InterruptedException if the calling thread was or is interrupted
   */
  public static <T extends @Nullable Object> List<T> all(
      List<? extends Callable<? extends T>> tasks, UnaryOperator<Configuration<T>> configure)
      throws ExecutionException, InterruptedException, TimeoutException {
    return each(Cancellation.current(), tasks, Configuration.of(configure));
  }

  private static <T extends @Nullable Object> List<Callable<? extends T>> listOf(
      Callable<? extends T>[] tasks) {
    return Arrays.asList(Objects.requireNonNull(tasks, "tasks")); // which a contest checks
  }

  private static <T extends @Nullable Object> T first(
      CancellationToken outer,
      List<? extends Callable<? extends T>> tasks,
      Configuration<? super T> how)
      throws ExecutionException, InterruptedException, TimeoutException {
    return some(outer, 1, tasks, how).getFirst();
  }

  private static <T extends @Nullable Object> List<T> each(
      CancellationToken outer,
      List<? extends Callable<? extends T>> tasks,
      Configuration<? super T> how)
      throws ExecutionException, InterruptedException, TimeoutException {
    return some(outer, Objects.requireNonNull(tasks, "tasks").size(), tasks, how);
  }

  private static <T extends @Nullable Object> List<T> some(
      CancellationToken outer,
      int count,
      List<? extends Callable<? extends T>> tasks,
      Configuration<? super T> how)
      throws ExecutionException, InterruptedException, TimeoutException {
    return Contest.hold(outer, count, Objects.requireNonNull(tasks, "tasks"), how);
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
   * <p>Cooperative: a task that never asks its token is waited for. To leave it behind, configure a
   * scope with a {@link Grace}: see {@link #within(CancellationToken, Duration, Task,
   * UnaryOperator)}. Inside {@link Cancellation#shielded(Task)} the timeout works as anywhere.
   *
   * @param <T> what the task gives
   * @param <X> what the task throws
   * @param token what to obey, beside the current token
   * @param timeout how long; zero lets the task run up to its first checkpoint
   * @param task what to call
   * @return what the task returned
   * @throws TimeoutException if the task ended because this timeout had passed; its cause is what
   *     the task threw, a {@link CancelledException} or what others have wrapped around it
   * @throws ExecutionException if the task threw a TimeoutException, which is the cause
   * @throws IllegalArgumentException if the timeout is negative
   * @throws dev.desist.CancellationCallbackException if callbacks that the task left on its token
   *     fail at the end
   * @throws X what the task threw
   */
  public static <T extends @Nullable Object, X extends Exception> T within(
      CancellationToken token, Duration timeout, Task<T, X> task)
      throws X, ExecutionException, TimeoutException {
    return Limited.call(Cancellation.currentWith(token), null, timeout, task);
  }

  /**
   * Calls {@code task} as {@link #within(CancellationToken, Duration, Task)} does, under the
   * current token.
   *
   * @param <T> what the task gives
   * @param <X> what the task throws
   * @param timeout how long; zero lets the task run up to its first checkpoint
   * @param task what to call
   * @return what the task returned
   * @throws TimeoutException if the task ended because this timeout had passed
   * @throws ExecutionException if the task threw a TimeoutException, which is the cause
   * @throws IllegalArgumentException if the timeout is negative
   * @throws dev.desist.CancellationCallbackException if callbacks that the task left on its token
   *     fail at the end
   * @throws X what the task threw
   */
  public static <T extends @Nullable Object, X extends Exception> T within(
      Duration timeout, Task<T, X> task) throws X, ExecutionException, TimeoutException {
    return Limited.call(Cancellation.current(), null, timeout, task);
  }

  /**
   * Performs {@code task} as {@link #within(CancellationToken, Duration, Task)} calls one.
   *
   * @param <X> what the task throws
   * @param token what to obey, beside the current token
   * @param timeout how long; zero lets the task run up to its first checkpoint
   * @param task what to do
   * @throws TimeoutException if the task ended because this timeout had passed
   * @throws ExecutionException if the task threw a TimeoutException, which is the cause
   * @throws IllegalArgumentException if the timeout is negative
   * @throws dev.desist.CancellationCallbackException if callbacks that the task left on its token
   *     fail at the end
   * @throws X what the task threw
   */
  public static <X extends Exception> void within(
      CancellationToken token, Duration timeout, Action<X> task)
      throws X, ExecutionException, TimeoutException {
    Object _ = Limited.call(Cancellation.currentWith(token), null, timeout, valueless(task));
  }

  /**
   * Performs {@code task} as {@link #within(CancellationToken, Duration, Task)} calls one, under
   * the current token.
   *
   * @param <X> what the task throws
   * @param timeout how long; zero lets the task run up to its first checkpoint
   * @param task what to do
   * @throws TimeoutException if the task ended because this timeout had passed
   * @throws ExecutionException if the task threw a TimeoutException, which is the cause
   * @throws IllegalArgumentException if the timeout is negative
   * @throws dev.desist.CancellationCallbackException if callbacks that the task left on its token
   *     fail at the end
   * @throws X what the task threw
   */
  public static <X extends Exception> void within(Duration timeout, Action<X> task)
      throws X, ExecutionException, TimeoutException {
    Object _ = Limited.call(Cancellation.current(), null, timeout, valueless(task));
  }

  /**
   * Calls {@code task} as {@link #within(CancellationToken, Duration, Task)} does, as configured:
   * with a name, which is that of the deadline's owner; and, if a {@linkplain
   * Configuration#withScope scope} is configured, on a thread of its own. With a {@link Grace} that
   * leaves, this method returns on time then, although the task does not.
   *
   * <p>What differs in a scope: zero does not let the task begin; a value that comes after the time
   * was up is not returned, but goes to the disposer; the cause of the {@link TimeoutException} is
   * always the {@link CancelledException} that the task sees; and what callbacks throw that the
   * task left on its token goes to the uncaught-exception handler of the task's thread.
   *
   * @param <T> what the task gives
   * @param <X> what the task throws
   * @param token what to obey, beside the current token
   * @param timeout how long
   * @param task what to call
   * @param configure makes the configuration from the default one
   * @return what the task returned
   * @throws TimeoutException if the task ended because this timeout had passed; in a scope, if it
   *     had passed before the task ended
   * @throws ExecutionException if the task threw a TimeoutException, which is the cause
   * @throws IllegalArgumentException if the timeout is negative
   * @throws dev.desist.CancellationCallbackException if callbacks that the task left on its token
   *     fail at the end
   * @throws InterruptedException if a scope is configured, and the calling thread was or is
   *     interrupted
   * @throws X what the task threw
   */
  public static <T extends @Nullable Object, X extends Exception> T within(
      CancellationToken token,
      Duration timeout,
      Task<T, X> task,
      UnaryOperator<Configuration<T>> configure)
      throws X, ExecutionException, InterruptedException, TimeoutException {
    return Limited.call(
        Cancellation.currentWith(token), timeout, task, Configuration.of(configure));
  }

  /**
   * Calls {@code task} as {@link #within(CancellationToken, Duration, Task, UnaryOperator)} does,
   * under the current token.
   *
   * @param <T> what the task gives
   * @param <X> what the task throws
   * @param timeout how long
   * @param task what to call
   * @param configure makes the configuration from the default one
   * @return what the task returned
   * @throws TimeoutException if the timeout had passed
   * @throws ExecutionException if the task threw a TimeoutException, which is the cause
   * @throws IllegalArgumentException if the timeout is negative
   * @throws dev.desist.CancellationCallbackException if callbacks that the task left on its token
   *     fail at the end
   * @throws InterruptedException if a scope is configured, and the calling thread was or is
   *     interrupted
   * @throws X what the task threw
   */
  public static <T extends @Nullable Object, X extends Exception> T within(
      Duration timeout, Task<T, X> task, UnaryOperator<Configuration<T>> configure)
      throws X, ExecutionException, InterruptedException, TimeoutException {
    return Limited.call(Cancellation.current(), timeout, task, Configuration.of(configure));
  }

  /**
   * Performs {@code task} as {@link #within(CancellationToken, Duration, Task, UnaryOperator)}
   * calls one.
   *
   * @param <T> what the configuration is for; of no consequence
   * @param <X> what the task throws
   * @param token what to obey, beside the current token
   * @param timeout how long
   * @param task what to do
   * @param configure makes the configuration from the default one
   * @throws TimeoutException if the timeout had passed
   * @throws ExecutionException if the task threw a TimeoutException, which is the cause
   * @throws IllegalArgumentException if the timeout is negative
   * @throws dev.desist.CancellationCallbackException if callbacks that the task left on its token
   *     fail at the end
   * @throws InterruptedException if a scope is configured, and the calling thread was or is
   *     interrupted
   * @throws X what the task threw
   */
  public static <T extends @Nullable Object, X extends Exception> void within(
      CancellationToken token,
      Duration timeout,
      Action<X> task,
      UnaryOperator<Configuration<T>> configure)
      throws X, ExecutionException, InterruptedException, TimeoutException {
    T _ =
        Limited.call(
            Cancellation.currentWith(token), timeout, valueless(task), Configuration.of(configure));
  }

  /**
   * Performs {@code task} as {@link #within(CancellationToken, Duration, Task, UnaryOperator)}
   * calls one, under the current token.
   *
   * @param <T> what the configuration is for; of no consequence
   * @param <X> what the task throws
   * @param timeout how long
   * @param task what to do
   * @param configure makes the configuration from the default one
   * @throws TimeoutException if the timeout had passed
   * @throws ExecutionException if the task threw a TimeoutException, which is the cause
   * @throws IllegalArgumentException if the timeout is negative
   * @throws dev.desist.CancellationCallbackException if callbacks that the task left on its token
   *     fail at the end
   * @throws InterruptedException if a scope is configured, and the calling thread was or is
   *     interrupted
   * @throws X what the task threw
   */
  public static <T extends @Nullable Object, X extends Exception> void within(
      Duration timeout, Action<X> task, UnaryOperator<Configuration<T>> configure)
      throws X, ExecutionException, InterruptedException, TimeoutException {
    T _ =
        Limited.call(Cancellation.current(), timeout, valueless(task), Configuration.of(configure));
  }

  /**
   * Calls {@code task} as {@link #within(CancellationToken, Duration, Task)} does, and {@code
   * fallback} if the time was up. A timeout of the task's own does not lead to the fallback, nor
   * does a cancellation from further out.
   *
   * @param <T> what the task gives
   * @param <X> what the task throws
   * @param token what to obey, beside the current token
   * @param timeout how long; zero lets the task run up to its first checkpoint
   * @param task what to call
   * @param fallback gives the value to return instead, on the calling thread
   * @return what the task returned, or what the fallback gave
   * @throws ExecutionException if the task threw a TimeoutException, which is the cause
   * @throws IllegalArgumentException if the timeout is negative
   * @throws dev.desist.CancellationCallbackException if callbacks that the task left on its token
   *     fail at the end
   * @throws X what the task threw
   */
  public static <T extends @Nullable Object, X extends Exception> T withinOr(
      CancellationToken token, Duration timeout, Task<T, X> task, Supplier<? extends T> fallback)
      throws X, ExecutionException {
    return Limited.callOr(Cancellation.currentWith(token), timeout, task, fallback);
  }

  /**
   * Calls {@code task} as {@link #withinOr(CancellationToken, Duration, Task, Supplier)} does,
   * under the current token.
   *
   * @param <T> what the task gives
   * @param <X> what the task throws
   * @param timeout how long; zero lets the task run up to its first checkpoint
   * @param task what to call
   * @param fallback gives the value to return instead, on the calling thread
   * @return what the task returned, or what the fallback gave
   * @throws ExecutionException if the task threw a TimeoutException, which is the cause
   * @throws IllegalArgumentException if the timeout is negative
   * @throws dev.desist.CancellationCallbackException if callbacks that the task left on its token
   *     fail at the end
   * @throws X what the task threw
   */
  public static <T extends @Nullable Object, X extends Exception> T withinOr(
      Duration timeout, Task<T, X> task, Supplier<? extends T> fallback)
      throws X, ExecutionException {
    return Limited.callOr(Cancellation.current(), timeout, task, fallback);
  }

  /**
   * Calls {@code task} as {@link #within(CancellationToken, Duration, Task)} does, and tells how it
   * ended: if the time was up, it was {@linkplain Outcome.Cancelled cancelled}, with the reason
   * "deadline exceeded"; a timeout of its own is a {@linkplain Outcome.Failure failure}, with that
   * {@link TimeoutException}.
   *
   * @param <T> what the task gives
   * @param token what to obey, beside the current token
   * @param timeout how long; zero lets the task run up to its first checkpoint
   * @param task what to call
   * @return how it ended
   * @throws IllegalArgumentException if the timeout is negative
   * @throws dev.desist.CancellationCallbackException if callbacks that the task left on its token
   *     fail at the end
   * @throws InterruptedException if the task threw it
   */
  public static <T extends @Nullable Object> Outcome<T> outcomeWithin(
      CancellationToken token, Duration timeout, Callable<T> task) throws InterruptedException {
    return Limited.outcome(Cancellation.currentWith(token), timeout, task);
  }

  /**
   * Calls {@code task} as {@link #outcomeWithin(CancellationToken, Duration, Callable)} does, under
   * the current token.
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
    return Limited.outcome(Cancellation.current(), timeout, task);
  }

  @SuppressWarnings("NullAway") // nobody is given the value
  private static <T extends @Nullable Object, X extends Exception> Task<T, X> valueless(
      Action<X> task) {
    Objects.requireNonNull(task, "task");
    return () -> {
      task.perform();
      return null;
    };
  }

  // ---- configuration ----

  /**
   * How the calls of {@link Tasks} go about it. Immutable: each method gives a changed copy.
   *
   * {@snippet class="dev.desist.snippets.TasksSnippets" region="options"}
   *
   * @param <T> what the tasks give
   */
  public static final class Configuration<T extends @Nullable Object> {
    private static final Configuration<@Nullable Object> NONE =
        new Configuration<>(Settings.DEFAULT, false, false, _ -> {});

    private final Settings settings;

    /** Whether a scope was asked for, where none is needed. */
    private final boolean scoped;

    private final boolean fair;
    private final Disposer<? super T> disposer;

    private Configuration(
        Settings settings, boolean scoped, boolean fair, Disposer<? super T> disposer) {
      this.settings = settings;
      this.scoped = scoped;
      this.fair = fair;
      this.disposer = disposer;
    }

    @SuppressWarnings("unchecked") // without a disposer, it fits every type
    static <T extends @Nullable Object> Configuration<T> none() {
      return (Configuration<T>) NONE;
    }

    static <T extends @Nullable Object> Configuration<T> of(
        UnaryOperator<Configuration<T>> configure) {
      Objects.requireNonNull(configure, "configure");
      return Objects.requireNonNull(configure.apply(none()), "configure must not give null");
    }

    /**
     * {@return a copy with a name}
     *
     * @param name what messages, paths and reasons call the scope or, where there is none, the
     *     owner of the deadline
     */
    public Configuration<T> withName(String name) {
      return new Configuration<>(settings.withName(name), scoped, fair, disposer);
    }

    /**
     * {@return a copy in which the scope is configured further: grace, timeout, threads, limit} One
     * task with a timeout gets a scope by it, and so a thread of its own.
     *
     * @param configure applied to the configuration made so far
     */
    public Configuration<T> withScope(UnaryOperator<TaskScope.Configuration> configure) {
      Objects.requireNonNull(configure, "configure");
      return new Configuration<>(
          TaskScope.Configuration.of(settings, configure), true, fair, disposer);
    }

    /**
     * {@return a copy in which ties are drawn at random} By default the order of the tasks decides.
     * A tie is between those that have succeeded by the time the caller, woken by the first, looks.
     */
    public Configuration<T> withFairness() {
      return new Configuration<>(settings, scoped, true, disposer);
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
    public Configuration<T> withDisposer(Disposer<? super T> disposer) {
      Objects.requireNonNull(disposer, "disposer");
      return new Configuration<>(settings, scoped, fair, disposer);
    }

    Configuration<T> limitedTo(Duration timeout) {
      return new Configuration<>(settings.limitedTo(timeout), scoped, fair, disposer);
    }

    Settings settings() {
      return settings;
    }

    boolean isScoped() {
      return scoped;
    }

    boolean isFair() {
      return fair;
    }

    /** Outside of everything that was cancelled: a shield, wherever it is called (promise 20). */
    void dispose(T value) {
      if (value == null) {
        return; // nothing to release
      }
      try {
        Cancellation.shielded(() -> disposer.dispose(value));
      } catch (Throwable e) { // an error too: the others are to be disposed of all the same
        Foreign.log(System.Logger.Level.ERROR, "a disposer failed: " + Foreign.describe(e));
      }
    }
  }
}
