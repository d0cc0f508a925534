package dev.desist;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where time comes from: a monotonic clock, a wall clock, a timer and a way to wait. Programs use
 * {@link #system()} and never meet this type; tests bind a time source that stands still until they
 * move it, and then need not sleep (promise 17).
 *
 * <p>A source without parents belongs to the time source that is bound where it is made, a child to
 * its parent's, and a linked source to that of the first of its parents, in the order given. So do
 * the deadlines that are set for it by a timeout, and every wait on its token, on whatever thread
 * that happens. A {@link Deadline} belongs to the one that was bound where it was made.
 *
 * <h2>Thread safety</h2>
 *
 * Implementations are called by many threads at once, and not while a lock of this library is held.
 */
public interface TimeSource {
  /** An entry in a timer. */
  interface Timer {
    /**
     * Takes the entry out, so that nothing is kept of it.
     *
     * @return whether this call kept the task from running
     */
    boolean cancel();
  }

  /** {@return the time of this machine: {@link System#nanoTime()} and {@link Instant#now()}} */
  static TimeSource system() {
    return SystemTime.INSTANCE;
  }

  /** {@return the time source bound by {@link #callWith} on this thread, else {@link #system()}} */
  static TimeSource current() {
    return SystemTime.BOUND.orElse(SystemTime.INSTANCE);
  }

  /**
   * Calls {@code body} with {@code time} as the current time source.
   *
   * @param <T> what the body returns
   * @param <X> what the body throws
   * @param time the time source
   * @param body what to call, on the calling thread
   * @return what the body returned
   * @throws X what the body threw
   */
  static <T extends @Nullable Object, X extends Exception> T callWith(
      TimeSource time, Task<T, X> body) throws X {
    Objects.requireNonNull(time, "time");
    Objects.requireNonNull(body, "body");
    return time == current()
        ? body.call()
        : ScopedValue.where(SystemTime.BOUND, time).call(body::call);
  }

  /** {@return the reading of a monotonic clock, in nanoseconds; only differences mean something} */
  long nanoTime();

  /** {@return the reading of the wall clock} */
  Instant instant();

  /**
   * Runs {@code task} once when {@link #nanoTime()} has reached {@code nanoTime}; as soon as it can
   * if it has. Tasks due at the same time run in the order they were scheduled. Tasks given by this
   * library are quick, do not block and do not throw.
   *
   * @param nanoTime when
   * @param task what
   * @return the entry, by which to cancel
   */
  Timer schedule(long nanoTime, Runnable task);

  /**
   * Runs what a due deadline has to call, which may be slow or fail: on a thread other than the
   * timer's own, unless everybody is content to wait.
   *
   * @param task what to run
   */
  void dispatch(Runnable task);

  /**
   * Parks the current thread until it is unparked, interrupted, or {@link #nanoTime()} has reached
   * {@code nanoTime}; may also return for no reason, as {@link
   * java.util.concurrent.locks.LockSupport#park(Object)}.
   *
   * @param blocker what the thread waits for, for thread dumps
   * @param nanoTime when to stop waiting
   */
  void parkUntil(Object blocker, long nanoTime);
}
