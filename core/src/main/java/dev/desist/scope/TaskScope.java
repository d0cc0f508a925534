package dev.desist.scope;

import dev.desist.Cancellation;
import dev.desist.CancellationCallbackException;
import dev.desist.CancellationReason;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Deadline;
import dev.desist.Outcome;
import dev.desist.TimeSource;
import dev.desist.internal.Ambient;
import dev.desist.internal.Foreign;
import dev.desist.internal.Overdue;
import dev.desist.internal.Prompt;
import dev.desist.internal.Stack;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
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
 *   <li>A scope is {@linkplain #open(Joiner) opened} by the thread that will own it. Its {@link
 *       #token()} descends from the token that is current there, with its deadlines.
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
    implements AutoCloseable {
  /*
   * Overview: a scope counts its subtasks and links them in a list; its token tells them to stop. It has one waiting thread of
   * its own, the owner, and wakes it when the count comes to zero.
   *
   * States:      OPEN -> JOINED -> CLOSED, OPEN -> CLOSED; written by the owner under the lock.
   * Invariants:  1. A subtask is in the list, and counted, from the fork until it has ended and the joiner has been told. A
   *                 fork by another thread than the owner is counted while it is under way, so join waits for what the
   *                 joiner was told of.
   *              2. A subtask is accepted, and a fork counted, only under the lock, while OPEN and while the token is live. So
   *                 after the token is cancelled or the phase has left OPEN, the count only falls, and zero is final.
   *              3. `stopReason` is set before the token is cancelled with it. So who sees the token cancelled knows whether
   *                 the joiner did it: the token's reason is `stopReason`, or never will be.
   * Lock:        guards what says so. Held for a few loads and stores; it is taken before the locks of the engine's nodes, and
   *              no user code runs and no thread starts under it.
   * Progress:    only the owner waits, and for its subtasks alone. A subtask waits for nobody.
   */

  /** How long to wait for memory, each time. */
  private static final long AGAIN_NANOS = 1_000_000;

  /** What the threads that own scopes have open, innermost first. */
  private static final ThreadLocal<@Nullable TaskScope<?, ?>> INNERMOST = new ThreadLocal<>();

  private static final ThreadFactory VIRTUAL = Thread.ofVirtual().factory();
  private static final ThreadFactory PLATFORM = Thread.ofPlatform().daemon().factory();

  /** Of the failures that are not the first, how many are kept to be suppressed. */
  private static final int KEPT = 100;

  private static final VarHandle STOP_REASON;

  static {
    try {
      STOP_REASON =
          MethodHandles.lookup()
              .findVarHandle(TaskScope.class, "stopReason", CancellationReason.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private enum Phase {
    OPEN,
    JOINED,
    CLOSED
  }

  private final Joiner<? super T, ? extends R> joiner;
  private final Configuration configuration;
  private final Thread owner = Thread.currentThread();
  private final @Nullable TaskScope<?, ?> enclosing = INNERMOST.get();

  /** The subtask that this scope was opened in, if any. */
  private final Ambient.@Nullable Host task = Ambient.host();

  private final TimeSource time = TimeSource.current();
  private final Deadline deadline;
  private final CancellationSource source;
  private final Object lock = new Object();

  /** Written by the owner under the lock; read without it by who needs no more than a hint. */
  private volatile Phase phase = Phase.OPEN;

  /**
   * Subtasks that have not ended, and forks under way. Guarded by the lock; read without it by who
   * waits.
   */
  private volatile int live;

  /** Why the joiner stopped this scope. Set once, by whichever subtask comes first. */
  private volatile @Nullable CancellationReason stopReason;

  // What follows is guarded by the lock.

  /** The subtasks that have not ended. */
  private @Nullable Fork<?> first;

  /** Of these, how many have a thread; counted only if there is a limit. */
  private int running;

  /** Those that wait for one of the others to end. */
  private @Nullable LinkedHashSet<Fork<?>> queue;

  /** Drops those that wait, when this scope is cancelled; null if none ever waits. */
  private final @Nullable CancellationRegistration dropping;

  /** Those that waited, were dropped, and of which the joiner has not been told. */
  private @Nullable List<Fork<?>> untold;

  private boolean forked;

  /** Whether subtasks were reported: from then on, who ends may be listed. */
  private boolean reported;

  /** Whether subtasks were left behind: from then on, nobody is there to be told. */
  private boolean left;

  /** Whether the token was cancelled before the last subtask had ended. */
  private boolean cut;

  private @Nullable Throwable joinerFailure;

  /** What join threw: until this scope is closed, later failures are added to it. */
  private @Nullable Throwable thrown;

  /** Failures that came after the scope was cancelled, and before join threw. */
  private @Nullable List<Throwable> late;

  /** Threads in {@link #await}. */
  private @Nullable List<Thread> waiting;

  // What follows is the owner's.

  /** When the patience is over; null until that begins. */
  private @Nullable Deadline graceEnd;

  private boolean joinTried;

  /** Whether join was interrupted. */
  private boolean interrupted;

  private TaskScope(Joiner<? super T, ? extends R> joiner, Configuration configuration) {
    Stack.reserve();
    if (joiner instanceof Joiners.Once once) {
      once.claim();
    }
    this.joiner = joiner;
    this.configuration = configuration;
    this.deadline = configuration.deadline();
    String name = configuration.name;
    CancellationToken outer = Cancellation.current();
    this.source =
        name == null ? outer.childWithDeadline(deadline) : outer.childWithDeadline(name, deadline);
    this.dropping =
        configuration.parallelism > 0 ? source.token().onCancel((Prompt) this::dropQueue) : null;
    INNERMOST.set(this);
  }

  /**
   * {@return a new scope, owned by the calling thread, all of whose subtasks must succeed} Join
   * gives null.
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
   * @param joiner what ends the scope early, and what join gives; a new one for each scope
   */
  public static <T extends @Nullable Object, R extends @Nullable Object> TaskScope<T, R> open(
      Joiner<? super T, ? extends R> joiner) {
    Objects.requireNonNull(joiner, "joiner");
    return new TaskScope<>(joiner, Configuration.DEFAULT);
  }

  /**
   * {@return a new scope, owned by the calling thread, all of whose subtasks must succeed} Join
   * gives null.
   *
   * @param <T> what the subtasks give
   * @param configure makes the configuration from the default one
   */
  public static <T extends @Nullable Object> TaskScope<T, @Nullable Void> open(
      UnaryOperator<Configuration> configure) {
    return open(Joiner.awaitAllSuccessfulOrThrow(), configure);
  }

  /**
   * {@return a new scope, owned by the calling thread}
   *
   * @param <T> what the subtasks give
   * @param <R> what join gives
   * @param joiner what ends the scope early, and what join gives; a new one for each scope
   * @param configure makes the configuration from the default one
   */
  public static <T extends @Nullable Object, R extends @Nullable Object> TaskScope<T, R> open(
      Joiner<? super T, ? extends R> joiner, UnaryOperator<Configuration> configure) {
    Objects.requireNonNull(joiner, "joiner");
    Objects.requireNonNull(configure, "configure");
    Configuration configuration = configure.apply(Configuration.DEFAULT);
    return new TaskScope<>(
        joiner, Objects.requireNonNull(configuration, "configure must not give null"));
  }

  /** {@return the token of this scope, from which those of its subtasks descend} */
  public CancellationToken token() {
    return source.token();
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
    return fork(new Fork<U>(this, null, task));
  }

  /**
   * Starts {@code task} on a thread of its own, as {@link #fork(Callable)} does.
   *
   * @param <U> what the task gives
   * @param name what messages, paths and reports call it
   * @param task what to call
   * @return the subtask
   * @throws WrongThreadException if the calling thread does not own this scope, and forking is not
   *     shared
   * @throws IllegalStateException if this scope has been joined or closed
   * @throws RejectedExecutionException as {@link #fork(Callable)}
   */
  public <U extends T> Subtask<U> fork(String name, Callable<? extends U> task) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(task, "task");
    return fork(new Fork<U>(this, name, task));
  }

  /**
   * Starts {@code task} on a thread of its own, as {@link #fork(Callable)} does. Its value is null.
   *
   * @param <U> what the subtask gives, which is null
   * @param task what to run
   * @return the subtask
   * @throws WrongThreadException if the calling thread does not own this scope, and forking is not
   *     shared
   * @throws IllegalStateException if this scope has been joined or closed
   * @throws RejectedExecutionException as {@link #fork(Callable)}
   */
  public <U extends T> Subtask<@Nullable U> fork(Runnable task) {
    Objects.requireNonNull(task, "task");
    return fork(
        () -> {
          task.run();
          return null;
        });
  }

  <U extends T> Subtask<U> fork(Fork<U> fork) {
    if (!configuration.sharedForking) {
      requireOwner();
      return admit(fork);
    }
    boolean counted;
    synchronized (lock) {
      counted = phase == Phase.OPEN && !token().isCancelled();
      count(counted ? 1 : 0);
    }
    try {
      return admit(fork);
    } finally {
      if (counted) {
        synchronized (lock) {
          count(-1);
        }
        wake();
      }
    }
  }

  private <U extends T> Subtask<U> admit(Fork<U> fork) {
    Stack.reserve();
    if (live == 0 || !isOver()) {
      requireOpen("forked into");
      try {
        checkLimit(fork);
        if (joiner.onFork(fork)) {
          stop(fork);
        }
      } catch (Throwable e) {
        fork.settle(Fork.failure(e)); // it never starts, and nobody waits for it in vain
        throw e;
      }
    }
    boolean accepted;
    boolean start;
    synchronized (lock) {
      if (!isOver()) {
        requireOpen("forked into");
      }
      forked = true;
      accepted = !token().isCancelled();
      cut |= !accepted;
      start = accepted && link(fork);
    }
    if (!accepted) {
      fork.settle(new Outcome.Cancelled<>(Objects.requireNonNull(reason())));
    } else if (start) {
      try {
        start(fork);
      } catch (Throwable e) {
        if (fork.claim()) { // else the factory has started it in spite of that
          fork.end(Fork.failure(e));
          throw e;
        }
      }
    }
    return fork;
  }

  /** Whether join has given up, or close began, while subtasks run that may not know it yet. */
  private boolean isOver() {
    return phase != Phase.OPEN
        && configuration.sharedForking
        && Thread.currentThread() != owner
        && token().isCancelled();
  }

  /** Under the lock. */
  private void count(int change) {
    int counted = live;
    live = counted + change;
  }

  /** Under the lock: accepts a subtask. Returns whether it is to start now. */
  private boolean link(Fork<?> fork) {
    boolean starts = configuration.parallelism == 0 || running < configuration.parallelism;
    if (!starts) {
      enqueue(fork); // first, since it may find no memory
    }
    Fork<?> after = first;
    fork.next = after;
    if (after != null) {
      after.previous = fork;
    }
    first = fork;
    count(1);
    if (starts && configuration.parallelism > 0) {
      running++;
    }
    return starts;
  }

  /** Under the lock. */
  private void enqueue(Fork<?> fork) {
    if (queue == null) {
      queue = new LinkedHashSet<>();
    }
    boolean added = false;
    try {
      added = queue.add(fork);
    } finally {
      if (!added) {
        queue.remove(fork);
      }
    }
  }

  /** Under the lock: lets go of a subtask that has ended. */
  private void unlink(Fork<?> fork) {
    Fork<?> before = fork.previous;
    Fork<?> after = fork.next;
    if (before == null) {
      first = after;
    } else {
      before.next = after;
    }
    if (after != null) {
      after.previous = before;
    }
    fork.previous = null;
    fork.next = null;
    count(-1);
  }

  private void start(Fork<?> fork) {
    // A virtual thread that is left behind in a native call would keep a carrier from all others.
    ThreadFactory factory =
        configuration.threadFactory == VIRTUAL && configuration.grace.leaving() != null
            ? PLATFORM
            : configuration.threadFactory;
    Thread thread = factory.newThread(fork);
    if (thread == null) {
      throw new RejectedExecutionException("the thread factory of " + title() + " gave no thread");
    }
    String name = fork.hasName() ? fork.name() : configuration.name;
    if (name != null && (factory == VIRTUAL || factory == PLATFORM)) {
      thread.setName(name);
    }
    thread.start();
  }

  TimeSource time() {
    return time;
  }

  // ---- the end of a subtask ----

  /**
   * Takes note of a subtask that has ended, and starts one that waited for it.
   *
   * @param ran whether it is one of those that count as running
   */
  void ended(Fork<?> ended, boolean ran) {
    for (Fork<?> fork = ended; fork != null; ) {
      boolean cancelled = token().isCancelled();
      boolean told = stopReason == null;
      if (told) {
        tell(fork);
      }
      boolean late = cancelled || !told || phase != Phase.OPEN;
      Fork<?> successor;
      boolean listed;
      Throwable suppressing;
      synchronized (lock) {
        unlink(fork);
        suppressing = late ? noteLate(fork) : null;
        listed = reported;
        successor = ran ? successor() : null;
      }
      if (suppressing != null) {
        suppress(suppressing, Objects.requireNonNull(fork.failure()));
      }
      boolean leftBehind = listed && Overdue.remove(fork); // before anybody is told that it ended
      wake();
      if (leftBehind) {
        Overdue.noteEnd(fork);
      }
      fork = successor == null || tryStart(successor) ? null : successor;
    }
  }

  private void tell(Fork<?> fork) {
    try {
      @SuppressWarnings("unchecked") // only subtasks of ours come here
      var subtask = (Subtask<? extends T>) fork;
      if (joiner.onComplete(subtask)) {
        stop(subtask);
      }
    } catch (Throwable e) {
      Throwable first;
      synchronized (lock) {
        first = thrown != null ? thrown : joinerFailure;
        if (first == null) {
          joinerFailure = e;
        }
      }
      if (first != null) {
        suppress(first, e);
      }
      stopAfter(e);
    }
  }

  private void stopAfter(Throwable joinerFailed) {
    while (true) {
      try {
        stop(
            CancellationReason.siblingFailed(
                "the joiner of " + title() + " failed with " + Foreign.describe(joinerFailed)));
        return;
      } catch (OutOfMemoryError e) {
        LockSupport.parkNanos(AGAIN_NANOS);
      }
    }
  }

  /** Tells the joiner, on the owner's thread, of those that were dropped while they waited. */
  private void tellOfDropped() {
    List<Fork<?>> dropped;
    synchronized (lock) {
      dropped = untold;
      untold = null;
    }
    if (dropped != null) {
      for (Fork<?> fork : dropped) {
        fork.release();
        if (stopReason == null) {
          tell(fork);
        }
      }
    }
  }

  private void stop(Subtask<? extends T> subtask) {
    if (stopReason == null) {
      stop(Objects.requireNonNull(joiner.reason(subtask), "Joiner.reason must not give null"));
    }
  }

  private void stop(CancellationReason reason) {
    if (STOP_REASON.compareAndSet(this, null, reason)) {
      try {
        whenThereIsMemory(reason);
      } catch (Throwable e) {
        Foreign.report(e);
      }
    }
  }

  /**
   * Under the lock: of a subtask that ended too late for the joiner. Returns what its failure is to
   * be suppressed in, if that is known already.
   */
  private @Nullable Throwable noteLate(Fork<?> fork) {
    cut = true;
    Throwable failure = fork.failure();
    if (failure == null || left) {
      return null;
    }
    if (thrown == null) {
      try {
        late = late == null ? new ArrayList<>() : late;
        if (late.size() < KEPT) {
          late.add(failure);
        }
      } catch (OutOfMemoryError e) {
        return null; // it is only suppressed; that this one has ended must be told
      }
    }
    return thrown;
  }

  /**
   * Adds to what is or will be thrown, unless that has it already, as what the joiner throws may;
   * not without end, since a scope may live long.
   */
  static void suppress(Throwable thrown, Throwable other) {
    Throwable[] suppressed = thrown.getSuppressed();
    if (suppressed.length < KEPT && Foreign.cause(thrown) != other && !has(suppressed, other)) {
      Foreign.suppress(thrown, other);
    }
  }

  private static boolean has(Throwable[] all, Throwable wanted) {
    for (Throwable one : all) {
      if (one == wanted) {
        return true;
      }
    }
    return false;
  }

  /** Under the lock: who takes the place of a subtask that ran. */
  private @Nullable Fork<?> successor() {
    if (configuration.parallelism == 0) {
      return null;
    }
    if (queue == null || queue.isEmpty() || token().isCancelled()) {
      running--;
      return null;
    }
    return queue.removeFirst();
  }

  private boolean tryStart(Fork<?> fork) {
    try {
      start(fork);
      return true;
    } catch (Throwable e) {
      if (!fork.claim()) {
        return true; // the factory has started it in spite of that
      }
      fork.settle(Fork.failure(e));
      return false;
    }
  }

  private void wake() {
    if (live > 0) {
      return;
    }
    LockSupport.unpark(owner);
    synchronized (lock) {
      for (int i = 0; waiting != null && i < waiting.size(); i++) { // allocates nothing
        LockSupport.unpark(waiting.get(i));
      }
    }
  }

  /**
   * A callback of ours on the token, if there can be a queue: what waits in it never starts. It has
   * ended now, for everybody who waits; the joiner is the user's, and told by the owner.
   */
  private void dropQueue() {
    CancellationReason reason = Objects.requireNonNull(reason());
    List<Fork<?>> dropped = List.of();
    synchronized (lock) {
      if (queue != null) {
        dropped = List.copyOf(queue);
        for (Fork<?> fork : dropped) {
          fork.drop(reason);
          unlink(fork);
        }
        cut |= !dropped.isEmpty();
        queue = null;
        untold = dropped;
      }
    }
    dropped.forEach(Fork::wakeWaiting);
    wake();
  }

  /** Ends a cancelled subtask now if it waits for another one to end. */
  void withdraw(Fork<?> fork) {
    boolean found;
    synchronized (lock) {
      found = queue != null && queue.remove(fork);
    }
    if (found && fork.claim()) {
      fork.withdraw(false);
    }
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
    requireOwner();
    requireOpen("joined");
    Stack.reserve();
    joinTried = true;
    Throwable failure;
    boolean complete;
    while (true) {
      try {
        token().awaitOr(this::isQuiet, Deadline.none());
        interrupted = false;
      } catch (InterruptedException e) {
        interrupted = true;
        throw thrown(e);
      }
      synchronized (lock) {
        if (live == 0 || token().isCancelled()) {
          phase = Phase.JOINED;
          complete = live == 0 && !cut;
          break;
        }
      }
    }
    tellOfDropped();
    synchronized (lock) {
      failure = joinerFailure;
    }
    CancellationReason reason = reason();
    if (reason != null) {
      graceEnd = after(time, configuration.grace.patience());
    }
    if (failure != null) {
      throw thrown(
          new IllegalStateException(
              "Joiner.onComplete must not throw: " + Foreign.describe(failure), failure));
    }
    if (reason != null && reason != stopReason && !complete) {
      var cancelled = new CancelledException(token());
      if (isOwnTimeout(reason)) {
        var timedOut = new TimeoutException(reason.message());
        timedOut.initCause(cancelled);
        throw thrown(timedOut);
      }
      throw thrown(cancelled);
    }
    try {
      return joiner.result();
    } catch (ExecutionException e) {
      throw thrown(e);
    } catch (Throwable e) {
      throw thrown(new ExecutionException(title() + " failed: " + Foreign.describe(e), e));
    }
  }

  private boolean isQuiet() {
    return live == 0;
  }

  private boolean isOwnTimeout(CancellationReason reason) {
    return reason instanceof CancellationReason.DeadlineExceeded exceeded
        && exceeded.deadline() == deadline
        && token().path().size() == 1; // not that of a scope further out, which may have the same
  }

  /** Remembers what join throws, for failures to come. */
  private <X extends Throwable> X thrown(X failure) {
    List<Throwable> earlier;
    synchronized (lock) {
      thrown = failure;
      earlier = late;
      late = null;
    }
    if (earlier != null) {
      earlier.forEach(other -> suppress(failure, other));
    }
    return failure;
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
    return source.cancel(reason);
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
      interruptAll();
    }
  }

  /** Whoever is not in the list by now will find the token cancelled. */
  private void interruptAll() {
    for (Fork<?> fork : running()) {
      if (fork.thread() != null) {
        fork.interrupt();
      }
    }
  }

  private List<Fork<?>> running() {
    var found = new ArrayList<Fork<?>>();
    synchronized (lock) {
      for (Fork<?> fork = first; fork != null; fork = fork.next) {
        found.add(fork);
      }
    }
    return found;
  }

  /**
   * Waits until this scope is cancelled or closed and all its subtasks have ended, those that were
   * left behind too. Does not look at the current token, so that one can wait for the end of what
   * one has aborted.
   *
   * @throws IllegalStateException if one of the subtasks waits, or one of theirs
   * @throws InterruptedException if the thread was or is interrupted first
   */
  public void await() throws InterruptedException {
    await(Deadline.none());
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
    return await(Deadline.after(timeout));
  }

  private boolean await(Deadline until) throws InterruptedException {
    requireNotInside();
    token().awaitOr(() -> false, until);
    if (!token().isCancelled()) {
      return false;
    }
    Stack.reserve();
    synchronized (lock) {
      waiting = waiting == null ? new ArrayList<>(1) : waiting;
      waiting.add(Thread.currentThread());
    }
    try {
      CancellationToken.none().awaitOr(this::isQuiet, until);
    } finally {
      synchronized (lock) {
        waiting.remove(Thread.currentThread());
      }
    }
    return isQuiet();
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
    requireOwner();
    if (phase == Phase.CLOSED) {
      return;
    }
    Stack.reserve();
    RuntimeException failure = null;
    IllegalStateException misuse = null;
    try {
      failure = closeInner(this, null);
      if (phase == Phase.OPEN && forked && !joinTried) {
        // Made first: the failures of subtasks are suppressed in it, there being no other place.
        misuse =
            thrown(
                new IllegalStateException(
                    title() + " must be joined before it is closed, since it was forked into"));
      }
    } finally { // also if there is no memory for words
      try {
        shut();
      } catch (CancellationCallbackException e) {
        failure = and(failure, e);
      }
    }
    if (misuse != null) {
      askForCause(misuse);
      failure = and(failure, misuse);
    }
    if (failure != null) {
      throw failure;
    }
  }

  /** What the joiner stopped for would otherwise be lost: it was told, and nobody asks it. */
  private void askForCause(IllegalStateException misuse) {
    if (stopReason != null && !left) {
      try {
        joiner.result();
      } catch (Throwable e) {
        misuse.initCause(e);
      }
    }
  }

  /**
   * Closes what this thread has open, down to {@code outer}, if that is among it.
   *
   * @param when is said before what; null if that is the closing of {@code outer}
   */
  private static @Nullable RuntimeException closeInner(
      TaskScope<?, ?> outer, @Nullable String when) {
    RuntimeException failure = null;
    for (var inner = INNERMOST.get(); inner != null && inner != outer; inner = INNERMOST.get()) {
      CancellationCallbackException failed = null;
      try {
        inner.shut(); // first: there may be no memory for words
      } catch (CancellationCallbackException e) {
        failed = e;
      }
      String what = when == null ? outer.title() + " is" : when;
      failure =
          and(failure, new IllegalStateException(inner.title() + " must be closed before " + what));
      failure = failed == null ? failure : and(failure, failed);
    }
    return failure;
  }

  /**
   * At the end of a task of this scope: closes what it opened and has not closed. That is what its
   * thread has open, down to this scope itself, should a thread factory run tasks on the owner.
   */
  @Nullable RuntimeException closeLeaked() {
    return closeInner(this, "the task that opened it ends");
  }

  private static RuntimeException and(@Nullable RuntimeException first, RuntimeException next) {
    if (first == null) {
      return next;
    }
    first.addSuppressed(next);
    return first;
  }

  private void shut() {
    synchronized (lock) {
      phase = Phase.CLOSED;
    }
    try {
      if (interrupted) {
        source.cancel(
            CancellationReason.interrupted(
                "the owner of " + title() + " was interrupted while it joined"));
      } else {
        whenThereIsMemory(null);
      }
    } finally {
      if (interrupted) {
        interruptAll(); // handed down: by a scope further out that was aborted, say
      }
      try {
        awaitEnd();
        tellOfDropped();
      } finally {
        INNERMOST.set(enclosing);
        if (dropping != null) {
          boolean _ = dropping.unregister(); // if it could not be cancelled
        }
        logLate();
      }
    }
  }

  /**
   * Cancels for {@code reason}, or closes if it is null. Waits for memory, if there is none for it:
   * else those would be waited for who never hear of it.
   */
  private void whenThereIsMemory(@Nullable CancellationReason reason) {
    while (true) {
      try {
        if (reason == null) {
          source.close();
        } else {
          source.cancel(reason);
        }
        return;
      } catch (OutOfMemoryError e) {
        if (source.isCancelled()) {
          throw e;
        }
        LockSupport.parkNanos(AGAIN_NANOS);
      }
    }
  }

  /** Join succeeded, so there is nothing to suppress these in. */
  private void logLate() {
    List<Throwable> unseen;
    synchronized (lock) {
      unseen = late;
      late = null;
    }
    if (unseen != null) {
      unseen.forEach(
          e ->
              Foreign.log(
                  System.Logger.Level.DEBUG,
                  "a subtask of "
                      + title()
                      + " failed after that was cancelled: "
                      + Foreign.describe(e)));
    }
  }

  @SuppressWarnings("ThreadPriorityCheck") // nothing depends on the yield
  private void awaitEnd() {
    if (live > 0 && owner.isVirtual()) {
      Thread.yield(); // who listens mostly ends meanwhile, which saves setting a timer
    }
    if (live == 0) {
      return;
    }
    // The task that the owner is in may have listened; those whom it waits for have not.
    Ambient.Host task = Ambient.host();
    boolean listened = task != null && task.listens(owner);
    try {
      awaitSubtasks();
    } finally {
      if (listened && task != null) {
        task.listened(owner);
      }
    }
  }

  private void awaitSubtasks() {
    Grace grace = configuration.grace;
    Deadline end = graceEnd != null ? graceEnd : after(time, grace.patience());
    Duration leaving = grace.leaving();
    boolean reported = false;
    boolean interruptedNow = false;
    TimeSource clock = time;
    while (live > 0 && !left) {
      try {
        CancellationToken.none().awaitOr(this::isQuiet, end);
        if (live == 0 || !end.isPassed()) {
          continue;
        }
      } catch (InterruptedException e) {
        interruptedNow = true;
        interruptAll();
        continue;
      } catch (Throwable e) {
        if (end == Deadline.none()) {
          throw e;
        }
        noteFailure(clock, e);
        Duration again = reported && leaving != null ? leaving : grace.patience();
        end = clock == TimeSource.system() ? Deadline.none() : after(TimeSource.system(), again);
        clock = TimeSource.system();
        continue;
      }
      boolean leave = leaving != null && (reported || leaving.isZero());
      report(leave);
      if (!reported && grace.interrupts()) {
        interruptAll();
      }
      end = leaving == null ? Deadline.none() : after(clock, leaving);
      reported = true;
    }
    if (interruptedNow) {
      owner.interrupt();
    }
  }

  private void report(boolean leave) {
    for (Fork<?> fork : running()) {
      if (fork.claim()) {
        fork.withdraw(true); // its thread has not come to it yet, and now never will
      }
    }
    List<Fork<?>> deaf;
    synchronized (lock) {
      reported = true;
      left = leave;
      deaf = running();
      deaf.forEach(fork -> Overdue.enter(fork, leave));
    }
    for (Fork<?> fork : deaf) {
      Overdue.report(fork, leave);
    }
  }

  /** Refuses a task of which too many have been left behind, and go on. */
  private void checkLimit(Fork<?> fork) {
    Grace grace = configuration.grace;
    if (grace.leaving() == null) {
      return;
    }
    int goOn = Overdue.leftLike(fork);
    if (goOn >= grace.limit()) {
      throw new RejectedExecutionException(
          "at most "
              + grace.limit()
              + " tasks named "
              + fork.key()
              + " may be left behind and go on at a time: "
              + goOn
              + " do");
    }
  }

  /**
   * A deadline by {@code clock}; if that fails, by that of this machine, since whoever is cancelled
   * is waited for, and reported, all the same.
   */
  private Deadline after(TimeSource clock, Duration duration) {
    try {
      return TimeSource.callWith(clock, () -> Deadline.after(duration));
    } catch (Throwable e) {
      noteFailure(clock, e);
      return clock == TimeSource.system() ? Deadline.none() : after(TimeSource.system(), duration);
    }
  }

  private void noteFailure(TimeSource clock, Throwable failure) {
    Foreign.log(
        System.Logger.Level.ERROR,
        "the time source of "
            + title()
            + " failed, "
            + Foreign.describe(clock)
            + ": "
            + Foreign.describe(failure));
  }

  // ---- checks and words ----

  /**
   * Whoever is in a subtask of this scope, or of one that such a subtask opened, ends before it.
   */
  private void requireNotInside() {
    for (Ambient.Host at = Ambient.host(); at instanceof Fork<?> fork; at = fork.scope().task) {
      if (fork.scope() == this) {
        throw new IllegalStateException(fork.title() + " must not wait for the end of its scope");
      }
    }
  }

  private void requireOwner() {
    if (Thread.currentThread() != owner) {
      throw new WrongThreadException(
          title() + " is owned by " + owner + ", not by " + Thread.currentThread());
    }
  }

  private void requireOpen(String what) {
    if (phase != Phase.OPEN) {
      throw new IllegalStateException(
          title()
              + " must not be "
              + what
              + " after it was "
              + (phase == Phase.JOINED ? "joined" : "closed"));
    }
  }

  @Nullable CancellationReason reason() {
    return token().reason().orElse(null);
  }

  String name() {
    return configuration.name == null ? "unnamed" : configuration.name;
  }

  private String title() {
    return configuration.name == null ? "the scope" : "scope \"" + configuration.name + '"';
  }

  /** Says of a subtask whose it is. */
  String suffix() {
    return configuration.name == null ? "" : " of \"" + configuration.name + '"';
  }

  /**
   * {@return the name, whether live or cancelled and why, the time left, how many subtasks have not
   * ended, and how many of these wait for others to end}
   */
  @Override
  public String toString() {
    String state = token().toString();
    int count;
    int queued;
    synchronized (lock) {
      count = live;
      queued = queue == null ? 0 : queue.size();
    }
    return "TaskScope"
        + state.substring("CancellationToken".length(), state.length() - 1)
        + ", "
        + count
        + (count == 1 ? " subtask" : " subtasks")
        + (queued == 0 ? "]" : ", " + queued + " of them waiting]");
  }

  /**
   * How a scope is set up. Immutable: each method gives a changed copy.
   *
   * {@snippet class="dev.desist.snippets.ScopeSnippets" region="configuration"}
   */
  public static final class Configuration {
    private static final Configuration DEFAULT =
        new Configuration(null, VIRTUAL, null, Deadline.none(), Grace.forever(), 0, false);

    private final @Nullable String name;
    private final ThreadFactory threadFactory;
    private final @Nullable Duration timeout;
    private final Deadline until;
    private final Grace grace;
    private final int parallelism;
    private final boolean sharedForking;

    private Configuration(
        @Nullable String name,
        ThreadFactory threadFactory,
        @Nullable Duration timeout,
        Deadline until,
        Grace grace,
        int parallelism,
        boolean sharedForking) {
      this.name = name;
      this.threadFactory = threadFactory;
      this.timeout = timeout;
      this.until = until;
      this.grace = grace;
      this.parallelism = parallelism;
      this.sharedForking = sharedForking;
    }

    /**
     * {@return a copy with a name}
     *
     * @param name what messages, paths and reports call the scope, and what the threads of subtasks
     *     without a name are called; without one, they have none. A {@linkplain #withThreadFactory
     *     thread factory} names its threads itself
     */
    public Configuration withName(String name) {
      Objects.requireNonNull(name, "name");
      return new Configuration(
          name, threadFactory, timeout, until, grace, parallelism, sharedForking);
    }

    /**
     * {@return a copy with a thread factory}
     *
     * @param threadFactory makes a new thread for each subtask, which it must not start; by default
     *     virtual threads, or, with a {@link Grace} that leaves tasks behind, platform threads that
     *     are daemons. {@code Thread.ofPlatform().factory()} gives platform threads
     */
    public Configuration withThreadFactory(ThreadFactory threadFactory) {
      Objects.requireNonNull(threadFactory, "threadFactory");
      return new Configuration(
          name, threadFactory, timeout, until, grace, parallelism, sharedForking);
    }

    /**
     * {@return a copy with a timeout} When it has passed, the scope is cancelled, and join throws a
     * {@link TimeoutException}.
     *
     * @param timeout from the moment the scope is opened; longer than 146 years means never
     * @throws IllegalArgumentException if it is negative
     */
    public Configuration withTimeout(Duration timeout) {
      Objects.requireNonNull(timeout, "timeout");
      if (timeout.isNegative()) {
        throw new IllegalArgumentException("timeout must not be negative: " + timeout);
      }
      return new Configuration(
          name, threadFactory, timeout, until, grace, parallelism, sharedForking);
    }

    /**
     * {@return a copy with a deadline} As a timeout, and in place of one.
     *
     * @param deadline when the scope is to be cancelled
     */
    public Configuration withDeadline(Deadline deadline) {
      Objects.requireNonNull(deadline, "deadline");
      return new Configuration(
          name, threadFactory, null, deadline, grace, parallelism, sharedForking);
    }

    /**
     * {@return a copy with a grace period}
     *
     * @param grace how long cancelled subtasks may take to end, and what then; by default, {@link
     *     Grace#forever()}
     */
    public Configuration withGrace(Grace grace) {
      Objects.requireNonNull(grace, "grace");
      return new Configuration(
          name, threadFactory, timeout, until, grace, parallelism, sharedForking);
    }

    /**
     * {@return a copy with a limit of subtasks that run at the same time} Further ones wait,
     * without a thread, and never start if the scope is cancelled meanwhile.
     *
     * @param parallelism the limit; by default there is none
     * @throws IllegalArgumentException if it is not positive
     */
    public Configuration withParallelism(int parallelism) {
      if (parallelism <= 0) {
        throw new IllegalArgumentException("parallelism must be positive: " + parallelism);
      }
      return new Configuration(
          name, threadFactory, timeout, until, grace, parallelism, sharedForking);
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
      return new Configuration(name, threadFactory, timeout, until, grace, parallelism, true);
    }

    private Deadline deadline() {
      return timeout == null ? until : Deadline.after(timeout);
    }

    /** A copy with a timeout that does not take the place of a nearer one, or of a deadline. */
    Configuration limitedTo(Duration timeout) {
      Deadline nearest = Deadline.earliest(deadline(), Deadline.after(timeout));
      return new Configuration(
          name, threadFactory, null, nearest, grace, parallelism, sharedForking);
    }
  }
}
