package dev.desist.scope;

import dev.desist.CancellationCallbackException;
import dev.desist.internal.Ambient;
import org.jspecify.annotations.Nullable;

/**
 * Which scopes a thread has open, one inside the other, and which subtask is in which scope. What
 * is inside ends before what is around it (promise 21).
 */
final class Nesting {
  /** What the threads that own scopes have open, innermost first. */
  private static final ThreadLocal<@Nullable Lifecycle<?, ?>> INNERMOST = new ThreadLocal<>();

  private Nesting() {}

  static @Nullable Lifecycle<?, ?> innermost() {
    return INNERMOST.get();
  }

  static void setInnermost(@Nullable Lifecycle<?, ?> scope) {
    INNERMOST.set(scope);
  }

  /**
   * Closes what this thread has open, down to {@code outer}, if that is among it.
   *
   * @param when is said before what; null if that is the closing of {@code outer}
   */
  static @Nullable RuntimeException closeInner(Lifecycle<?, ?> outer, @Nullable String when) {
    RuntimeException failure = null;
    for (var inner = INNERMOST.get(); inner != null && inner != outer; inner = INNERMOST.get()) {
      CancellationCallbackException failed = null;
      try {
        inner.shut(); // first: there may be no memory for words
      } catch (CancellationCallbackException e) {
        failed = e;
      }
      String what = when == null ? outer.title() + " is" : when;
      failure =
          and(failure, new IllegalStateException(inner.title() + " must be closed before " + what));
      failure = failed == null ? failure : and(failure, failed);
    }
    return failure;
  }

  /** Two failures of one call: the second is suppressed in the first. */
  static RuntimeException and(@Nullable RuntimeException first, RuntimeException next) {
    if (first == null) {
      return next;
    }
    first.addSuppressed(next);
    return first;
  }

  /**
   * Whoever is in a subtask of this scope, or of one that such a subtask opened, ends before it.
   */
  static void requireOutside(Lifecycle<?, ?> scope) {
    for (Ambient.Host at = Ambient.host(); at instanceof Fork<?> fork; at = fork.scope().task()) {
      if (fork.scope() == scope) {
        throw new IllegalStateException(fork.title() + " must not wait for the end of its scope");
      }
    }
  }
}
