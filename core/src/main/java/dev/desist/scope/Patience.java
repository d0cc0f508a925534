package dev.desist.scope;

import dev.desist.CancellationReason;
import dev.desist.CancellationToken;
import dev.desist.Deadline;
import dev.desist.Leftover;
import dev.desist.TimeSource;
import dev.desist.internal.Ambient;
import dev.desist.internal.Foreign;
import dev.desist.internal.Overdue;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the owner of a scope has with cancelled subtasks that go on: how long it waits for them, as
 * the {@link Grace} says, what it reports, and when it leaves them behind (promises 21 and 25). It
 * is the owner's alone, made when it is needed.
 */
final class Patience {
  /*
   * States:      WAITING -> REPORTED -> LEFT, each when `end` has passed, or for ever if the grace
   *              knows no next one. If the clock fails, the state stays, and goes on by the clock
   *              of this machine; if that fails as well, without end.
   */
  private final Lifecycle<?, ?> scope;
  private final Grace grace;

  /** By which the end is set: the scope's, or, once that has failed, that of this machine. */
  private TimeSource clock;

  /** When the time of the present state is over. */
  private Deadline end;

  private boolean reported;
  private boolean left;

  /** Whether the owner was interrupted meanwhile. */
  private boolean interrupted;

  /** Patience that begins now. */
  Patience(Lifecycle<?, ?> scope) {
    this.scope = scope;
    this.grace = scope.settings().grace();
    this.clock = scope.time();
    this.end = after(clock, grace.patience());
  }

  /**
   * Waits for the subtasks.
   *
   * @param begun patience that began earlier; null for one that begins now
   */
  @SuppressWarnings("ThreadPriorityCheck") // nothing depends on the yield
  static void await(Lifecycle<?, ?> scope, @Nullable Patience begun) {
    Thread owner = Thread.currentThread();
    if (!scope.crowd().isQuiet() && owner.isVirtual()) {
      Thread.yield(); // whoever listens mostly ends meanwhile, which saves setting a timer
    }
    if (scope.crowd().isQuiet()) {
      return;
    }
    // The task that the owner is in may have listened; those whom it waits for have not.
    Ambient.Host task = Ambient.host();
    boolean listened = task != null && task.listens(owner);
    try {
      (begun != null ? begun : new Patience(scope)).awaitSubtasks(owner);
    } finally {
      if (listened && task != null) {
        task.listened(owner);
      }
    }
  }

  private void awaitSubtasks(Thread owner) {
    Crowd crowd = scope.crowd();
    while (!crowd.isQuiet() && !left) {
      if (isLost(crowd)) {
        lose(crowd);
      }
    }
    if (interrupted) {
      owner.interrupt();
    }
  }

  /** Waits, and returns whether the time of the state is over. */
  private boolean isLost(Crowd crowd) {
    try {
      CancellationToken.none().awaitOr(crowd::isQuiet, end);
      return !crowd.isQuiet() && end.isPassed();
    } catch (InterruptedException e) {
      interrupted = true;
      crowd.interruptAll();
    } catch (Throwable e) {
      if (end == Deadline.none()) {
        throw e;
      }
      changeClock(e);
    }
    return false;
  }

  /** Goes on to the next state. */
  private void lose(Crowd crowd) {
    Duration leaving = grace.leaving();
    left = leaving != null && (reported || leaving.isZero());
    report(crowd);
    if (!reported && grace.interrupts()) {
      crowd.interruptAll();
    }
    end = leaving == null ? Deadline.none() : after(clock, leaving);
    reported = true;
  }

  private void report(Crowd crowd) {
    for (Fork<?> fork : crowd.list()) {
      boolean waited = crowd.dequeue(fork); // if the cancellation has not come to the queue yet
      if (fork.claim()) {
        fork.withdraw(!waited); // its thread has not come to it yet, and now never will
      }
    }
    for (Fork<?> fork : crowd.report(left)) {
      Overdue.report(fork, left);
    }
  }

  /** What is reported of a subtask that goes on. */
  static Overdue.Sight look(Fork<?> fork, boolean leftBehind) {
    Thread running = fork.thread();
    CancellationReason reason = fork.token().reason().orElseThrow();
    var leftover =
        new Leftover(
            fork.name(),
            fork.scope().settings().nameOrUnnamed(),
            null,
            running == null ? "a thread that is about to end it" : Foreign.nameOf(running),
            reason,
            Overdue.since(reason.origin().time(), fork.scope().time()::instant),
            leftBehind,
            running == null ? List.of() : Foreign.stackOf(running));
    return new Overdue.Sight(leftover, leftover.sentence());
  }

  private void changeClock(Throwable failure) {
    noteFailure(clock, failure);
    Duration leaving = grace.leaving();
    Duration again = reported && leaving != null ? leaving : grace.patience();
    end = clock == TimeSource.system() ? Deadline.none() : after(TimeSource.system(), again);
    clock = TimeSource.system();
  }

  /**
   * A deadline by {@code clock}; if that fails, by that of this machine, since whoever is cancelled
   * is waited for, and reported, all the same.
   */
  private Deadline after(TimeSource clock, Duration duration) {
    try {
      return TimeSource.callWith(clock, () -> Deadline.after(duration));
    } catch (Throwable e) {
      noteFailure(clock, e);
      return clock == TimeSource.system() ? Deadline.none() : after(TimeSource.system(), duration);
    }
  }

  private void noteFailure(TimeSource clock, Throwable failure) {
    Foreign.log(
        System.Logger.Level.ERROR,
        "the time source of "
            + scope.title()
            + " failed, "
            + Foreign.describe(clock)
            + ": "
            + Foreign.describe(failure));
  }
}
