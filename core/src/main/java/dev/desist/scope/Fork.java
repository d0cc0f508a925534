package dev.desist.scope;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Deadline;
import dev.desist.Leftover;
import dev.desist.Outcome;
import dev.desist.TimeSource;
import dev.desist.internal.Ambient;
import dev.desist.internal.Foreign;
import dev.desist.internal.GuardedThread;
import dev.desist.internal.Overdue;
import dev.desist.internal.Stack;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/*
 * Overview: a subtask, from both sides: what its thread runs, and what others hold. There may be hundreds of thousands, so an
 * idle one is one object; its token, and what is needed to interrupt it and to wait for it, is made when somebody asks.
 *
 * States:      WAITING (value is the task, thread null) -> RUNNING (thread set) -> LEAVING (thread is NOBODY) -> ENDED (value
 *              is the outcome). WAITING -> LEAVING -> ENDED for one that never starts. What leaves WAITING is a compare-and-set
 *              of `thread`, or, while it is in its scope's queue, taking it out of that under the scope's lock.
 * Invariants:  1. `thread` is set before the token is asked whether to begin, and abort cancels before it looks at `thread`. So
 *                 an abort either keeps the task from beginning or finds its thread.
 *              2. The task is a guarded call around everything else on its thread, for whoever aborts it: made under the monitor
 *                 of Control while `thread` is set. The thread, having cleared it, passes through that monitor if there is a
 *                 Control by then, and leaves the call: from there on no interrupt comes, and what is left of one is cleared.
 *              3. Control is made once, by compare-and-set. Who makes it asks afterwards whether the subtask has ended, and who
 *                 ends the subtask asks afterwards whether there is a Control: one of them closes its source.
 * Ordering:    `value` and `thread` are volatile, and CONTROL is read and set in volatile mode where invariants 1 to 3 need it.
 * Progress:    nobody waits for the monitor of Control, which is held for a few steps, nor for that of the list of those who
 *              wait. What the guarded call promises is in GuardedThread.
 */
