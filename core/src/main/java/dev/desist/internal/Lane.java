package dev.desist.internal;

import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Threads for one kind of task, made when needed and kept for ten idle seconds: platform threads,
 * because the tasks may pin, and daemons. What one kind does, however slow, keeps none of another
 * kind waiting.
 */
public final class Lane implements Executor {
  /*
   * Overview: a queue, and threads that take from it. Beyond a number of threads, tasks wait.
   *
   * Invariants:  1. Whenever the monitor is free, there are as many threads, idle or on their way
   *                 to the queue, as there are tasks in it, unless the lane is full, or the last
   *                 thread could not be started.
   *              2. A task that was handed over is in the queue or was taken by one thread,
   *                 whatever fails: handing over one that exists allocates nothing and, in the
   *                 monitor, calls nothing.
   *              3. If no thread can be started and none is there, the one that was set aside comes
   *                 round (Reserve) until there is one: it performs signals itself, which are
   *                 quick, and tries for the others.
   * The monitor is held for a few loads and stores, never while a task is performed or a thread
   * started.
   * Garbage:     a queue of our own rather than the JDK's, since those may be left locked, or keep
   *              a task without waking anybody, by a stack overflow in the caller, who may be
   *              anybody who cancels.
   */

  /** What is handed over: it has a place in the queue of its own, so it waits in one at a time. */
  public abstract static class Task {
    private @Nullable Task next;

    /** Called once for each time it was handed over, on a thread of the lane. */
    protected abstract void perform();
  }

  /**
   * A callback that needs no lane: of this library's own, for one of its own promises; quick,
   * unable to block or to fail, and free of users' code. On cancellation it runs before any user's
   * callback, on the cancelling thread, and so never waits for one.
   */
  public interface Prompt extends Runnable {}

  private static final class Plain extends Task {
    private final Runnable runnable;

    Plain(Runnable runnable) {
      this.runnable = runnable;
    }

    @Override
    protected void perform() {
      runnable.run();
    }
  }

  private static final long KEPT_NANOS = 10_000_000_000L;

  /**
   * Our own signals: interrupts, which whoever cancels never sends (promise 18), and deadlines to
   * be told. Quick, but for an interrupt that hangs.
   */
  public static final Lane SIGNALS = new Lane("desist-signal-", 64);

  /** Completes our futures and stages; what hangs on these is the users'. */
  public static final Lane COMPLETIONS = new Lane("desist-completion-", 64);

  /** Runs the users' callbacks of one cancellation, where that is not done by whoever cancels. */
  public static final Lane CANCELLATIONS = new Lane("desist-canceller-", 64);

  /** Users' callbacks that were registered with the dispatcher. */
  public static final Lane CALLBACKS = new Lane("desist-dispatcher-", 256);

  /** What lasts, and has somebody who waits for it. Has no limit. */
  public static final Lane WORK = new Lane("desist-worker-", Integer.MAX_VALUE);

  private final String prefix;
  private final int most;
  private final AtomicLong numbers = new AtomicLong();
  private final Runnable worker = this::work;

  // Guarded by this.
  private @Nullable Task first;
  private @Nullable Task last;
  private int queued;
  private int threads;
  private int idle;
  private boolean stranded;

  Lane(String prefix, int most) {
    this.prefix = prefix;
    this.most = most;
  }

  /**
   * Sees that a thread is set aside, for when none can be started. To be called by whoever
   * registers what will later be handed over; if there is none to be had even now, it goes without.
   */
  public static void setAside() {
    if (!Reserve.isThere()) {
      Reserve.prepare();
    } else if (Reserve.missed) {
      Reserve.makeUp();
    }
  }

  /**
   * Has {@code runnable} run by a thread of this lane; what it throws goes to the
   * uncaught-exception handler.
   *
   * @throws OutOfMemoryError if no thread is there or can be started, nor was one set aside; it
   *     runs when there is one
   */
  @Override
  public void execute(Runnable runnable) {
    hand(new Plain(Objects.requireNonNull(runnable, "runnable")));
  }

  /**
   * Hands over {@code task}, which is not in any queue.
   *
   * @throws OutOfMemoryError as {@link #execute}
   */
  public void hand(Task task) {
    boolean start;
    synchronized (this) {
      Task end = last;
      if (end == null) {
        first = task;
      } else {
        end.next = task;
      }
      last = task;
      queued++;
      start = queued > idle && threads < most;
      if (start) {
        threads++;
      } else if (idle > 0) {
        notify();
      }
    }
    if (start) {
      start();
    }
    if (Reserve.missed) {
      Reserve.makeUp();
    }
  }

  /** Starts a thread, which is counted already. */
  private void start() {
    boolean started = false;
    try {
      Thread thread =
          Thread.ofPlatform()
              .daemon()
              .name(
                  prefix.concat(
                      Long.toString(numbers.incrementAndGet()))) // "+" is linked when first used
              .inheritInheritableThreadLocals(false)
              .unstarted(worker);
      // Threads are shared by whole processes, and must not keep an application loaded.
      thread.setContextClassLoader(null);
      thread.start();
      started = true;
    } catch (OutOfMemoryError e) { // the JVM's word for "no thread"
      if (isStranded() && !Reserve.call()) {
        throw e;
      }
    } finally {
      if (!started) {
        synchronized (this) {
          threads--;
        }
      }
    }
  }

  /**
   * Whether the queue may have nobody but the thread that could not be started. Those that send
   * signals may hang in one.
   */
  private synchronized boolean isStranded() {
    return threads == 1 || this == SIGNALS;
  }

  private void work() {
    while (performNext(true)) {
      // in a frame of its own, so that no thread holds on to what it did last
    }
  }

