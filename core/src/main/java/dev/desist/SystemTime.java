package dev.desist;

import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The machine's time, with one timer thread for the whole process. The thread is started by the
 * first entry and ends when there has been none for ten seconds. It runs only tasks of this
 * library, which set a flag and hand everything else over, so no callback can delay or kill it.
 */
final class SystemTime implements TimeSource {
  static final ScopedValue<TimeSource> BOUND = ScopedValue.newInstance();
  static final SystemTime INSTANCE = new SystemTime();

  private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(10);

  /**
   * Its monitor guards what follows, for a few steps in the heap and never while a task runs. A
   * monitor because it is left even by a stack overflow.
   */
  private final TimerHeap heap = new TimerHeap();

  /** Null when there is no timer thread. */
  private @Nullable Thread thread;

  /** Until when the timer thread sleeps, or did last. Whoever comes later need not wake it. */
  private long sleepsUntil;

  private SystemTime() {}

  /** An entry that takes itself out of the heap. */
  private final class Entry extends TimerHeap.Entry implements Timer {
    Entry(long nanoTime, Runnable task) {
      super(nanoTime, task);
    }

    @Override
    public boolean cancel() {
      synchronized (heap) {
        return heap.remove(this);
      }
    }
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public Instant instant() {
    return Instant.now();
  }

  @Override
  public Timer schedule(long nanoTime, Runnable task) {
    Sweep.probeStack();
    var entry = new Entry(nanoTime, task);
    synchronized (heap) {
      heap.add(entry);
      if (thread == null) {
        try {
          thread = startThread();
        } catch (Throwable failure) { // no thread to be had; the next entry tries again
          heap.remove(entry);
          throw failure;
        }
      } else if (heap.first() == entry && nanoTime - sleepsUntil < 0) {
        LockSupport.unpark(thread);
      }
    }
    return entry;
  }

  private Thread startThread() {
    Thread timer =
        Thread.ofPlatform()
            .daemon()
            .name("desist-timer")
            .inheritInheritableThreadLocals(false)
            .unstarted(this::runTimer);
    timer.setContextClassLoader(null);
    timer.start();
    return timer;
  }

  private void runTimer() {
    long idleSince = System.nanoTime();
    while (true) {
      Runnable task = null;
      long wait;
      synchronized (heap) {
        TimerHeap.Entry first = heap.first();
        long now = System.nanoTime();
        wait = first == null ? idleSince + IDLE_NANOS - now : first.nanoTime - now;
        if (first != null) {
          idleSince = now;
          if (wait <= 0) {
            heap.remove(first);
            task = first.task;
          }
        } else if (wait <= 0) {
          thread = null;
          return;
        }
        sleepsUntil = now + wait;
      }
      if (task != null) {
        runGuarded(task);
      } else {
        // Nobody has a reason to interrupt this thread; were it interrupted for good, it would not
        // sleep any more.
        boolean _ = Thread.interrupted();
        LockSupport.parkNanos(this, wait);
      }
    }
  }

  /**
   * Our tasks do not throw. Should the memory run out in one, this thread has to be there for the
   * next all the same.
   */
  private static void runGuarded(Runnable task) {
    try {
      task.run();
    } catch (Throwable failure) {
      try {
        Thread current = Thread.currentThread();
        current.getUncaughtExceptionHandler().uncaughtException(current, failure);
      } catch (Throwable again) {
        // a handler that fails has nobody left to tell
      }
    }
  }

  @Override
  public void dispatch(Runnable task) {
    Cancellation.dispatcher().execute(task);
  }

  /**
   * Parks; a virtual thread with an entry of its own here, since parking it for a time costs the
   * JDK several times as much as parking it.
   */
  @Override
  public void parkUntil(Object blocker, long nanoTime) {
    Thread current = Thread.currentThread();
    if (!current.isVirtual()) {
      LockSupport.parkNanos(blocker, nanoTime - System.nanoTime());
      return;
    }
    Timer wake;
    try {
      wake = schedule(nanoTime, () -> LockSupport.unpark(current));
    } catch (OutOfMemoryError e) { // no timer thread to be had
      LockSupport.parkNanos(blocker, nanoTime - System.nanoTime());
      return;
    }
    try {
      LockSupport.park(blocker);
    } finally {
      wake.cancel();
    }
  }

  @Override
  public String toString() {
    return "TimeSource[system]";
  }
}
