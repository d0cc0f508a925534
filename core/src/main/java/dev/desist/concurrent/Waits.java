package dev.desist.concurrent;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.internal.Foreign;
import dev.desist.internal.Stack;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Waiting that listens to an interrupt, under a token and for a time. */
final class Waits {
  private Waits() {}

  /** Waits, and throws nothing but what waiting throws. */
  interface Body<T> {
    T call() throws InterruptedException;
  }

  /** Calls {@code body}, and interrupts it when the token is cancelled. */
  static <T> T call(CancellationToken token, Body<T> body) throws InterruptedException {
    try {
      return Blocking.interruptibly(token, body::call);
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      throw Foreign.<RuntimeException>undeclared(e);
    }
  }

  /**
   * Calls {@code body}, and interrupts it when the token is cancelled or the time is over.
   *
   * @return what it returned, or null if the time is over
   */
  static <T> @Nullable T call(CancellationToken token, Duration timeout, Body<T> body)
      throws InterruptedException {
    Stack.reserve();
    CancellationSource limited = token.childWithTimeout(timeout);
    try {
      return call(limited.token(), body);
    } catch (CancelledException e) {
      if (!limited.token().caused(e)) {
        throw e; // the body's own
      }
      if (token.isCancelled()) {
        throw new CancelledException(token, e.getCause()); // its words are not of the limit
      }
      return null;
    } finally {
      close(limited);
    }
  }

  private static void close(CancellationSource limited) {
    try {
      limited.close();
    } catch (OutOfMemoryError e) {
      // What the body has taken is not lost for that: the deadline ends it, too.
    }
  }

  /** Returns {@code timeout} if it can be one. */
  static Duration timeout(Duration timeout) {
    Objects.requireNonNull(timeout, "timeout");
    if (timeout.isNegative()) {
      throw new IllegalArgumentException("timeout must not be negative: " + timeout);
    }
    return timeout;
  }
}
