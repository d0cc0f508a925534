package dev.desist.scope;

import dev.desist.Action;
import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Deadline;
import dev.desist.Outcome;
import dev.desist.TimeSource;
import dev.desist.internal.Ambient;
import dev.desist.internal.Fields;
import dev.desist.internal.Foreign;
import dev.desist.internal.GuardedThread;
import dev.desist.internal.Overdue;
import dev.desist.internal.Stack;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/*
 * Overview: a subtask, from both sides: what its thread runs, and what others hold. There may be
 * hundreds of thousands, so an idle one is one object; what is needed to cancel it alone, to
 * interrupt it and to wait for it is a Control, made when somebody asks.
 *
 * States:      WAITING  value is the task, thread is null
 *              RUNNING  thread is the thread
 *              LEAVING  thread is NOBODY
 *              ENDED    value is the outcome
 *              WAITING -> RUNNING -> LEAVING -> ENDED; WAITING -> LEAVING -> ENDED for one that
 *              never starts. What leaves WAITING is a compare-and-set of `thread`, or, while it is
 *              in its scope's queue, taking it out of that under the scope's lock.
 * Invariants:  1. `thread` is set before the token is asked whether to begin, and abort cancels
 *                 before it looks at `thread`. So an abort either keeps the task from beginning or
 *                 finds its thread.
 *              2. The task is a guarded call around everything else on its thread, for whoever
 *                 aborts it: made under the monitor of Control while `thread` is set. The thread,
 *                 having cleared it, passes through that monitor if there is a Control by then, and
 *                 leaves the call: from there on no interrupt comes, and what is left of one is
 *                 cleared (promise 18).
 *              3. Control is made once, by compare-and-set. Whoever makes it asks afterwards
 *                 whether the subtask has ended, and whoever ends the subtask asks afterwards
 *                 whether there is a Control: one of them closes its source.
 * Ordering:    `value` and `thread` are volatile; CONTROL is read and set in volatile mode where
 *              invariants 1 to 3 need it.
 * Progress:    nobody waits for the monitor of Control, which is held for a few steps. What the
 *              guarded call promises is in GuardedThread.
 */
