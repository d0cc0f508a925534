package dev.desist;

import dev.desist.internal.Ambient;
import dev.desist.internal.Foreign;
import dev.desist.internal.GuardedThread;
import dev.desist.internal.Lane;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The ambient token: the one that the code running now is meant to obey, for code that is not
 * handed one.
 *
 * <p>It is bound for the extent of a call by {@link #run} or {@link #call}, and seen by everything
 * that call does on the same thread. It does not travel to other threads by itself: carry it there
 * with one of the {@code wrap} methods. Only the forks of a {@code StructuredTaskScope} of the
 * JDK's that is opened inside the call have it, as they have every {@link ScopedValue}. A token
 * passed as a parameter is faster and plainer; the ambient one is for the layers that cannot be
 * changed to take one.
 *
 * <p>Code that this library calls sees as current what is current on the thread where it runs: a
 * callback on the thread that cancels, the canceller's token; a callback on an executor, the
 * executor's; a callback on a thread of this library, and so every callback of a deadline, {@link
 * CancellationToken#none()} and the system's time.
 *
 * {@snippet class="dev.desist.snippets.AmbientSnippets" region="ambient"}
 *
 * <h2>General exceptions</h2>
 *
 * <p>A null argument gives a {@link NullPointerException} that names the parameter.
 */
public final class Cancellation {
  /**
   * A token that is made when somebody asks for it: see {@link #callLazily}.
   *
   * <p>Asked each time the current token is, perhaps by several threads, and before another token
   * takes its place or a shield hides it: one that was never asked had nothing nested in its
   * extent. It must be quick, must not throw, and must always give the same token.
   */
  @FunctionalInterface
  public interface Lazy {
    /** {@return the token} Always the same one. */
    CancellationToken token();
  }

  private Cancellation() {}

  /** {@return the token bound for the running code, else {@link CancellationToken#none()}} */
  public static CancellationToken current() {
    Object bound = Ambient.CURRENT.orElse(CancellationToken.none());
    return bound instanceof CancellationToken token ? token : ((Lazy) bound).token();
  }

  /**
   * Runs {@code body} with {@code token} as the current token. The token that was current before is
   * not lost: if {@code token} does not descend from it, the body sees a token that is cancelled by
   * either. Only {@link #shielded(Runnable)} hides it.
   *
   * <p>If {@code token} is cancelled, the body runs all the same, up to its first checkpoint. The
   * body sees the token's {@link TimeSource} as the current one; that of {@link
   * CancellationToken#none()} is whatever is current already.
   *
   * <p>This binds a {@link ScopedValue}, and so has a place in the nesting of the JDK's own scopes:
   * a {@code StructuredTaskScope} that was opened outside may not be used inside, neither to fork,
   * which throws a {@link java.util.concurrent.StructureViolationException}, nor to close, and one
   * that is opened inside must be closed inside. Fork outside and call this in the forked task, or
   * open both inside.
   *
   * @param token what the body is to obey
   * @param body what to run, on the calling thread
   */
  public static void run(CancellationToken token, Runnable body) {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(body, "body");
    bound(within(token)).run(body);
  }

  /** With the token, its clock, so that what the body makes of time agrees with its deadlines. */
  private static ScopedValue.Carrier bound(CancellationToken token) {
    ScopedValue.Carrier carrier = Ambient.binding(token);
    Node node = token.node();
    return node == null || node.time == TimeSource.current()
        ? carrier
        : carrier.where(SystemTime.BOUND, node.time);
  }

  /**
   * Calls {@code body} with {@code token} as the current token, as {@link #run} does.
   *
   * @param <T> what the body returns
   * @param token what the body is to obey
   * @param body what to call, on the calling thread
   * @return what the body returned
   * @throws Exception what the body threw
   */
  public static <T extends @Nullable Object> T call(CancellationToken token, Callable<T> body)
      throws Exception {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(body, "body");
    return bound(within(token)).call(body::call);
  }

  /**
   * Calls {@code body} as {@link #call} does, for a body that may never ask for its token: the
   * token is made when it first does, and at once if another token is current. Unlike there, the
   * current time source stays what it is. For those who start tasks by the hundred thousand;
   * everybody else has a token to pass.
   *
   * @param <T> what the body returns
   * @param <X> what the body throws
   * @param token makes what the body is to obey
   * @param body what to call, on the calling thread
   * @return what the body returned
   * @throws X what the body threw
   */
  public static <T extends @Nullable Object, X extends Throwable> T callLazily(
      Lazy token, ScopedValue.CallableOp<T, X> body) throws X {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(body, "body");
    Object bound = Ambient.CURRENT.isBound() ? within(token.token()) : token;
    return Ambient.binding(bound).call(body);
  }

  /** {@code token}, or one that is cancelled by it and by the current one. */
  private static CancellationToken within(CancellationToken token) {
    CancellationToken current = current();
    Node outer = current.node();
    Node inner = token.node();
    if (outer == null || (inner != null && inner.descendsFrom(outer))) {
      return token;
    }
    if (inner == null || outer.descendsFrom(inner)) {
      return current;
    }
    // Not closed at the end of the body, which may have carried it to threads that go on: the
    // collector frees it.
    return CancellationSource.linkedTo(token, current).token();
  }

  /**
   * Runs {@code body} so that it does not see the current token: for clean-up that must not be cut
   * short. Nor does an interrupt of this library come in, be it that a subtask was aborted, a grace
   * period is over, or a guarded call around the shield is to end: it comes when the shield has
   * ended, if what it is for has not. Interrupts that others send are not held back. Deadlines and
   * tokens that the body itself sets work as usual. When the shield ends, the outer token is seen
   * again, cancelled or not.
   *
   * <p>A body that throws a checked exception, or ends with a call that may give a value, is for
   * {@link #shielded(Callable)}: written out, with {@code return null} at its end, it suits every
   * compiler.
   *
   * {@snippet class="dev.desist.snippets.AmbientSnippets" region="shield"}
   *
   * @param body what to run, on the calling thread
   */
  public static void shielded(Runnable body) {
    Objects.requireNonNull(body, "body");
    try {
      shielded(Executors.callable(body));
    } catch (Exception e) {
      throw Foreign.<RuntimeException>undeclared(e);
    }
  }

  /**
   * Calls {@code body} so that it does not see the current token, as {@link #shielded(Runnable)}
   * does.
   *
   * @param <T> what the body returns
   * @param body what to call, on the calling thread
   * @return what the body returned
   * @throws Exception what the body threw
   */
  public static <T extends @Nullable Object> T shielded(Callable<T> body) throws Exception {
    Objects.requireNonNull(body, "body");
    CancellationToken _ = current(); // so that a Lazy learns of it
    ScopedValue.Carrier hidden = Ambient.binding(CancellationToken.none());
    return GuardedThread.current().masked(() -> hidden.call(body::call));
  }

  /**
   * Returns if the current token is live. In a tight loop, fetch {@link #current()} once and ask
   * the token instead.
   *
   * @throws CancelledException if it is cancelled
   */
  public static void checkpoint() {
    current().throwIfCancelled();
  }

  /**
   * {@return what asks the current token once in {@code stride} steps} For loops with very short
   * steps.
   *
   * @param stride in how many steps; 1 asks at each
   * @throws IllegalArgumentException if the stride is not positive
   */
  public static Stride every(int stride) {
    return every(current(), stride);
  }

  /**
   * {@return what asks {@code token} once in {@code stride} steps} For loops with very short steps.
   *
   * @param token what to ask
   * @param stride in how many steps; 1 asks at each
   * @throws IllegalArgumentException if the stride is not positive
   */
  public static Stride every(CancellationToken token, int stride) {
    return Stride.of(token, stride);
  }

  /**
   * Sleeps, but not on after the current token is cancelled.
   *
   * @param duration how long; zero is a checkpoint
   * @throws CancelledException if the current token is or becomes cancelled
   * @throws InterruptedException if the thread is interrupted
   * @throws IllegalArgumentException if the duration is negative
   */
  public static void sleep(Duration duration) throws InterruptedException {
    Objects.requireNonNull(duration, "duration");
    if (duration.isNegative()) {
      throw new IllegalArgumentException("duration must not be negative: " + duration);
    }
    CancellationToken token = current();
    if (token.await(duration)) {
      throw new CancelledException(token);
    }
  }

  // ---- to other threads ----

  /** What is to be carried to another thread. */
  private record Carried(CancellationToken token, TimeSource time) {
    static Carried here() {
      return new Carried(current(), TimeSource.current());
    }

    <T extends @Nullable Object> T call(Callable<T> body) throws Exception {
      return TimeSource.callWith(time, () -> Cancellation.call(token, body));
    }

    void run(Runnable body) {
      get(
          () -> {
            body.run();
            return true;
          });
    }

    /**
     * For a body that declares nothing checked; what it throws passes, also if it is, as from other
     * languages.
     */
    <T extends @Nullable Object> T get(Supplier<T> body) {
      try {
        return call(body::get);
      } catch (Exception e) {
        throw Foreign.<RuntimeException>undeclared(e);
      }
    }
  }

  /**
   * {@return a task that runs {@code task} with the token that is current now, on whatever thread
   * runs it}
   *
   * <p>Wrap the task, not the thread: a pooled thread outlives the token of whoever happened to
   * start it. If a token is current where the task runs, the task obeys both.
   *
   * @param task what to run
   */
  public static Runnable wrap(Runnable task) {
    Objects.requireNonNull(task, "task");
    Carried carried = Carried.here();
    return () -> carried.run(task);
  }

  /**
   * {@return a callable that calls {@code task} with the token that is current now}
   *
   * @param <T> what it returns
   * @param task what to call
   */
  public static <T extends @Nullable Object> Callable<T> wrapCallable(Callable<T> task) {
    Objects.requireNonNull(task, "task");
    Carried carried = Carried.here();
    return () -> carried.call(task);
  }

  /**
   * {@return a supplier that calls {@code task} with the token that is current now}, for {@code
   * CompletableFuture.supplyAsync}
   *
   * @param <T> what it returns
   * @param task what to call
   */
  public static <T extends @Nullable Object> Supplier<T> wrapSupplier(Supplier<T> task) {
    Objects.requireNonNull(task, "task");
    Carried carried = Carried.here();
    return () -> carried.get(task);
  }

  /**
   * {@return a function that calls {@code task} with the token that is current now}, for stages
   * that run on whichever thread completes the stage before
   *
   * @param <A> what it takes
   * @param <T> what it returns
   * @param task what to call
   */
  public static <A extends @Nullable Object, T extends @Nullable Object>
      Function<A, T> wrapFunction(Function<A, T> task) {
    Objects.requireNonNull(task, "task");
    Carried carried = Carried.here();
    return argument -> carried.get(() -> task.apply(argument));
  }

  /**
   * {@return an executor that runs each task with the token that was current where the task was
   * submitted}
   *
   * <p>For pools shared by many. For the stages of one {@code CompletableFuture} use {@link
   * #wrapExecutor}: they are submitted by whichever thread completed the stage before, where
   * another token or none may be current.
   *
   * @param executor runs the tasks
   */
  public static Executor propagatingExecutor(Executor executor) {
    Objects.requireNonNull(executor, "executor");
    return task -> executor.execute(wrap(task));
  }

  /**
   * {@return an executor that runs each task with the token that is current now}
   *
   * @param executor runs the tasks
   */
  public static Executor wrapExecutor(Executor executor) {
    Objects.requireNonNull(executor, "executor");
    Carried carried = Carried.here();
    return task -> {
      Objects.requireNonNull(task, "task");
      executor.execute(() -> carried.run(task));
    };
  }

  /**
   * {@return the executor for callbacks that may block} Its threads are platform threads, daemons,
   * made when needed, 256 at most, kept for ten idle seconds and shared by the process; when all
   * are busy, callbacks wait for one. It refuses nothing: if the machine has no thread to give, it
   * is tried again, and logged. A callback on it is handed over before any other callback runs, so
   * that it does not wait behind a slow one. What a callback throws goes to its thread's
   * uncaught-exception handler.
   *
   * {@snippet class="dev.desist.snippets.DispatcherSnippets" region="dispatcher"}
   */
  public static Executor dispatcher() {
    return Lane.CALLBACKS;
  }
}