sealed class Fork<T extends @Nullable Object>
    implements Subtask<T>,
        Runnable,
        Ambient.Host,
        Overdue.Work,
        ScopedValue.CallableOp<Outcome<T>, RuntimeException>
    permits Contest.Entrant {
  private static final VarHandle CONTROL;
  private static final VarHandle THREAD;

  /** Stands for the thread of a subtask that is over, or never begins. */
  private static final Thread NOBODY = Thread.ofVirtual().unstarted(() -> {});

  static {
    try {
      var lookup = MethodHandles.lookup();
      CONTROL = lookup.findVarHandle(Fork.class, "control", Control.class);
      THREAD = lookup.findVarHandle(Fork.class, "thread", Thread.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** What is made when somebody asks for the token, or waits. */
  private static final class Control {
    final CancellationSource source;

    /** Guarded by itself. */
    final List<Thread> waiting = new ArrayList<>(1);

    /** What a cancelled task threw, if not our exception. Written by its thread before it ends. */
    @Nullable Throwable ending;

    /** The task as a guarded call; made when it is first needed. Guarded by this. */
    GuardedThread.@Nullable Call guard;

    Control(CancellationSource source) {
      this.source = source;
    }
  }

  private static final Outcome<?> NO_MEMORY =
      new Outcome.Failure<>(new OutOfMemoryError("no memory for what was thrown"));

  private final TaskScope<?, ?> scope;
  private final @Nullable String name;

  /** The task, a Callable, until the outcome takes its place. */
  private volatile Object value;

  /**
   * The thread while the task runs; null before, and NOBODY from then on. Set by that thread, or,
   * if it never begins, by who finds that out.
   */
  private volatile @Nullable Thread thread;

  @SuppressWarnings("UnusedVariable") // used through CONTROL
  private @Nullable Control control;

  /** Neighbours in the scope's list; guarded by the scope's lock. */
  @Nullable Fork<?> next;

  @Nullable Fork<?> previous;

  Fork(TaskScope<?, ?> scope, @Nullable String name, Callable<? extends T> task) {
    this.scope = scope;
    this.name = name;
    this.value = task;
  }

  // ---- on the subtask's thread ----

  /**
   * Makes the caller the one who ends this subtask: its thread, before it begins, or whoever finds
   * that it is not to begin any more.
   */
  final boolean claim() {
    return THREAD.compareAndSet(this, null, NOBODY);
  }

  /** One frame between the thread and the task: with very many of them, its size tells. */
  @Override
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
            scope.time() == TimeSource.current()
                ? callBound()
                : TimeSource.callWith(scope.time(), this::callBound);
      }
    } catch (Throwable e) {
      outcome = new Outcome.Failure<>(e); // not the task's: that is caught around it
    }
    leave(outcome);
  }

  /** The token is made when it is first asked for, or at once if another one is current. */
  private Outcome<T> callBound() {
    return Ambient.CURRENT.isBound()
        ? Cancellation.call(token(), this::call)
        : Ambient.binding(this).call(this);
  }

  /**
   * The task, and how it ends: nothing is thrown through the frames of the binding, where that
   * takes longer than all the rest.
   */
  @Override
  @SuppressWarnings("unchecked") // the value is the task until the end
  public final Outcome<T> call() {
    try {
      return new Outcome.Success<>(((Callable<T>) value).call());
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
      Control made = (Control) CONTROL.getVolatile(this);
      GuardedThread.Call guard = made == null ? null : guard(made, null);
      if (made != null && guard != null) {
        GuardedThread.Ending _ = guard.leave(false);
        synchronized (made) {
          made.guard = null; // it leads to the thread
        }
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
      end(outcome);
    }
  }

  /**
   * At the end of the task: closes the scopes that it opened and has not closed. A scope asks for
   * the current token when it is opened, and so does a shield: without a Control there is none.
   */
  private @Nullable RuntimeException closeLeaked() {
    return CONTROL.getVolatile(this) == null ? null : scope.closeLeaked();
  }

  private @Nullable CancellationReason reasonToStop() {
    Control made = (Control) CONTROL.getVolatile(this);
    CancellationToken token = made == null ? scope.token() : made.source.token();
    return token.isCancelled() ? token.reason().orElseThrow() : null;
  }

  /** The outcome of a task that threw {@code e}: cancelled if that comes from its own token. */
  private Outcome<T> classify(Throwable e) {
    CancellationReason reason = reasonToStop();
    if (reason == null || !(isOwnEnd(e) || (e instanceof Exception && endedByInterrupt(e)))) {
      return new Outcome.Failure<>(e);
    }
    if (!(e instanceof CancelledException)) {
      control().ending = e;
    }
    return new Outcome.Cancelled<>(reason);
  }

  /** Whether {@code e} comes from the cancellation of this subtask, or of its scope. */
  private boolean isOwnEnd(Throwable e) {
    Control made = (Control) CONTROL.getVolatile(this);
    return (made != null && made.source.token().caused(e)) || scope.token().caused(e);
  }

  /** Whether the task was interrupted by us, and that is why it threw {@code e}. */
  private boolean endedByInterrupt(Throwable e) {
    Control made = (Control) CONTROL.getVolatile(this);
    GuardedThread.Call guard = made == null ? null : guard(made, null);
    return guard != null && guard.ending().explains(e);
  }

  /** What the task threw, but for our own exception; null if it threw nothing else. */
  @Nullable Throwable failure() {
    if (value instanceof Outcome.Failure<?>(Throwable exception)) {
      return exception;
    }
    Control made = (Control) CONTROL.getVolatile(this);
    return made == null ? null : made.ending;
  }

  /** For who reports a cancelled subtask: with what others had made of its cancellation, if so. */
  CancelledException cancelled() {
    return new CancelledException(token(), control().ending);
  }

  // ---- the task as a guarded call ----

  /**
   * The guarded call; made for {@code running}, if that is the thread of the task, and there is
   * none.
   */
  private GuardedThread.@Nullable Call guard(Control made, @Nullable Thread running) {
    synchronized (made) {
      if (made.guard == null && running != null && running == thread) {
        made.guard = new GuardedThread(running).enter();
      }
      return made.guard;
    }
  }

  /** The guarded call, for code on {@code current}; null if that is not the thread of the task. */
  private GuardedThread.@Nullable Call guard(Thread current) {
    return current == thread ? guard(control(), current) : null;
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

  /** {@return {@code e} as an outcome, or, if there is no memory for it, the want of it} */
  static Outcome<?> failure(Throwable e) {
    try {
      return new Outcome.Failure<>(e);
    } catch (OutOfMemoryError none) {
      return NO_MEMORY;
    }
  }

  /** Ends this subtask, on its thread or, if it never starts, on whichever finds that out. */
  void end(Outcome<?> outcome) {
    end(outcome, true);
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

  private void end(Outcome<?> outcome, boolean ran) {
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
    Control made = (Control) CONTROL.getVolatile(this);
    if (made != null) {
      try {
        made.source.close();
      } catch (Throwable e) {
        Foreign.report(e);
      }
    }
  }

  void wakeWaiting() {
    Control made = (Control) CONTROL.getVolatile(this);
    if (made != null) {
      synchronized (made.waiting) {
        for (int i = 0; i < made.waiting.size(); i++) { // allocates nothing
          LockSupport.unpark(made.waiting.get(i));
        }
      }
    }
  }

  // ---- on any thread ----

  private Control control() {
    var made = (Control) CONTROL.getVolatile(this);
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

  TaskScope<?, ?> scope() {
    return scope;
  }

  @Override
  public String key() {
    return '"' + (name != null ? name : scope.name()) + '"';
  }

  @Override
  public Overdue.Sight look(boolean leftBehind) {
    Thread running = thread();
    CancellationReason reason = token().reason().orElseThrow();
    var leftover =
        new Leftover(
            name(),
            scope.name(),
            null,
            running == null ? "a thread that is about to end it" : Foreign.nameOf(running),
            reason,
            Overdue.since(reason.origin().time(), scope.time()::instant),
            leftBehind,
            running == null ? List.of() : Foreign.stackOf(running));
    return new Overdue.Sight(leftover, leftover.sentence());
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
    return (name == null ? "a subtask" : "subtask \"" + name + '"') + scope.suffix();
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

  /** Has a running task interrupted, unless it is the one that calls. */
  void interrupt() {
    Thread running = thread();
    if (running != null && running != Thread.currentThread()) {
      GuardedThread.Call guard = guard(control(), running);
      if (guard != null) {
        guard.run();
      }
    }
  }

  @Override
  public void await() throws InterruptedException {
    await(CancellationToken.none(), Deadline.none());
  }

  @Override
  public boolean await(Duration timeout) throws InterruptedException {
    return await(CancellationToken.none(), Deadline.after(timeout));
  }

  @Override
  public void await(CancellationToken token) throws InterruptedException {
    Objects.requireNonNull(token, "token");
    if (!await(token, Deadline.none())) {
      throw new CancelledException(token);
    }
  }

  private boolean await(CancellationToken token, Deadline deadline) throws InterruptedException {
    if (isEnded()) {
      return true;
    }
    if (thread == Thread.currentThread()) {
      throw new IllegalStateException(title() + " must not wait for its own end");
    }
    Stack.reserve();
    Control made = control();
    synchronized (made.waiting) {
      made.waiting.add(Thread.currentThread());
    }
    try {
      token.awaitOr(this::isEnded, deadline);
    } finally {
      synchronized (made.waiting) {
        made.waiting.remove(Thread.currentThread());
      }
    }
    return isEnded();
  }

  @Override
  public String toString() {
    return "Subtask[" + title() + ", " + state() + ']';
  }
}
