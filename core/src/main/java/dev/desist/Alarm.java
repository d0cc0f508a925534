package dev.desist;

import dev.desist.internal.Fields;
import dev.desist.internal.Lane;
import dev.desist.internal.Stack;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A node's own deadline, and its entry in the timer. Replaced, never moved. The reason says which
 * deadline it was, and whose (promise 15).
 */
final class Alarm implements Runnable {
  private static final VarHandle TIMER =
      Fields.of(MethodHandles.lookup(), "timer", TimeSource.Timer.class);
  private static final TimeSource.Timer CANCELLED = () -> false;

  final Deadline deadline;
  private final Node node;

  /** What to cancel for, in place of "deadline exceeded". */
  private final @Nullable CancellationReason reason;

  /** Whether this came due before it was the node's. Guarded by the node's lock. */
  boolean early;

  /**
   * Null until {@link #start} has put it in, CANCELLED from {@link #cancel} on; the two may race.
   */
  @SuppressWarnings("UnusedVariable") // used through TIMER
  private TimeSource.@Nullable Timer timer;

  private Alarm(Node node, Deadline deadline, @Nullable CancellationReason reason) {
    this.node = node;
    this.deadline = deadline;
    this.reason = reason;
  }

  /**
   * Sets the own deadline of {@code node}, in place of an earlier one; not if it is cancelled, but
   * a node that is new has its deadline also if it was born so.
   *
   * <p>The timer comes first, where there may be no thread for it: nothing has happened then.
   * Should it be so quick that the alarm is not the node's yet, it leaves word in {@code early}.
   *
   * @param reason what to cancel for; null for "deadline exceeded"
   */
  static void set(
      Node node, Deadline deadline, @Nullable CancellationReason reason, boolean isNew) {
    Stack.reserveToEnd();
    Alarm alarm = deadline.isNone() ? null : new Alarm(node, deadline, reason);
    // A zero timeout cancels here. One that passed just now is the timer's, so that no callback
    // runs where it is not expected.
    boolean now = deadline.isZero() || (deadline.isPassed() && node.isBare());
    if (alarm != null && !now && node.verdict() == null) {
      alarm.start();
    }
    Alarm obsolete = node.replaceAlarm(alarm, isNew);
    if (obsolete != null) {
      obsolete.cancel();
    }
    if (alarm == null || alarm == obsolete) {
      return; // there is none, or nothing to come that it could cancel
    }
    if (now) {
      node.cancel(alarm.reason());
    } else if (alarm.early) { // written before it was the node's, or of no matter any more
      Lane.SIGNALS.execute(alarm);
    }
  }

  /**
   * Enters the timer, after this alarm has been made the node's: it may fire before this method
   * returns.
   */
  private void start() {
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

  private CancellationReason reason() {
    return reason == null ? CancellationReason.deadlineExceeded(node.name, deadline) : reason;
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