sealed class Fork<T extends @Nullable Object>
    implements Subtask<T>,
        Runnable,
        Ambient.Host,
        Overdue.Work,
        ScopedValue.CallableOp<Object, RuntimeException>
    permits Contest.Entrant {
  private static final VarHandle CONTROL =
      Fields.of(MethodHandles.lookup(), "control", Control.class);
  private static final VarHandle THREAD = Fields.of(MethodHandles.lookup(), "thread", Thread.class);

  /** Stands for the thread of a subtask that is over, or never begins. */
  private static final Thread NOBODY = Thread.ofVirtual().unstarted(() -> {});

  private final Lifecycle<?, ?> scope;
  private final @Nullable String name;

  /** The task, a Callable or an Action, until the outcome takes its place. */
  private volatile Object value;

  /**
   * The thread while the task runs; null before, and NOBODY from then on. Set by that thread, or,
   * if it never begins, by whoever finds that out.
   */
  private volatile @Nullable Thread thread;

  @SuppressWarnings("UnusedVariable") // used through CONTROL
  private @Nullable Control control;

  /** Neighbours in the scope's list; guarded by the scope's lock. */
  @Nullable Fork<?> next;

  @Nullable Fork<?> previous;

  /** The task is a Callable that gives a T, or an Action. */
  Fork(Lifecycle<?, ?> scope, @Nullable String name, Object task) {
    this.scope = scope;
    this.name = name;
    this.value = task;
  }

  /** One that gives null, whatever else {@code task} may be. */
  @SuppressWarnings("UnnecessaryMethodReference") // it hides what else
  static <T extends @Nullable Object> Fork<@Nullable T> of(
      Lifecycle<?, ?> scope, @Nullable String name, Action<?> task) {
    Action<?> plain = task instanceof Callable ? task::perform : task;
    return new Fork<>(scope, name, plain);
  }

  // ---- on the subtask's thread ----

  /**
   * Makes the caller the one who ends this subtask: its thread, before it begins, or whoever finds
   * that it is not to begin any more.
   */
  final boolean claim() {
    return THREAD.compareAndSet(this, null, NOBODY);
  }

  /** As few frames between the thread and the task as can be: with very many, their size tells. */
  @Override
  @SuppressWarnings("unchecked") // what the call gives is an outcome of the task
  public void run() {
    if (!THREAD.compareAndSet(this, null, Thread.currentThread())) {
      return;
    }
    Outcome<T> outcome;
    try {
      CancellationReason reason = reasonToStop();
      if (reason != null) {
        outcome = new Outcome.Cancelled<>(reason);
      } else {
        outcome =
            (Outcome<T>)
                (scope.time() == TimeSource.current()
                    ? callBound()
                    : TimeSource.callWith(scope.time(), this::callBound));
      }
    } catch (Throwable e) {
      outcome = new Outcome.Failure<>(e); // not the task's: that is caught around it
    }
    leave(outcome);
  }

  /** The token is made when it is first asked for, or at once if another one is current. */
  private Object callBound() {
    return Ambient.CURRENT.isBound()
        ? Cancellation.call(token(), this::call)
        : Ambient.binding(this).call(this);
  }

  /**
   * The task, and how it ends, which is an outcome: nothing is thrown through the frames of the
   * binding, where that takes longer than all the rest. Declared to give an Object, since anything
   * else would cost another frame.
   */
  @Override
  @SuppressWarnings("NullAway") // an action gives null, which those who fork it know
  public final Object call() {
    Object task = value;
    try {
      if (task instanceof Callable<?> callable) {
        return new Outcome.Success<Object>(callable.call());
      }
      ((Action<?>) task).perform();
      return new Outcome.Success<Object>(null);
    } catch (Throwable e) {
      return classify(e);
    }
  }

  /**
   * On the task's thread, after all that was cancelled with it: what became of the task, given what
   * it gave and whether that is to count. The place to dispose of a value.
   */
  void arrived(Outcome<T> found, boolean counts) {}

  private void leave(Outcome<T> found) {
    thread = NOBODY;
    Throwable leak;
    try {
      Control made = made();
      if (made != null) {
        made.leave();
      }
      leak = closeLeaked();
    } catch (Throwable e) {
      leak = e; // it ends all the same
    }
    Outcome<T> outcome = found;
    if (leak != null) {
      if (found instanceof Outcome.Failure<T>(Throwable exception)) {
        Foreign.suppress(leak, exception);
      }
      outcome = new Outcome.Failure<>(leak);
    }
    try {
      arrived(found, leak == null);
    } finally {
      end(outcome, true);
    }
  }

  /**
   * At the end of the task: closes the scopes that it opened and has not closed. A scope asks for
   * the current token when it is opened, and so does a shield: without a Control there is none.
   */
  private @Nullable RuntimeException closeLeaked() {
    return made() == null ? null : scope.closeLeaked();
  }

  private @Nullable CancellationReason reasonToStop() {
    Control made = made();
    CancellationToken token = made == null ? scope.token() : made.source.token();
    return token.isCancelled() ? token.reason().orElseThrow() : null;
  }

  /** The outcome of a task that threw {@code e}: cancelled if that comes from its own token. */
  private Outcome<T> classify(Throwable e) {
    CancellationReason reason = reasonToStop();
    if (reason == null || !isOwnEnd(e)) {
      return new Outcome.Failure<>(e);
    }
    if (!(e instanceof CancelledException)) {
      control().ending = e;
    }
    return new Outcome.Cancelled<>(reason);
  }

  /** Whether {@code e} comes from the cancellation of this subtask, or of its scope. */
  private boolean isOwnEnd(Throwable e) {
    Control made = made();
    return scope.token().caused(e) || (made != null && made.isOwnEnd(e));
  }

  /** What the task threw, but for our own exception; null if it threw nothing else. */
  @Nullable Throwable failure() {
    if (value instanceof Outcome.Failure<?>(Throwable exception)) {
      return exception;
    }
    Control made = made();
    return made == null ? null : made.ending;
  }

  /** To report a cancelled subtask: with what others had made of its cancellation, if so. */
  CancelledException cancelled() {
    return new CancelledException(token(), control().ending);
  }

  /** The guarded call, for code on {@code current}; null if that is not the thread of the task. */
  private GuardedThread.@Nullable Call guard(Thread current) {
    return current == thread ? control().guard(this, current) : null;
  }

  @Override
  public @Nullable GuardedThread guarded(Thread current) {
    GuardedThread.Call guard = guard(current);
    return guard == null ? null : guard.guarded(); // others inherit the binding: the JDK's subtasks
  }

  @Override
  public void listened(Thread current) {
    GuardedThread.Call guard = guard(current);
    if (guard != null) {
      guard.listened();
    }
  }

  @Override
  public boolean listens(Thread current) {
    GuardedThread.Call guard = guard(current);
    return guard != null && guard.listens();
  }

  /**
   * Ends this subtask, which was cancelled before it began, and which the caller has claimed or
   * taken out of the queue.
   *
   * @param started whether it had a thread, and so counts as running
   */
  void withdraw(boolean started) {
    end(new Outcome.Cancelled<>(Objects.requireNonNull(reasonToStop())), started);
  }

  /** As a withdrawal, under the scope's lock: all the rest follows. */
  void drop(CancellationReason reason) {
    value = new Outcome.Cancelled<>(reason);
  }

  /**
   * Ends this subtask, on its thread or, if it never starts, on whichever finds that out.
   *
   * @param ran whether it counts as running
   */
  void end(Outcome<?> outcome, boolean ran) {
    try {
      settle(outcome);
    } finally {
      scope.ended(this, ran);
    }
  }

  /** Publishes how this subtask ended, and lets go of what hangs on it. */
  void settle(Outcome<?> outcome) {
    value = outcome;
    release();
    wakeWaiting();
  }

  /** Lets go of the token; callbacks that are left on it run now. */
  void release() {
    Control made = made();
    if (made != null) {
      try {
        made.source.close();
      } catch (Throwable e) {
        Foreign.report(e);
      }
    }
  }

  void wakeWaiting() {
    Control made = made();
    if (made != null) {
      made.wake();
    }
  }

  private @Nullable Control made() {
    return (Control) CONTROL.getVolatile(this);
  }

  private Control control() {
    Control made = made();
    if (made != null) {
      return made;
    }
    var mine = new Control(name == null ? scope.token().child() : scope.token().child(name));
    made = (Control) CONTROL.compareAndExchange(this, null, mine);
    if (made != null) {
      mine.source.close();
      return made;
    }
    if (isEnded()) {
      mine.source.close(); // invariant 3
    }
    return mine;
  }

  @Override
  public boolean isEnded() {
    return value instanceof Outcome;
  }

  Lifecycle<?, ?> scope() {
    return scope;
  }

  @Override
  public String key() {
    return '"' + (name != null ? name : scope.settings().nameOrUnnamed()) + '"';
  }

  @Override
  public Overdue.Sight look(boolean leftBehind) {
    return Patience.look(this, leftBehind);
  }

  boolean hasName() {
    return name != null;
  }

  /** The thread, while the task is running. */
  @Nullable Thread thread() {
    Thread running = thread;
    return running == NOBODY ? null : running;
  }

  @Override
  public String name() {
    return name != null ? name : "unnamed";
  }

  /** For messages. */
  String title() {
    return (name == null ? "a subtask" : "subtask \"" + name + '"') + scope.settings().suffix();
  }

  @Override
  @SuppressWarnings("unchecked")
  public Optional<Outcome<T>> outcome() {
    return value instanceof Outcome<?> outcome
        ? Optional.of((Outcome<T>) outcome)
        : Optional.empty();
  }

  @Override
  public State state() {
    return switch (value) {
      case Outcome.Success<?> _ -> State.SUCCESS;
      case Outcome.Failure<?> _ -> State.FAILED;
      case Outcome.Cancelled<?> _ -> State.CANCELLED;
      default -> State.UNAVAILABLE;
    };
  }

  @Override
  @SuppressWarnings("unchecked")
  public T get() {
    return switch (value) {
      case Outcome.Success<?> success -> (T) success.value();
      case Outcome.Failure<?> failure ->
          throw new IllegalStateException(title() + " failed", failure.exception());
      case Outcome.Cancelled<?> cancelled ->
          throw new IllegalStateException(
              title() + " was cancelled because " + cancelled.reason().message());
      default -> throw new IllegalStateException(title() + " has not ended");
    };
  }

  @Override
  public Throwable exception() {
    if (value instanceof Outcome.Failure<?>(Throwable exception)) {
      return exception;
    }
    throw new IllegalStateException(title() + " must have failed: " + state());
  }

  @Override
  public CancellationToken token() {
    return control().source.token();
  }

  @Override
  public boolean cancel(CancellationReason reason) {
    Objects.requireNonNull(reason, "reason");
    if (isEnded()) {
      return false;
    }
    Stack.reserve();
    try {
      return control().source.cancel(reason);
    } finally {
      scope.withdraw(this);
    }
  }

  @Override
  public boolean abort(CancellationReason reason) {
    Objects.requireNonNull(reason, "reason");
    try {
      return cancel(reason);
    } finally {
      interrupt();
    }
  }

  /** Has a running task interrupted, unless it is the one that calls (promise 22). */
  void interrupt() {
    Thread running = thread();
    if (running != null && running != Thread.currentThread()) {
      GuardedThread.Call guard = control().guard(this, running);
      if (guard != null) {
        guard.run();
      }
    }
  }

  @Override
  public void await(CancellationToken token) throws InterruptedException {
    boolean _ = await(Cancellation.currentWith(token), Deadline.none());
  }

  @Override
  public boolean await(CancellationToken token, Duration timeout) throws InterruptedException {
    return await(Cancellation.currentWith(token), Deadline.after(timeout));
  }

  @Override
  public void await() throws InterruptedException {
    boolean _ = await(CancellationToken.none(), Deadline.none());
  }

  @Override
  public boolean await(Duration timeout) throws InterruptedException {
    return await(CancellationToken.none(), Deadline.after(timeout));
  }

  private boolean await(CancellationToken obeyed, Deadline until) throws InterruptedException {
    if (!isEnded()) {
      if (thread == Thread.currentThread()) {
        throw new IllegalStateException(title() + " must not wait for its own end");
      }
      Stack.reserve();
      control().await(this, obeyed, until);
    }
    if (!isEnded()) {
      obeyed.throwIfCancelled();
    }
    return isEnded();
  }

  @Override
  public String toString() {
    return "Subtask[" + title() + ", " + state() + ']';
  }
}
