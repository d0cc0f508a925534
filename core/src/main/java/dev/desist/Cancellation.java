package dev.desist;

import dev.desist.internal.Ambient;
import dev.desist.internal.Arguments;
import dev.desist.internal.GuardedThread;
import dev.desist.internal.Lane;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The ambient token: the one that the code running now is meant to obey, for code that is not
 * handed one.
 *
 * <p>It is bound for the extent of a call by {@link #run} or {@link #call}, and seen by everything
 * that call does on the same thread. It does not travel to other threads by itself: carry it there
 * with a {@link #carrier()}. Only the forks of a {@code StructuredTaskScope} of the JDK's that is
 * opened inside the call have it, as they have every {@link ScopedValue}. A token passed as a
 * parameter is faster and plainer; the ambient one is for the layers that cannot be changed to take
 * one.
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
  private Cancellation() {}

  /** {@return the token bound for the running code, else {@link CancellationToken#none()}} */
  public static CancellationToken current() {
    Object bound = Ambient.CURRENT.orElse(CancellationToken.none());
    return bound instanceof CancellationToken token
        ? token
        : (CancellationToken) ((Ambient.Host) bound).token();
  }

  /**
   * {@return what code that was given {@code token} is to obey: that, and the current token as
   * well} One of the two if it descends from the other, else one that is cancelled by either.
   *
   * <p>What every wait of this library does with a token that it is given, and what an adapter of
   * one's own does first: no token that a caller has made current is lost because another one was
   * passed. In a {@linkplain #shielded(Action) shield} no other is current, and {@code token} is
   * what is given.
   *
   * @param token what was given
   */
  public static CancellationToken currentWith(CancellationToken token) {
    Objects.requireNonNull(token, "token");
    return within(token);
  }

  /**
   * Runs {@code body} with {@code token} as the current token. The token that was current before is
   * not lost: if {@code token} does not descend from it, the body sees a token that is cancelled by
   * either. Only {@link #shielded(Action)} hides it.
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
   * Calls {@code body} with {@code token} as the current token, as {@link #run} does.
   *
   * @param <T> what the body returns
   * @param <X> what the body throws
   * @param token what the body is to obey
   * @param body what to call, on the calling thread
   * @return what the body returned
   * @throws X what the body threw
   */
  public static <T extends @Nullable Object, X extends Exception> T call(
      CancellationToken token, Task<T, X> body) throws X {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(body, "body");
    return bound(within(token)).call(body::call);
  }

  /**
   * Performs {@code body} with {@code token} as the current token, as {@link #run} does, for a body
   * that throws.
   *
   * @param <X> what the body throws
   * @param token what the body is to obey
   * @param body what to do, on the calling thread
   * @throws X what the body threw
   */
  public static <X extends Exception> void call(CancellationToken token, Action<X> body) throws X {
    Objects.requireNonNull(body, "body");
    call(token, valueless(body));
  }

  private static <X extends Exception> Task<Boolean, X> valueless(Action<X> body) {
    return () -> {
      body.perform();
      return true;
    };
  }

  /** {@code token}, or one that is cancelled by it and by the current one (promise 12). */
  private static CancellationToken within(CancellationToken token) {
    CancellationToken current = current();
    Node outer = current.node();
    Node inner = token.node();
    if (outer == null || (inner != null && Lineage.descends(inner, outer))) {
      return token;
    }
    if (inner == null || Lineage.descends(outer, inner)) {
      return current;
    }
    // Not closed at the end of the body, which may have carried it to threads that go on: the
    // collector frees it.
    return CancellationSource.linkedTo(token, current).token();
  }

  /**
   * Performs {@code body} so that it does not see the current token: for clean-up that must not be
   * cut short. Nor does an interrupt of this library come in, be it that a subtask was aborted, a
   * grace period is over, or a guarded call around the shield is to end: it comes when the shield
   * has ended, if what it is for has not. Interrupts that others send are not held back. Deadlines
   * and tokens that the body itself sets work as usual. When the shield ends, the outer token is
   * seen again, cancelled or not.
   *
   * {@snippet class="dev.desist.snippets.AmbientSnippets" region="shield"}
   *
   * @param <X> what the body throws
   * @param body what to do, on the calling thread
   * @throws X what the body threw
   */
  public static <X extends Exception> void shielded(Action<X> body) throws X {
    Objects.requireNonNull(body, "body");
    shielded(valueless(body));
  }

  /**
   * Calls {@code body} so that it does not see the current token, as {@link #shielded(Action)}
   * does.
   *
   * @param <T> what the body returns
   * @param <X> what the body throws
   * @param body what to call, on the calling thread
   * @return what the body returned
   * @throws X what the body threw
   */
  public static <T extends @Nullable Object, X extends Exception> T shielded(Task<T, X> body)
      throws X {
    Objects.requireNonNull(body, "body");
    CancellationToken _ = current(); // so that its host makes it, which knows then of the nesting
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
    sleepUnder(current(), duration);
  }

  /**
   * Sleeps, but not on after {@code token}, or the current token, is cancelled.
   *
   * @param token what to obey, beside the current token
   * @param duration how long, by the token's {@link TimeSource}; zero is a checkpoint
   * @throws CancelledException if a token is or becomes cancelled
   * @throws InterruptedException if the thread is interrupted
   * @throws IllegalArgumentException if the duration is negative
   */
  public static void sleep(CancellationToken token, Duration duration) throws InterruptedException {
    sleepUnder(currentWith(token), duration);
  }

  private static void sleepUnder(CancellationToken token, Duration duration)
      throws InterruptedException {
    if (token.await(Arguments.notNegative(duration, "duration"))) {
      throw new CancelledException(token);
    }
  }

  // ---- to other threads ----

  /**
   * {@return what carries the token that is current now, and the time source, to other threads}
   *
   * {@snippet class="dev.desist.snippets.AmbientSnippets" region="carry"}
   */
  public static Carrier carrier() {
    return new Carrier(current(), TimeSource.current());
  }

  /**
   * Carries a token, and a time source, to whatever thread it is used on, as often as one likes.
   * Use it in the task, not around the thread: a pooled thread outlives the token of whoever
   * happened to start it. Where a token is current already, what runs obeys both.
   */
  public static final class Carrier {
    private final CancellationToken token;
    private final TimeSource time;

    private Carrier(CancellationToken token, TimeSource time) {
      this.token = token;
      this.time = time;
    }

    /**
     * Calls {@code body} with what is carried, as {@link Cancellation#call} does.
     *
     * @param <T> what the body returns
     * @param <X> what the body throws
     * @param body what to call, on the calling thread
     * @return what the body returned
     * @throws X what the body threw
     */
    public <T extends @Nullable Object, X extends Exception> T call(Task<T, X> body) throws X {
      Objects.requireNonNull(body, "body");
      return TimeSource.callWith(time, () -> Cancellation.call(token, body));
    }

    /**
     * Performs {@code body} with what is carried, as {@link Cancellation#call} does.
     *
     * @param <X> what the body throws
     * @param body what to do, on the calling thread
     * @throws X what the body threw
     */
    public <X extends Exception> void call(Action<X> body) throws X {
      Objects.requireNonNull(body, "body");
      call(valueless(body));
    }

    /**
     * {@return an executor that runs each task with what is carried} For the stages of a {@code
     * CompletableFuture}: they are submitted by whichever thread completed the stage before, where
     * another token or none may be current.
     *
     * @param executor runs the tasks
     */
    public Executor executor(Executor executor) {
      Objects.requireNonNull(executor, "executor");
      return task -> {
        Objects.requireNonNull(task, "task");
        executor.execute(() -> call(task::run));
      };
    }
  }

  /**
   * {@return an executor that runs each task with the token that was current where the task was
   * submitted} For pools shared by many; for one piece of work in stages, see {@link
   * Carrier#executor}.
   *
   * @param executor runs the tasks
   */
  public static Executor propagatingExecutor(Executor executor) {
    Objects.requireNonNull(executor, "executor");
    return task -> carrier().executor(executor).execute(task);
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
