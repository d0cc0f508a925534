package dev.desist;

import dev.desist.internal.Fields;
import dev.desist.internal.Lane;
import dev.desist.internal.Stack;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * One callback's membership in a token: made by {@link CancellationToken#onCancel(Runnable)}, ended
 * by whichever comes first of cancellation, {@link #unregister()} and {@link #close()}.
 *
 * <p>The two ways to leave differ in one thing. {@link #unregister()} never waits: it says whether
 * it came in time. {@link #close()} waits, wherever that can end: there it comes back only when the
 * callback is not running and never will, so that what the callback uses can be released.
 *
 * <h2>Thread safety</h2>
 *
 * Every method may be called from any thread, any number of times, also from inside the callback.
 *
 * <h2>Memory consistency effects</h2>
 *
 * What a callback did <i>happens-before</i> the return of a {@link #close()} that found it finished
 * or waited for it.
 */
public final class CancellationRegistration implements AutoCloseable {
  /*
   * States (`phase`):
   *   null       WAITING    in the node's list
   *   SUBMITTED  taken out by a cancellation and given to an executor; not begun
   *   a Thread   RUNNING    on that thread
   *   Awaited    RUNNING    and at least one close() waits for it
   *   DONE       it ran
   *   WITHDRAWN  it will never run
   *
   *   WAITING -> WITHDRAWN | RUNNING | SUBMITTED     under the node's lock
   *   SUBMITTED -> WITHDRAWN | RUNNING               by exchange: unregister against the
   *                                                  executor's thread
   *   RUNNING -> Awaited                             by exchange: a closer against the end of the
   *                                                  run
   *   RUNNING, Awaited -> DONE                       by the running thread, which then releases
   *                                                  the latch
   *
   * Ordering: writes under the lock are plain, and released by the unlock. Reads without it
   * acquire, and decide nothing on "waiting" alone: they take the lock and look again. The
   * exchanges are full.
   */
  private static final Object SUBMITTED = "submitted";
  private static final Object DONE = "done";
  static final Object WITHDRAWN = "withdrawn";

  /** A run that somebody waits for. */
  private record Awaited(Thread runner, CountDownLatch finished) {}

  /** A callback that runs on an executor of the user's. */
  private static final class Handover implements Runnable {
    private final CancellationRegistration registration;
    private final Executor executor;
    private final Runnable callback;

    Handover(CancellationRegistration registration, Executor executor, Runnable callback) {
      this.registration = registration;
      this.executor = executor;
      this.callback = callback;
    }

    @Override
    public void run() {
      registration.runSubmitted(callback);
    }
  }

  /**
   * A callback that runs on threads of ours, which take it without running it: as quick as waking
   * somebody, and nothing has to be allocated for it.
   */
  private static final class LaneHandover extends Lane.Task implements Lane.Prompt {
    private final CancellationRegistration registration;
    private final Lane lane;
    private final Runnable callback;

    LaneHandover(CancellationRegistration registration, Lane lane, Runnable callback) {
      this.registration = registration;
      this.lane = lane;
      this.callback = callback;
    }

    @Override
    public void run() {
      lane.hand(this);
    }

    @Override
    protected void perform() {
      registration.runSubmitted(callback);
    }
  }

  private static final VarHandle PHASE = Fields.of(MethodHandles.lookup(), "phase", Object.class);

  /**
   * What is stored for them: nothing (promise 5). The registration of every callback on {@link
   * CancellationToken#none()}.
   */
  static final CancellationRegistration INERT = inert();

  private final CancellationToken token;
  private final Runnable action;

  /** See above. */
  private @Nullable Object phase;

  /** Neighbours in the node's list; guarded by the node's lock. */
  @Nullable CancellationRegistration next;

  @Nullable CancellationRegistration previous;

  CancellationRegistration(CancellationToken token, Runnable action) {
    this.token = token;
    this.action = action;
  }

  @SuppressWarnings("this-escape") // to what is nobody else's yet
  CancellationRegistration(CancellationToken token, Executor executor, Runnable callback) {
    this.token = token;
    if (executor instanceof Lane lane) {
      Lane.setAside();
      this.action = new LaneHandover(this, lane, callback);
    } else {
      this.action = new Handover(this, executor, callback);
    }
  }

  private static CancellationRegistration inert() {
    var inert = new CancellationRegistration(CancellationToken.none(), () -> {});
    inert.phase = WITHDRAWN;
    return inert;
  }

  /** {@return the token the callback was registered on} */
  public CancellationToken token() {
    return token;
  }

  /**
   * Makes sure that the callback does not run, if it is not too late. Never waits.
   *
   * @return true if this call made sure that the callback never runs; false if it has run, is
   *     running, had been unregistered or closed before, or was registered on {@link
   *     CancellationToken#none()}
   */
  public boolean unregister() {
    Object seen = PHASE.getAcquire(this); // (promise 10)
    if (seen == null) {
      Node node = token.node();
      if (node != null && node.remove(this)) {
        return true;
      }
      seen = PHASE.getAcquire(this);
    }
    return seen == SUBMITTED && PHASE.compareAndSet(this, SUBMITTED, WITHDRAWN);
  }

  /**
   * Makes sure that the callback does not run any more: unregisters it, and if it is running on
   * another thread, waits until it has finished. Called by the callback itself, it does not wait;
   * nor does it when waiting could never end because the running callback, on its side, waits for
   * one of this thread's to finish.
   *
   * <p>The wait cannot be interrupted; an interrupt that arrives meanwhile is still there
   * afterwards.
   */
  @Override
  public void close() {
    if (unregister()) {
      return;
    }
    Stack.reserveToEnd();
    while (true) {
      Object seen = PHASE.getAcquire(this);
      if (seen instanceof Thread runner) {
        if (runner == Thread.currentThread()) {
          return;
        }
        PHASE.compareAndSet(this, runner, new Awaited(runner, new CountDownLatch(1)));
      } else if (seen instanceof Awaited run) {
        if (run.runner != Thread.currentThread()) {
          Closers.await(run);
        }
        return;
      } else {
        return; // it ran or never will; SUBMITTED was dealt with by unregister
      }
    }
  }

  @Override
  public String toString() {
    Object seen = PHASE.getAcquire(this);
    String state = seen == null ? "waiting" : seen instanceof String word ? word : "running";
    return "CancellationRegistration[" + state + " on " + token + "]";
  }

  // ---- for the engine ----

  /** Whether this is run before any user's callback. */
  boolean isWaker() {
    return action instanceof Lane.Prompt;
  }

  /** The state in which a cancellation leaves this: {@link #run} follows on this thread. */
  Object begun() {
    return action instanceof Handover || action instanceof LaneHandover
        ? SUBMITTED
        : Thread.currentThread();
  }

  /** Before anybody else has seen this: leaves WAITING. */
  void begin() {
    phase = begun();
  }

  /**
   * Under the node's lock: leaves WAITING, and the node's list with it, in one step: near the end
   * of the stack this call fails before it has changed anything, and calls nothing that could.
   *
   * @param node which has this in its list
   * @param waker in which of the two
   * @param next what this is from now on
   * @return whether it was waiting
   */
  boolean leave(Node node, boolean waker, Object next) {
    if (phase != null) {
      return false;
    }
    CancellationRegistration before = previous;
    CancellationRegistration after = this.next;
    if (before != null) {
      before.next = after;
    } else if (waker) {
      node.wakers = after;
    } else {
      node.callbacks = after;
    }
    if (after != null) {
      after.previous = before;
    }
    previous = null;
    this.next = null;
    phase = next;
    return true;
  }

  /** Runs the callback, or submits it; whatever it throws leaves here. */
  void run() {
    switch (action) {
      case Handover handover -> handover.executor.execute(handover);
      case LaneHandover handover -> handover.run();
      default -> run(action);
    }
  }

  private void runSubmitted(Runnable callback) {
    Stack.reserveForStep();
    if (PHASE.compareAndSet(this, SUBMITTED, Thread.currentThread())) {
      run(callback);
    }
  }

  /** Once, and then it is DONE, whatever it throws (promise 7). */
  private void run(Runnable callback) {
    try {
      callback.run();
    } finally {
      if (PHASE.getAndSet(this, DONE) instanceof Awaited run) {
        run.finished.countDown();
      }
    }
  }

  /**
   * Who waits for whom in close() (promise 10): only when a callback is really running, so one lock
   * for all will do.
   */
  private static final class Closers {
    private static final Map<Thread, Awaited> WAITING = new HashMap<>();

    /**
     * Waits for {@code run} to finish, unless that would close a circle: its thread waits for a run
     * whose thread waits … for a run of this thread. Whoever would close the circle does not wait,
     * and so the others come free. An entry whose run has finished is on its way out and ties
     * nobody.
     */
    static void await(Awaited run) {
      Thread me = Thread.currentThread();
      synchronized (WAITING) {
        for (Awaited at = run;
            at != null && at.finished.getCount() > 0;
            at = WAITING.get(at.runner)) {
          if (at.runner == me) {
            return;
          }
        }
        WAITING.put(me, run);
      }
      boolean interrupted = false;
      try {
        while (true) {
          try {
            run.finished.await();
            return;
          } catch (InterruptedException e) {
            interrupted = true;
          }
        }
      } finally {
        synchronized (WAITING) {
          WAITING.remove(me);
        }
        if (interrupted) {
          me.interrupt();
        }
      }
    }
  }
}
