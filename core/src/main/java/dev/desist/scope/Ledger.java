package dev.desist.scope;

import dev.desist.internal.Foreign;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The failures of a scope, each of which is to be told once: what the joiner threw, what join
 * threw, and what came beside or after that. Kept where the {@link Crowd} is: one object, since a
 * scope is to be small, and one lock.
 *
 * <p>The monitor is held for a few loads and stores, and no other is taken meanwhile. The
 * exceptions are users': no method of theirs is called under it (promise 8).
 */
abstract sealed class Ledger permits Crowd {
  /*
   * States:      JOINING  join has thrown nothing: failures are kept in `late`
   *              THROWN   it has: further ones are suppressed in what it threw, at once
   *              LOGGED   the scope is closed, and what was left in `late` was logged
   *              THROWN follows THROWN if join is called again.
   */

  /** Of the failures that are not the first, how many are kept to be suppressed. */
  private static final int KEPT = 100;

  // Guarded by this.

  private @Nullable Throwable joinerFailure;

  /** What join threw last: until the scope is closed, later failures are added to it. */
  private @Nullable Throwable thrown;

  /** Failures that came after the scope was cancelled, and before join threw. */
  private @Nullable List<Throwable> late;

  /** Takes note of what the joiner threw; if it is not the first failure, it is suppressed. */
  final void joinerFailed(Throwable failure) {
    Throwable first;
    synchronized (this) {
      first = thrown != null ? thrown : joinerFailure;
      if (first == null) {
        joinerFailure = failure;
      }
    }
    if (first != null) {
      suppress(first, failure);
    }
  }

  /** What the joiner threw first, if that came before anything else. */
  final synchronized @Nullable Throwable joinerFailure() {
    return joinerFailure;
  }

  /** Takes note of the failure of a subtask that ended too late for the joiner. */
  final void late(Throwable failure) {
    try {
      Throwable known = keep(failure);
      if (known != null) {
        suppress(known, failure);
      }
    } catch (OutOfMemoryError e) {
      return; // it is only suppressed; that the subtask has ended must be told
    }
  }

  /** Returns what it is to be suppressed in, if that is known already. */
  private synchronized @Nullable Throwable keep(Throwable failure) {
    if (thrown == null) {
      late = late == null ? new ArrayList<>() : late;
      if (late.size() < KEPT) {
        late.add(failure);
      }
    }
    return thrown;
  }

  /** Remembers what join throws, for failures to come. */
  final <X extends Throwable> X thrown(X failure) {
    List<Throwable> earlier;
    synchronized (this) {
      thrown = failure;
      earlier = late;
      late = null;
    }
    if (earlier != null) {
      earlier.forEach(other -> suppress(failure, other));
    }
    return failure;
  }

  /** Join succeeded, so there is nothing to suppress these in. */
  final void log(Settings settings) {
    List<Throwable> unseen;
    synchronized (this) {
      unseen = late;
      late = null;
    }
    if (unseen != null) {
      unseen.forEach(
          e ->
              Foreign.log(
                  System.Logger.Level.DEBUG,
                  "a subtask of "
                      + settings.title()
                      + " failed after that was cancelled: "
                      + Foreign.describe(e)));
    }
  }

  /**
   * Adds to what is or will be thrown, unless that has it already, as what the joiner throws may;
   * not without end, since a scope may live long. Asks {@code thrown} for its cause, so if that is
   * not ours, no monitor may be held.
   */
  static void suppress(Throwable thrown, Throwable other) {
    Throwable[] suppressed = thrown.getSuppressed();
    if (suppressed.length < KEPT && Foreign.cause(thrown) != other && !has(suppressed, other)) {
      Foreign.suppress(thrown, other);
    }
  }

  private static boolean has(Throwable[] all, Throwable wanted) {
    for (Throwable one : all) {
      if (one == wanted) {
        return true;
      }
    }
    return false;
  }
}
