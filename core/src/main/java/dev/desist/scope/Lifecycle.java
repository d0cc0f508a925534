package dev.desist.scope;

import dev.desist.CancellationCallbackException;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Deadline;
import dev.desist.internal.Ambient;
import dev.desist.internal.Foreign;
import dev.desist.internal.Stack;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * How the owner of a scope opens, joins and closes it. What this relies on is said in {@link
 * Forking}.
 *
 * @param <T> what the subtasks give
 * @param <R> what join gives
 */
abstract sealed class Lifecycle<T extends @Nullable Object, R extends @Nullable Object>
    extends Forking<T, R> permits TaskScope {
  private final @Nullable Lifecycle<?, ?> enclosing = Nesting.innermost();

  /** The subtask that this scope was opened in, if any. */
  private final Ambient.@Nullable Host task = Ambient.host();

  private final Deadline deadline;

  /** Set by the owner when join has seen the cancellation. */
  private @Nullable Patience patience;

  Lifecycle(CancellationToken outer, Joiner<? super T, ? extends R> joiner, Settings settings) {
    this(outer, claimed(joiner), settings, settings.deadline());
  }

  private Lifecycle(
      CancellationToken outer,
      Joiner<? super T, ? extends R> joiner,
      Settings settings,
      Deadline deadline) {
    super(joiner, settings, outer, deadline);
    this.deadline = deadline;
    Nesting.setInnermost(this);
  }

  private static <J extends Joiner<?, ?>> J claimed(J joiner) {
    Stack.reserve();
    if (joiner instanceof Joiners.Once once) {
      once.claim();
    }
    return joiner;
  }

  final Ambient.@Nullable Host task() {
    return task;
  }

  // ---- joining ----

  final R awaitResult() throws InterruptedException, ExecutionException, TimeoutException {
    requireOwner();
    requireOpen("joined");
    Stack.reserve();
    boolean complete = awaitQuiet();
    tellOfDropped();
    Throwable failure = ledger().joinerFailure();
    CancellationReason reason = reason();
    if (reason != null) {
      patience = new Patience(this);
    }
    if (failure != null) {
      throw ledger()
          .thrown(
              new IllegalStateException(
                  "Joiner.onComplete must not throw: " + Foreign.describe(failure), failure));
    }
    if (reason != null && reason != stopReason && !complete) {
      var cancelled = new CancelledException(source.token());
      TimeoutException timedOut = Limited.timeout(source.token(), deadline, cancelled);
      if (timedOut != null) {
        throw ledger().thrown(timedOut);
      }
      throw ledger().thrown(cancelled);
    }
    try {
      return joiner.result();
    } catch (ExecutionException e) {
      throw ledger().thrown(e);
    } catch (Throwable e) {
      throw ledger().thrown(new ExecutionException(title() + " failed: " + Foreign.describe(e), e));
    }
  }

  /** Returns whether all had come to an end of their own when nobody was left, or all was over. */
  private boolean awaitQuiet() throws InterruptedException {
    CancellationToken token = source.token();
    while (true) {
      try {
        token.awaitOr(crowd::isQuiet, Deadline.none());
      } catch (InterruptedException e) {
        giveUp(Phase.INTERRUPTED);
        throw ledger().thrown(e);
      } catch (Throwable e) {
        giveUp(Phase.TRIED);
        throw e;
      }
      synchronized (crowd) {
        if (crowd.isQuiet() || token.isCancelled()) {
          phase = Phase.JOINED;
          return crowd.isComplete();
        }
      }
    }
  }

  private void giveUp(Phase how) {
    synchronized (crowd) {
      phase = how;
    }
  }

  // ---- waiting from outside ----

  /** Waits for the cancellation, and then for the last subtask; returns whether they have come. */
  final boolean awaitEnd(CancellationToken obeyed, Deadline until) throws InterruptedException {
    Nesting.requireOutside(this);
    Stack.reserve();
    CancellationToken token = source.token();
    if (!obeyed.canBeCancelled()) {
      token.awaitOr(() -> false, until);
    } else if (!token.isCancelled()) {
      try (var either = CancellationSource.linkedTo(token, obeyed)) {
        either.token().awaitOr(() -> false, until);
      }
    }
    if (token.isCancelled() && crowd.await(obeyed, until)) {
      return true;
    }
    obeyed.throwIfCancelled();
    return false;
  }

  // ---- cancelling and closing ----

  final boolean stopAll(CancellationReason reason) {
    return source.cancel(reason);
  }

  /** Closes this scope, and whatever is open inside it (promise 21). */
  final void end() {
    requireOwner();
    if (phase == Phase.CLOSED) {
      return;
    }
    Stack.reserveToClose();
    RuntimeException failure = null;
    IllegalStateException misuse = null;
    try {
      failure = Nesting.closeInner(this, null);
      if (phase == Phase.FORKED) {
        // Made first: the failures of subtasks are suppressed in it, there being no other place.
        misuse =
            ledger()
                .thrown(
                    new IllegalStateException(
                        title() + " must be joined before it is closed, since it was forked into"));
      }
    } finally { // also if there is no memory for words
      try {
        shut();
      } catch (CancellationCallbackException e) {
        failure = Nesting.and(failure, e);
      }
    }
    if (misuse != null) {
      askForCause(misuse);
      failure = Nesting.and(failure, misuse);
    }
    if (failure != null) {
      throw failure;
    }
  }

  /** What the joiner stopped for would otherwise be lost: it was told, and nobody asks it. */
  private void askForCause(IllegalStateException misuse) {
    if (stopReason != null && !crowd.isLeft()) {
      try {
        joiner.result();
      } catch (Throwable e) {
        misuse.initCause(e);
      }
    }
  }

  /**
   * At the end of a task of this scope: closes what it opened and has not closed. That is what its
   * thread has open, down to this scope itself, should a thread factory run tasks on the owner.
   */
  final @Nullable RuntimeException closeLeaked() {
    return Nesting.closeInner(this, "the task that opened it ends");
  }

  /** Cancels, waits for the subtasks, and lets go. */
  final void shut() {
    boolean interrupted;
    synchronized (crowd) {
      interrupted = phase == Phase.INTERRUPTED;
      phase = Phase.CLOSED;
    }
    try {
      if (interrupted) {
        source.cancel(
            CancellationReason.interrupted(
                "the owner of " + title() + " was interrupted while it joined"));
      } else {
        whenThereIsMemory(null);
      }
    } finally {
      if (interrupted) {
        crowd.interruptAll(); // handed down: by a scope further out that was aborted, say
      }
      try {
        Patience.await(this, patience);
        tellOfDropped();
      } finally {
        Nesting.setInnermost(enclosing);
        crowd.disperse();
        ledger().log(settings());
      }
    }
  }
}
