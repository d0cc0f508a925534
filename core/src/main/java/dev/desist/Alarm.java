package dev.desist;

import dev.desist.internal.Lane;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** A node's own deadline, and its entry in the timer. Replaced, never moved. */
final class Alarm implements Runnable {
  private static final VarHandle TIMER;
  private static final TimeSource.Timer CANCELLED = () -> false;

  static {
    try {
      TIMER = MethodHandles.lookup().findVarHandle(Alarm.class, "timer", TimeSource.Timer.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final Deadline deadline;
  private final Node node;

  /** Whether this came due before it was the node's. Guarded by the node's lock. */
  boolean early;

  /**
   * Null until {@link #start} has put it in, CANCELLED from {@link #cancel} on; the two may race.
   */
  @SuppressWarnings("UnusedVariable") // used through TIMER
  private TimeSource.@Nullable Timer timer;

  Alarm(Node node, Deadline deadline) {
    this.node = node;
    this.deadline = deadline;
  }

  /**
   * Enters the timer, after this alarm has been made the node's: it may fire before this method
   * returns.
   */
  void start() {
    TimeSource.Timer entry = deadline.time().schedule(deadline.nanoTime(), this);
    if (!TIMER.compareAndSet(this, null, entry)) {
      entry.cancel();
    }
  }

  /** Leaves the timer, or makes sure that {@link #start} does. */
  void cancel() {
    var entry = (TimeSource.Timer) TIMER.getAndSet(this, CANCELLED);
    if (entry != null) {
      entry.cancel();
    }
  }

  CancellationReason reason() {
    return CancellationReason.deadlineExceeded(node.name, deadline);
  }

  /**
   * On the timer's thread, which must not be kept: cancels the node if this is still its alarm, and
   * leaves everything that takes long to other threads.
   */
  @Override
  public void run() {
    Sweep sweep = node.begin(reason(), this);
    if (sweep == null) {
      return;
    }
    TimeSource time = deadline.time();
    if (time == TimeSource.system() && node.hasChildren()) {
      Lane.SIGNALS.hand(sweep);
      return;
    }
    sweep.prepare();
    if (!sweep.concernsUsers()) {
      sweep.run(); // which takes the tree apart
      return;
    }
    try {
      time.dispatch(sweep);
    } catch (Throwable refused) {
      if (sweep.isClaimed()) {
        throw refused; // it ran them here, and this is how they failed
      }
      Lane.CANCELLATIONS.hand(sweep);
    }
  }
}
