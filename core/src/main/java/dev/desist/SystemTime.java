package dev.desist;

import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The machine's time, with one timer thread for the whole process. The thread is started by the
 * first entry and ends when there has been none for ten seconds. It runs only tasks of this
 * library, which set flags and hand everything else over, so no callback can delay or kill it.
 */
final class SystemTime implements TimeSource {
  static final ScopedValue<TimeSource> BOUND = ScopedValue.newInstance();
  static final SystemTime INSTANCE = new SystemTime();

  private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** Guards everything below. Held for a few steps in the heap; never while a task runs. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition earlier = lock.newCondition();
  private final TimerHeap heap = new TimerHeap();
  private @Nullable Thread thread;

  private SystemTime() {}

  /** An entry that takes itself out of the heap. */
  private final class Entry extends TimerHeap.Entry implements Timer {
    Entry(long nanoTime, Runnable task) {
      super(nanoTime, task);
    }

    @Override
    public boolean cancel() {
      lock.lock();
      try {
        return heap.remove(this);
      } finally {
        lock.unlock();
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
    var entry = new Entry(nanoTime, task);
    lock.lock();
    try {
      heap.add(entry);
      if (thread == null) {
        Thread timer =
            Thread.ofPlatform()
                .daemon()
                .name("desist-timer")
                .inheritInheritableThreadLocals(false)
                .unstarted(this::runTimer);
        timer.setContextClassLoader(null);
        timer.start(); // if that fails, the next entry tries again
        thread = timer;
      } else if (heap.first() == entry) {
        earlier.signal();
      }
    } finally {
      lock.unlock();
    }
    return entry;
  }

  private void runTimer() {
    for (Runnable task = awaitNext(); task != null; task = awaitNext()) {
      runGuarded(task);
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

  /**
   * Waits for the next due task and takes it out; null when there has been none for long, and the
   * thread is to end. Nobody has a reason to interrupt this thread; if somebody does, it looks
   * again and goes on, since the deadlines of a whole process matter more.
   */
  private @Nullable Runnable awaitNext() {
    lock.lock();
    try {
      long idleSince = System.nanoTime();
      while (true) {
        TimerHeap.Entry first = heap.first();
        long now = System.nanoTime();
        if (first == null) {
          if (now - idleSince >= IDLE_NANOS) {
            thread = null;
            return null;
          }
        } else {
          if (first.nanoTime - now <= 0) {
            heap.remove(first);
            return first.task;
          }
          idleSince = now;
        }
        try {
          long wake = first == null ? idleSince + IDLE_NANOS : first.nanoTime;
          var _ = earlier.awaitNanos(wake - now);
        } catch (InterruptedException e) {
          // see above
        }
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void dispatch(Runnable task) {
    Cancellation.dispatcher().execute(task);
  }

  @Override
  public void parkUntil(Object blocker, long nanoTime) {
    LockSupport.parkNanos(blocker, nanoTime - System.nanoTime());
  }

  @Override
  public String toString() {
    return "TimeSource[system]";
  }
}