  private boolean performNext(boolean waits) {
    Task task = take(waits);
    if (task == null) {
      return false;
    }
    perform(task);
    return true;
  }

  /** What fails ends neither the thread nor what comes next (promise 9). */
  private static void perform(Task task) {
    try {
      task.perform();
    } catch (Throwable e) {
      Foreign.report(e);
    }
    boolean _ = Thread.interrupted(); // whatever a callback left behind
  }

  /**
   * The next task, if need be after a wait.
   *
   * @param waits for threads of this lane, which are at their end if it is null
   */
  @SuppressWarnings("WaitNotInLoop") // it is; the loop ends by time, too
  private synchronized @Nullable Task take(boolean waits) {
    long since = 0;
    while (first == null && waits) {
      long now = System.nanoTime();
      since = since == 0 ? now : since;
      if (now - since >= KEPT_NANOS) {
        threads--;
        return null;
      }
      idle++;
      try {
        wait(Math.max(1, (KEPT_NANOS - (now - since)) / 1_000_000));
      } catch (InterruptedException e) {
        // by whom? the wait goes on
      } finally {
        idle--;
      }
    }
    Task task = first;
    if (task != null) {
      Task next = task.next;
      first = next;
      if (next == null) {
        last = null;
      }
      task.next = null;
      queued--;
    }
    return task;
  }

  /**
   * On the reserve: sees to what waits here and has nobody; returns whether some of it still does.
   */
  private boolean assist() {
    boolean start;
    int waiting;
    boolean report;
    synchronized (this) {
      waiting = queued;
      start = waiting > 0 && (threads == 0 || this == SIGNALS);
      report = start && !stranded;
      stranded = start;
      if (start && this != SIGNALS) {
        threads++;
      }
    }
    if (!start) {
      return false;
    }
    if (report) {
      report(waiting);
    }
    if (this == SIGNALS) {
      while (performNext(false)) {
        // until none is left
      }
      return false;
    }
    start();
    return isAbandoned();
  }

  private void report(int waiting) {
    try {
      Foreign.log(
          System.Logger.Level.WARNING,
          "no thread can be started for "
              + waiting
              + " tasks of "
              + prefix
              + "n; tried again until there is one");
    } catch (Throwable e) {
      // no memory for words; the tasks are what counts
    }
  }

  private synchronized boolean isAbandoned() {
    return queued > 0 && threads == 0;
  }

  // ---- again ----

  private static final Object AGAIN = new Object();

  // Guarded by AGAIN.
  private static @Nullable Task unripe;
  private static boolean repeating;

  /**
   * On a thread of a lane, by a task that could not do its work yet: has it performed again a
   * millisecond later. One thread does so for all such tasks.
   */
  static void again(Task task) {
    synchronized (AGAIN) {
      task.next = unripe;
      unripe = task;
      if (repeating) {
        return;
      }
      repeating = true;
    }
    for (Task ripe = ripe(); ripe != null; ripe = ripe()) {
      while (ripe != null) {
        Task next = ripe.next;
        ripe.next = null;
        perform(ripe); // which may come here again
        ripe = next;
      }
    }
  }

  private static @Nullable Task ripe() {
    Stack.pause();
    synchronized (AGAIN) {
      Task ripe = unripe;
      unripe = null;
      repeating = ripe != null;
      return ripe;
    }
  }

  @Override
  public String toString() {
    return prefix + "n";
  }

  /**
   * The thread that was set aside. Idle, it is the JDK's alone, and it ends when nobody can call it
   * any more; so it does not keep loaded what has loaded this class.
   */
  private static final class Reserve {
    private static final long PAUSE_NANOS = 20_000_000;

    private static final Lane[] LANES = {SIGNALS, COMPLETIONS, CANCELLATIONS, CALLBACKS, WORK};

    /** Made in time: when it is needed, there may be no memory for it. */
    private static final Runnable COMING_ROUND = Reserve::comeRound;

    private static volatile @Nullable ExecutorService thread;

    /**
     * Whether there was no memory even to call it: then whoever hands something over, or registers
     * it, calls it again.
     */
    private static volatile boolean missed;

    /** Whether it was called, and has not looked since. Guarded by the class. */
    private static boolean called;

    static boolean isThere() {
      return thread != null;
    }

    /** Called by whoever comes after somebody who could not call it. */
    static void makeUp() {
      try {
        boolean _ = call();
      } catch (OutOfMemoryError e) {
        // the next one tries again
      }
    }

    static synchronized void prepare() {
      if (thread != null) {
        return;
      }
      ExecutorService made =
          Executors.newSingleThreadExecutor(
              Thread.ofPlatform()
                  .daemon()
                  .name("desist-reserve")
                  .inheritInheritableThreadLocals(false)
                  .factory());
      try {
        // Starts it; and nothing of whoever happened to be first stays with it.
        made.execute(() -> Thread.currentThread().setContextClassLoader(null));
        thread = made;
      } catch (OutOfMemoryError e) {
        // none to be had: the next one tries again
      }
    }

    /** Has it come round; returns whether there is one. */
    static synchronized boolean call() {
      ExecutorService reserve = thread;
      if (reserve == null) {
        return false;
      }
      if (!called) {
        missed = true;
        reserve.execute(COMING_ROUND);
        called = true;
      }
      missed = false;
      return true;
    }

    private static synchronized void answer() {
      called = false;
    }

    private static void comeRound() {
      boolean waiting = true;
      while (waiting) {
        answer(); // first: whoever calls from here on is looked at in a further round
        waiting = false;
        for (Lane lane : LANES) {
          try {
            waiting |= lane.assist();
          } catch (Throwable e) { // no memory: again
            waiting = true;
          }
        }
        if (waiting) {
          LockSupport.parkNanos(PAUSE_NANOS);
        }
      }
    }
  }
}
