package dev.desist.scope;

import dev.desist.CancellationToken;
import dev.desist.Deadline;
import dev.desist.internal.Overdue;
import dev.desist.internal.Waiters;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The subtasks of a scope that have not ended: their list, their number, and who waits for the
 * number to come to zero. This object is the scope's one lock; made by the scope's owner.
 */
final class Crowd extends Ledger {
  /*
   * States:      AWAITED   the owner waits for those who are here, or will
   *              REPORTED  the grace was over, and those who went on were listed: whoever ends may
   *                        be among them
   *              LEFT      they were left behind: whoever ends has nobody to tell
   * Lock:        "under the lock" means: in the monitor of this object, held for a few loads and
   *              stores. It is taken before the locks of the engine's nodes. Under it no user code
   *              runs (promise 8), not even the equals of a user's thread, and none is started.
   */
  private enum Watch {
    AWAITED,
    REPORTED,
    LEFT
  }

  /** Woken when the number comes to zero. */
  private final Thread owner = Thread.currentThread();

  /** Null if there is no limit. Written by the owner before anybody comes. */
  private @Nullable Turnstile turnstile;

  /**
   * Subtasks that have not ended, and forks under way. Guarded by the lock; read without it by
   * whoever waits.
   */
  private volatile int live;

  /** Who is in {@link #await}; made, under the lock, for the first that is. */
  private volatile @Nullable Waiters waiters;

  // What follows is guarded by the lock.

  /** The subtasks that have not ended. */
  private @Nullable Fork<?> first;

  private Watch watch = Watch.AWAITED;

  /** Whether the token was cancelled before the last subtask had ended. */
  private boolean cut;

  Thread owner() {
    return owner;
  }

  /** By the owner, before anybody comes: no more than {@code most} are to run at a time. */
  void limit(CancellationToken token, int most) {
    turnstile = new Turnstile(this, token, most);
    turnstile.register();
  }

  // ---- coming and going, under the lock ----

  void count(int change) {
    int counted = live;
    live = counted + change;
  }

  /** Adds a subtask. Returns whether it is to start now; else it waits for another one to end. */
  boolean add(Fork<?> fork) {
    boolean starts = turnstile == null || turnstile.pass(fork); // first: it may find no memory
    Fork<?> after = first;
    fork.next = after;
    if (after != null) {
      after.previous = fork;
    }
    first = fork;
    count(1);
    return starts;
  }

  /**
   * Removes a subtask that has ended.
   *
   * @param late whether the scope was cancelled or over before
   */
  void remove(Fork<?> fork, boolean late) {
    Fork<?> before = fork.previous;
    Fork<?> after = fork.next;
    if (before == null) {
      first = after;
    } else {
      before.next = after;
    }
    if (after != null) {
      after.previous = before;
    }
    fork.previous = null;
    fork.next = null;
    cut |= late;
    count(-1);
  }

  /** Who takes the place of a subtask that ran. */
  @Nullable Fork<?> successor() {
    return turnstile == null ? null : turnstile.next();
  }

  /** A subtask was not let in, since the scope was cancelled. */
  void cut() {
    cut = true;
  }

  /** Whether all that was ever forked has come to an end of its own. */
  boolean isComplete() {
    return live == 0 && !cut;
  }

  boolean isReported() {
    return watch != Watch.AWAITED;
  }

  // ---- from outside ----

  /** How many have not ended; a hint. */
  int live() {
    return live;
  }

  boolean isQuiet() {
    return live == 0;
  }

  /** Whether those who go on were left behind. */
  synchronized boolean isLeft() {
    return watch == Watch.LEFT;
  }

  /** For {@code toString}: how many have not ended, and how many of these wait. */
  synchronized String words() {
    int queued = turnstile == null ? 0 : turnstile.waiting();
    return live
        + (live == 1 ? " subtask" : " subtasks")
        + (queued == 0 ? "" : ", " + queued + " of them waiting");
  }

  /** Takes one out that waits for another to end. Returns whether it did. */
  synchronized boolean dequeue(Fork<?> fork) {
    return turnstile != null && turnstile.leave(fork);
  }

  /** Those who were dropped while they waited, and of whom the joiner is to be told. */
  synchronized @Nullable List<Fork<?>> takeUntold() {
    return turnstile == null ? null : turnstile.takeUntold();
  }

  synchronized List<Fork<?>> list() {
    var found = new ArrayList<Fork<?>>();
    for (Fork<?> fork = first; fork != null; fork = fork.next) {
      found.add(fork);
    }
    return found;
  }

  /** Whoever is not in the list by now will find the token cancelled. */
  void interruptAll() {
    for (Fork<?> fork : list()) {
      if (fork.thread() != null) {
        fork.interrupt();
      }
    }
  }

  /**
   * Lists those who go on as overdue. Under the lock, so that whoever ends meanwhile is not listed
   * after.
   *
   * @param leave whether they are left behind
   * @return who they are
   */
  synchronized List<Fork<?>> report(boolean leave) {
    watch = leave ? Watch.LEFT : Watch.REPORTED;
    List<Fork<?>> deaf = list();
    deaf.forEach(fork -> Overdue.enter(fork, leave));
    return deaf;
  }

  /** At the end of the scope. */
  void disperse() {
    if (turnstile != null) {
      turnstile.unregister();
    }
  }

  // ---- waiting for the last ----

  void wake() {
    if (live > 0) {
      return;
    }
    LockSupport.unpark(owner);
    Waiters made = waiters;
    if (made != null) {
      made.wake();
    }
  }

  /** Waits on whatever thread for the number to come to zero. */
  boolean await(CancellationToken token, Deadline until) throws InterruptedException {
    waiters().await(() -> token.awaitOr(this::isQuiet, until));
    return isQuiet();
  }

  private synchronized Waiters waiters() {
    Waiters made = waiters == null ? new Waiters() : waiters;
    waiters = made;
    return made;
  }
}
