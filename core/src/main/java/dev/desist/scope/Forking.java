package dev.desist.scope;

import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.Deadline;
import dev.desist.Outcome;
import dev.desist.TimeSource;
import dev.desist.internal.Fields;
import dev.desist.internal.Foreign;
import dev.desist.internal.Overdue;
import dev.desist.internal.Stack;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How subtasks come into a scope and leave it, and what the joiner is told of them: the lower half
 * of the engine beneath {@link TaskScope}, which is the same object. How its owner joins and closes
 * it, is the upper half, {@link Lifecycle}.
 *
 * @param <T> what the subtasks give
 * @param <R> what join gives
 */
abstract sealed class Forking<T extends @Nullable Object, R extends @Nullable Object>
    permits Lifecycle {
  /*
   * Overview: a scope counts its subtasks and links them in a list (Crowd); its token tells them to
   * stop. It has one waiting thread of its own, the owner, and wakes it when the count comes to
   * zero. Failures are kept in the Ledger until join throws; those who do not listen are left to
   * the owner's Patience; what is open inside what is known to Nesting.
   *
   * States:      FRESH        nothing was forked, nor joined: may be closed as it is
   *              FORKED       something was: must be joined before it is closed
   *              TRIED        join gave up, not having seen the end: may be called again
   *              INTERRUPTED  as TRIED, since the owner was interrupted: if it closes now, it hands
   *                           that down
   *              JOINED       join has seen the end, or the cancellation
   *              CLOSED       what runs on is cancelled, and waited for
   *              FRESH -> FORKED -> TRIED or INTERRUPTED -> JOINED -> CLOSED, where any may be left
   *              out. The first four are open. Written under the lock: by the owner, and FORKED by
   *              whoever forks.
   * Invariants:  1. A subtask is in the list, and counted, from the fork until it has ended and the
   *                 joiner has been told. A fork by another thread than the owner is counted while
   *                 it is under way, so join waits for what the joiner was told of.
   *              2. A subtask is accepted, and a fork counted, only under the lock, while the scope
   *                 is open and its token live. So after the token is cancelled or the scope is no
   *                 longer open, the count only falls, and zero is final (promise 23).
   *              3. `stopReason` is set before the token is cancelled with it. So whoever sees the
   *                 token cancelled knows whether the joiner did it: the token's reason is
   *                 `stopReason`, or never will be.
   *              4. A failure that is to be suppressed is, before its subtask is counted out. So
   *                 whoever has closed the scope, and left none behind, sees all of them.
   * Lock:        the monitor of the Crowd, which is the Ledger too.
   * Progress:    only the owner waits, and for its subtasks alone. A subtask waits for nobody.
   */

  private static final Outcome<?> NO_MEMORY =
      new Outcome.Failure<>(new OutOfMemoryError("no memory for what was thrown"));

  private static final VarHandle STOP_REASON =
      Fields.of(MethodHandles.lookup(), "stopReason", CancellationReason.class);

  enum Phase {
    FRESH,
    FORKED,
    TRIED,
    INTERRUPTED,
    JOINED,
    CLOSED
  }

  private final Settings settings;
  private final TimeSource time = TimeSource.current();
  final Joiner<? super T, ? extends R> joiner;
  final CancellationSource source;
  final Crowd crowd = new Crowd();

  /** Read without the lock by whoever needs no more than a hint, and by the owner. */
  volatile Phase phase = Phase.FRESH;

  /** Why the joiner stopped this scope. Set once, by whichever subtask comes first. */
  volatile @Nullable CancellationReason stopReason;

  Forking(
      Joiner<? super T, ? extends R> joiner,
      Settings settings,
      CancellationToken outer,
      Deadline deadline) {
    this.joiner = joiner;
    this.settings = settings;
    String name = settings.name();
    this.source = // last: if there is no memory for the rest, there is nothing to take back
        name == null ? outer.childWithDeadline(deadline) : outer.childWithDeadline(name, deadline);
    if (settings.parallelism() > 0) {
      crowd.limit(source.token(), settings.parallelism());
    }
  }

  CancellationToken token() {
    return source.token();
  }

  final Settings settings() {
    return settings;
  }

  final Crowd crowd() {
    return crowd;
  }

  /** The same object, asked for what failed. */
  final Ledger ledger() {
    return crowd;
  }

  final TimeSource time() {
    return time;
  }

  final String title() {
    return settings.title();
  }

  final @Nullable CancellationReason reason() {
    return source.token().reason().orElse(null);
  }

  // ---- forking ----

  final <U extends T> Subtask<U> begin(Fork<U> fork) {
    if (!settings.sharedForking()) {
      requireOwner();
      return admit(fork);
    }
    boolean counted;
    synchronized (crowd) {
      counted = isOpen() && !source.token().isCancelled();
      crowd.count(counted ? 1 : 0);
    }
    try {
      return admit(fork);
    } finally {
      if (counted) {
        synchronized (crowd) {
          crowd.count(-1);
        }
        crowd.wake();
      }
    }
  }

  private <U extends T> Subtask<U> admit(Fork<U> fork) {
    Stack.reserve();
    if (crowd.isQuiet() || !isOver()) {
      requireOpen("forked into");
      try {
        settings.grace().requireRoomFor(fork);
        if (joiner.onFork(fork)) {
          stop(fork);
        }
      } catch (Throwable e) {
        fork.settle(failure(e)); // it never starts, and nobody waits for it in vain
        throw e;
      }
    }
    boolean accepted;
    boolean start = false;
    synchronized (crowd) {
      if (!isOver()) {
        requireOpen("forked into");
      }
      if (phase == Phase.FRESH) {
        phase = Phase.FORKED;
      }
      accepted = !source.token().isCancelled();
      if (accepted) {
        start = crowd.add(fork);
      } else {
        crowd.cut();
      }
    }
    if (!accepted) {
      fork.settle(new Outcome.Cancelled<>(Objects.requireNonNull(reason())));
    } else if (start) {
      try {
        settings.thread(fork).start();
      } catch (Throwable e) {
        if (fork.claim()) { // else the factory has started it in spite of that
          fork.end(failure(e), true);
          throw e;
        }
      }
    }
    return fork;
  }

  /** {@code e} as an outcome, or, if there is no memory for it, the want of it. */
  private static Outcome<?> failure(Throwable e) {
    try {
      return new Outcome.Failure<>(e);
    } catch (OutOfMemoryError none) {
      return NO_MEMORY;
    }
  }

  private boolean isOpen() {
    return phase.compareTo(Phase.JOINED) < 0;
  }

  /** Whether join has given up, or close began, while subtasks run that may not know it yet. */
  private boolean isOver() {
    return !isOpen()
        && settings.sharedForking()
        && Thread.currentThread() != crowd.owner()
        && source.token().isCancelled();
  }

  // ---- the end of a subtask ----

  /**
   * Takes note of a subtask that has ended, and starts one that waited for it.
   *
   * @param ran whether it is one of those that count as running
   */
  final void ended(Fork<?> ended, boolean ran) {
    for (Fork<?> fork = ended; fork != null; ) {
      boolean cancelled = source.token().isCancelled();
      boolean told = stopReason == null;
      if (told) {
        tell(fork);
      }
      boolean late = cancelled || !told || !isOpen();
      Throwable failure = late ? fork.failure() : null;
      if (failure != null && !crowd.isLeft()) {
        ledger().late(failure); // invariant 4
      }
      Fork<?> successor;
      boolean listed;
      synchronized (crowd) {
        crowd.remove(fork, late);
        listed = crowd.isReported();
        successor = ran ? crowd.successor() : null;
      }
      boolean leftBehind = listed && Overdue.remove(fork); // before anybody is told that it ended
      crowd.wake();
      if (leftBehind) {
        Overdue.noteEnd(fork);
      }
      fork = successor == null || tryStart(successor) ? null : successor;
    }
  }

  private boolean tryStart(Fork<?> fork) {
    try {
      settings.thread(fork).start();
      return true;
    } catch (Throwable e) {
      if (!fork.claim()) {
        return true; // the factory has started it in spite of that
      }
      fork.settle(failure(e));
      return false;
    }
  }

  /** Ends a cancelled subtask now if it waits for another one to end. */
  final void withdraw(Fork<?> fork) {
    if (crowd.dequeue(fork) && fork.claim()) {
      fork.withdraw(false);
    }
  }

  private void tell(Fork<?> fork) {
    try {
      @SuppressWarnings("unchecked") // only subtasks of ours come here
      var subtask = (Subtask<? extends T>) fork;
      if (joiner.onComplete(subtask)) {
        stop(subtask);
      }
    } catch (Throwable e) {
      ledger().joinerFailed(e);
      stopAfter(e);
    }
  }

  /** Tells the joiner, on the owner's thread, of those that were dropped while they waited. */
  final void tellOfDropped() {
    List<Fork<?>> dropped = crowd.takeUntold();
    if (dropped != null) {
      for (Fork<?> fork : dropped) {
        fork.release();
        if (stopReason == null) {
          tell(fork);
        }
      }
    }
  }

  private void stop(Subtask<? extends T> subtask) {
    if (stopReason == null) {
      stop(Objects.requireNonNull(joiner.reason(subtask), "Joiner.reason must not give null"));
    }
  }

  private void stopAfter(Throwable joinerFailed) {
    while (true) {
      try {
        stop(
            CancellationReason.siblingFailed(
                "the joiner of " + title() + " failed with " + Foreign.describe(joinerFailed)));
        return;
      } catch (OutOfMemoryError e) {
        Stack.pause();
      }
    }
  }

  private void stop(CancellationReason reason) {
    if (STOP_REASON.compareAndSet(this, null, reason)) {
      try {
        whenThereIsMemory(reason);
      } catch (Throwable e) {
        Foreign.report(e);
      }
    }
  }

  /**
   * Cancels for {@code reason}, or closes if it is null. Waits for memory, if there is none for it:
   * else subtasks would be waited for that never hear of it.
   */
  final void whenThereIsMemory(@Nullable CancellationReason reason) {
    while (true) {
      try {
        if (reason == null) {
          source.close();
        } else {
          source.cancel(reason);
        }
        return;
      } catch (OutOfMemoryError e) {
        if (source.isCancelled()) {
          throw e;
        }
        Stack.pause();
      }
    }
  }

  // ---- checks ----

  final void requireOwner() {
    if (Thread.currentThread() != crowd.owner()) {
      throw new WrongThreadException(
          title() + " is owned by " + crowd.owner() + ", not by " + Thread.currentThread());
    }
  }

  final void requireOpen(String what) {
    if (!isOpen()) {
      throw new IllegalStateException(
          title()
              + " must not be "
              + what
              + " after it was "
              + (phase == Phase.JOINED ? "joined" : "closed"));
    }
  }
}
