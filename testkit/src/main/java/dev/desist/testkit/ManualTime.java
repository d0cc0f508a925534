package dev.desist.testkit;

import dev.desist.Task;
import dev.desist.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Time that stands still until a test moves it. Sources made inside {@link #call} belong to it,
 * with their children, deadlines and waits, on whatever thread.
 *
 * <p>{@link #advance} runs what comes due on the calling thread, callbacks included, one after
 * another in the order of their times: when it returns, everything that was due has happened, and
 * nothing needs to be waited for but other threads.
 *
 * <h2>Thread safety</h2>
 *
 * All methods may be called from any thread; of several calls of {@link #advance} at once, each
 * moves time by its own amount.
 */
public final class ManualTime implements TimeSource {
  private static final Instant START = Instant.parse("2030-01-01T00:00:00Z");

  /** When, and for equal times in the order of scheduling. */
  private record Due(long nanoTime, long sequence) implements Comparable<Due> {
    @Override
    public int compareTo(Due other) {
      return nanoTime != other.nanoTime
          ? Long.compare(nanoTime, other.nanoTime)
          : Long.compare(sequence, other.sequence);
    }
  }

  private final TreeMap<Due, Runnable> timers = new TreeMap<>();
  private long nanos;

  /** Where all calls of advance together will have moved the clock. */
  private long goal;

  private long sequences;

  /**
   * Makes a time source that stands at zero on the monotonic clock, and at the first moment of 2030
   * on the other.
   */
  public ManualTime() {}

  /**
   * Calls {@code body} with this as the current time source.
   *
   * @param <T> what the body returns
   * @param <X> what the body throws
   * @param body what to call
   * @return what it returned
   * @throws X what it threw
   */
  public <T extends @Nullable Object, X extends Exception> T call(Task<T, X> body) throws X {
    return TimeSource.callWith(this, body);
  }

  /**
   * Moves time on, and runs what comes due on the way. A task that fails keeps no other from
   * running; its failure is thrown at the end.
   *
   * @param duration how far; zero runs what is due now
   * @throws IllegalArgumentException if the duration is negative, or longer than the clock has left
   */
  public void advance(Duration duration) {
    Objects.requireNonNull(duration, "duration");
    if (duration.isNegative()) {
      throw new IllegalArgumentException("duration must not be negative: " + duration);
    }
    long target;
    synchronized (timers) {
      if (duration.compareTo(Duration.ofNanos(Long.MAX_VALUE - goal)) > 0) {
        throw new IllegalArgumentException("duration must fit into the clock: " + duration);
      }
      goal += duration.toNanos();
      target = goal;
    }
    RuntimeException failure = null;
    for (Runnable task = next(target); task != null; task = next(target)) {
      try {
        task.run();
      } catch (RuntimeException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  /**
   * Takes out the next task due by {@code target} and sets the clock to its time; null, and to
   * target, if none is.
   */
  private @Nullable Runnable next(long target) {
    synchronized (timers) {
      if (!timers.isEmpty() && timers.firstKey().nanoTime <= target) {
        var first = timers.pollFirstEntry();
        nanos = Math.max(nanos, first.getKey().nanoTime);
        return first.getValue();
      }
      nanos = Math.max(nanos, target);
      return null;
    }
  }

  /** {@return how many tasks wait for their time} */
  public int pending() {
    synchronized (timers) {
      return timers.size();
    }
  }

  @Override
  public long nanoTime() {
    synchronized (timers) {
      return nanos;
    }
  }

  @Override
  public Instant instant() {
    return START.plusNanos(nanoTime());
  }

  /** Schedules; a task that is due at once runs at the next {@link #advance}, be it by zero. */
  @Override
  public Timer schedule(long nanoTime, Runnable task) {
    Objects.requireNonNull(task, "task");
    synchronized (timers) {
      var due = new Due(nanoTime, sequences++);
      timers.put(due, task);
      return () -> {
        synchronized (timers) {
          return timers.remove(due) != null;
        }
      };
    }
  }

  /** Runs {@code task} now, on the thread that moves time. */
  @Override
  public void dispatch(Runnable task) {
    task.run();
  }

  @Override
  public void parkUntil(Object blocker, long nanoTime) {
    Thread thread = Thread.currentThread();
    Timer timer = schedule(nanoTime, () -> LockSupport.unpark(thread));
    if (nanoTime() < nanoTime) {
      LockSupport.park(blocker);
    }
    timer.cancel();
  }

  @Override
  public String toString() {
    return "ManualTime[" + Duration.ofNanos(nanoTime()) + ", " + pending() + " pending]";
  }
}
