package dev.desist;

import dev.desist.internal.Arguments;
import dev.desist.internal.Overdue;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * The work of this process that was cancelled and goes on though its time is up: subtasks that have
 * outlived the grace period of their scope, whether they were left behind or the scope still waits
 * for them; and work whose future, or slot, has gone on without it for the time of {@link
 * #reportAfter}. Each is listed until it ends.
 *
 * <p>Each is also logged when its time was up, as a warning of the {@link System.Logger} named
 * {@code dev.desist}, with the stack of its thread, or without if another one of its name is known
 * already; again, if it is left behind later than that; and, if it was left behind, when it ends,
 * as information.
 */
public final class Leftovers {
  private Leftovers() {}

  /** {@return what is listed now, each with its present stack, the longest deaf first} */
  public static List<Leftover> list() {
    return Overdue.list().stream()
        .map(Leftover.class::cast)
        .sorted(Comparator.comparing(Leftover::deafFor).reversed())
        .toList();
  }

  /**
   * Has {@code listener} called for whatever is reported from now on: on the thread that owns the
   * scope, which waits meanwhile, or else on the {@linkplain Cancellation#dispatcher() dispatcher}.
   * What it throws is logged.
   *
   * @param listener is told
   * @return ends it when closed
   */
  public static Registration onReport(Consumer<? super Leftover> listener) {
    Objects.requireNonNull(listener, "listener");
    return Overdue.onReport(leftover -> listener.accept((Leftover) leftover))::run;
  }

  /**
   * Sets how long cancelled work may go on that has nobody to wait for it, such as that of a
   * future, before it is reported: ten seconds, if this is not called. Holds for what is cancelled
   * from now on. Scopes have a grace period of their own.
   *
   * @param patience how long
   * @throws IllegalArgumentException if it is negative
   */
  public static void reportAfter(Duration patience) {
    Overdue.patience(Arguments.notNegative(patience, "patience"));
  }

  /** A listener's membership. */
  @FunctionalInterface
  public interface Registration extends AutoCloseable {
    /** Ends it. A call that is under way is not waited for. */
    @Override
    void close();
  }
}
