package dev.desist.shutdown;

import dev.desist.CancellationReason;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who takes part in one phase: linked in a list, and those of them counted that are to be waited
 * for.
 *
 * <p>Invariants:
 *
 * <ol>
 *   <li>A participant is in the list until it has ended, and counted while it is in the list and
 *       runs. Work runs from the start; actions run when the phase begins.
 *   <li>Work is accepted only under the lock, while the soft token is live; or, if it follows from
 *       somebody here who runs, while the hard token is. So when the lock has been taken once by
 *       somebody who knows the soft token to be cancelled, all work that was accepted is in the
 *       list, and no more comes when nobody runs or the hard token is cancelled.
 *   <li>An action is accepted only under the lock, before the phase begins. So it is run with the
 *       phase, or was refused.
 * </ol>
 *
 * <p>The lock is held for a few loads and stores, no other is taken under it, and nothing of the
 * user's is called (promise 8).
 */
final class Roster {
  private final ShutdownPhase phase;
  private final CancellationToken soft;
  private final CancellationToken hard;
  private final Runnable whenQuiet;
  private final Object lock = new Object();

  /** What actions are told by, and all here once that is cancelled; guarded by the lock. */
  private @Nullable CancellationToken token;

  /** The head of the list, guarded by the lock. */
  private @Nullable Participant first;

  /** How many are to be waited for. Written under the lock; read without it by whoever waits. */
  private volatile int running;

  /**
   * All who were to be waited for: work that had not ended when the soft token was cancelled, and
   * the actions that have begun. Guarded by the lock.
   */
  private int total;

  /** Whether work that has not ended is in the total; guarded by the lock. */
  private boolean counted;

  /**
   * Those who ended after the hard token was cancelled, of the drain alone; guarded by the lock.
   */
  private final List<Participant> late = new ArrayList<>();

  Roster(ShutdownPhase phase, CancellationToken soft, CancellationToken hard, Runnable whenQuiet) {
    this.phase = phase;
    this.soft = soft;
    this.hard = hard;
    this.whenQuiet = whenQuiet;
  }

  ShutdownPhase phase() {
    return phase;
  }

  /**
   * Adds work, or refuses it: see invariant 2 (promise 23).
   *
   * @param before what the work follows from, if it does
   * @throws CancelledException if it is too late
   */
  void addWork(Participant work, @Nullable Participant before) {
    synchronized (lock) {
      boolean follows = before != null && before.state == Participant.State.RUNNING;
      if (!soft.isCancelled() || (follows && !hard.isCancelled())) {
        link(work);
        work.state = Participant.State.RUNNING;
        running++;
        if (counted) {
          total++;
        }
        return;
      }
    }
    throw new CancelledException(hard.isCancelled() ? hard : soft);
  }

  /** Whether this was before the phase began. */
  boolean addAction(Participant action) {
    synchronized (lock) {
      if (token != null) {
        return false;
      }
      link(action);
      return true;
    }
  }

  /** Adds an action that runs now, whatever the phase. */
  void addRunning(Participant action) {
    synchronized (lock) {
      link(action);
      action.state = Participant.State.RUNNING;
      running++;
      total++;
    }
  }

  /** Takes out one of {@link #addRunning} that has not run, and is not counted either. */
  void retract(Participant action) {
    synchronized (lock) {
      if (action.state == Participant.State.RUNNING) {
        total--;
      }
    }
    leave(action);
  }

  /** Under the lock. */
  private void link(Participant participant) {
    participant.next = first;
    if (first != null) {
      first.previous = participant;
    }
    first = participant;
  }

  /** After the soft token was cancelled: counts the work that has not ended, and no more comes. */
  void countWork() {
    synchronized (lock) {
      total += running;
      counted = true;
    }
  }

  /**
   * Begins the phase.
   *
   * @param token what its actions are told by
   * @return the actions, which count as running now
   */
  List<Participant> begin(CancellationToken token) {
    var actions = new ArrayList<Participant>();
    synchronized (lock) {
      this.token = token;
      for (Participant at = first; at != null; at = at.next) {
        if (at.state == Participant.State.WAITING) {
          at.state = Participant.State.RUNNING;
          running++;
          total++;
          actions.add(at);
        }
      }
    }
    return actions;
  }

  /** Takes out work that ended, or an action that has not begun; lets others be. */
  void withdraw(Participant participant) {
    take(participant, participant.action != null, false);
  }

  /** Takes out whoever has ended. */
  void leave(Participant participant) {
    take(participant, false, false);
  }

  /** Takes out who is not to be waited for, and does not count as ended. */
  void drop(Participant participant) {
    take(participant, false, true);
  }

  /** Nothing is kept of whoever is out (promise 14), but for those of the drain who were late. */
  private void take(Participant participant, boolean ifWaiting, boolean dropped) {
    boolean quiet;
    synchronized (lock) {
      boolean ran = participant.state == Participant.State.RUNNING;
      if (participant.state == Participant.State.ENDED || (ran && ifWaiting)) {
        return;
      }
      participant.state = Participant.State.ENDED;
      if (participant.previous == null) {
        first = participant.next;
      } else {
        participant.previous.next = participant.next;
      }
      if (participant.next != null) {
        participant.next.previous = participant.previous;
      }
      participant.next = null;
      participant.previous = null;
      if (ran) {
        running--;
        if (participant.action == null && !counted && soft.isCancelled()) {
          total++;
        }
        if (!dropped && phase == ShutdownPhase.DRAINING && hard.isCancelled()) {
          late.add(participant);
        }
      }
      quiet = ran && running == 0;
    }
    if (quiet) {
      whenQuiet.run();
    }
  }

  /** How many are to be waited for now. */
  int running() {
    return running;
  }

  int total() {
    synchronized (lock) {
      return total;
    }
  }

  /**
   * Who had not ended at one moment.
   *
   * @param running they, in the order in which they came
   * @param late who had ended by then, but not before the hard token was cancelled
   */
  record Rest(List<Participant> running, List<Participant> late) {}

  Rest rest() {
    var found = new ArrayList<Participant>();
    synchronized (lock) {
      for (Participant at = first; at != null; at = at.next) {
        if (at.state == Participant.State.RUNNING) {
          found.add(at);
        }
      }
      return new Rest(found.reversed(), List.copyOf(late));
    }
  }

  /** Why those here were told to end; null if they have not been. */
  @Nullable CancellationReason reason() {
    CancellationToken told;
    synchronized (lock) {
      told = token;
    }
    return (told == null ? soft : told).reason().or(soft::reason).orElse(null);
  }
}
