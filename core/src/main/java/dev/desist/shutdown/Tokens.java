package dev.desist.shutdown;

import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.internal.Stack;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The two tokens of a shutdown. Whoever cancels one returns when it is flagged. Its callbacks, if
 * there are any, run on another thread as an action does: they can hang, and are listed then.
 */
final class Tokens {
  final CancellationSource soft;
  final CancellationSource hard;
  private final Roster callbacks;
  private final Crew crew;

  /**
   * @param callbacks where callbacks are waited for
   * @param crew runs them
   */
  Tokens(CancellationSource soft, CancellationSource hard, Roster callbacks, Crew crew) {
    this.soft = soft;
    this.hard = hard;
    this.callbacks = callbacks;
    this.crew = crew;
  }

  /** Returns whether it was this call; the token is cancelled in any case. */
  boolean cancelSoft(CancellationReason why) {
    return tell(soft, "soft", why);
  }

  /** As {@link #cancelSoft}; only after that. */
  boolean cancelHard(CancellationReason why) {
    return tell(hard, "hard", why);
  }

  private boolean tell(CancellationSource source, String which, CancellationReason why) {
    Stack.reserve();
    if (source.isCancelled()) {
      return false;
    }
    var run = new AtomicReference<@Nullable Runnable>();
    var failure = new CompletableFuture<@Nullable Throwable>();
    var told =
        new Participant(
            callbacks,
            "callbacks of the " + which + " token",
            () -> {
              Objects.requireNonNull(run.get()).run();
              if (failure.join() instanceof Exception e) {
                throw e;
              }
            });
    var launched = new AtomicBoolean();
    callbacks.addRunning(told); // before the flag: see invariant 4 of Shutdown
    try {
      source
          .cancelAsync(
              why,
              given -> {
                run.set(given);
                launched.set(crew.launch(told, CancellationToken.none()));
                if (!launched.get()) {
                  given.run();
                }
              })
          .whenComplete(
              (_, e) ->
                  failure.complete(
                      e instanceof CompletionException wrapped ? wrapped.getCause() : e));
    } finally {
      if (!launched.get()) {
        callbacks.retract(told); // there are none, or another call was first
      }
    }
    awaitFlag(source.token());
    return source.token().reason().orElseThrow() == why;
  }

  /** Waits for the flag, which comes before any callback, so not for long. */
  private static void awaitFlag(CancellationToken token) {
    boolean interrupted = false;
    while (!token.isCancelled()) {
      try {
        token.await();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
