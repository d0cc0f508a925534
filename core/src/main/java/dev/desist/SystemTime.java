package dev.desist;

import dev.desist.internal.Foreign;
import dev.desist.internal.Lane;
import dev.desist.internal.Stack;
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
  private static final long AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

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
    Stack.reserveForStep();
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
      TimerHeap.Entry due = null;
      long wait;
      synchronized (heap) {
        TimerHeap.Entry first = heap.first();
        long now = System.nanoTime();
        wait = first == null ? idleSince + IDLE_NANOS - now : first.nanoTime - now;
        if (first != null) {
          idleSince = now;
          if (wait <= 0) {
            heap.remove(first);
            due = first;
          }
        } else if (wait <= 0) {
          thread = null;
          return;
        }
        sleepsUntil = now + wait;
      }
      if (due != null) {
        run(due);
      } else {
        // Nobody has a reason to interrupt this thread; were it interrupted for good, it would not
        // sleep any more.
        boolean _ = Thread.interrupted();
        LockSupport.parkNanos(this, wait);
      }
    }
  }

  /**
   * Our tasks do not throw. Should the memory run out in one, it is due again soon, since nobody
   * else would do what it is for; and this thread has to be there for the next in any case.
   */
  private void run(TimerHeap.Entry due) {
    try {
      due.task.run();
    } catch (OutOfMemoryError e) {
      while (!putBack(due)) {
        LockSupport.parkNanos(AGAIN_NANOS);
      }
    } catch (Throwable failure) {
      Foreign.report(failure);
    }
  }

  private boolean putBack(TimerHeap.Entry due) {
    try {
      synchronized (heap) {
        due.nanoTime = System.nanoTime() + AGAIN_NANOS;
        heap.add(due);
      }
      return true;
    } catch (OutOfMemoryError e) {
      return false;
    }
  }

  @Override
  public void dispatch(Runnable task) {
    Lane.CANCELLATIONS.execute(task);
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
