package dev.desist.scope;

import dev.desist.Leftovers;
import dev.desist.internal.Arguments;
import dev.desist.internal.Overdue;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * How long cancelled tasks may take to end, and what happens then. The time counts from the moment
 * at which the owner of the scope begins to wait for them: when {@link TaskScope#join} ends because
 * of a cancellation, else when {@link TaskScope#close} begins.
 *
 * <p>Whatever follows, a task that is still running when its time is up is <i>reported</i>: logged
 * as a warning with its stack, listed by {@link Leftovers}, and told to its listeners.
 *
 * {@snippet class="dev.desist.snippets.ScopeSnippets" region="grace"}
 *
 * @see TaskScope.Configuration#withGrace
 */
public final class Grace {
  private static final int LIMIT = 16;
  private static final Grace FOREVER = new Grace(Duration.ofSeconds(10), false, null, LIMIT);

  private final Duration patience;
  private final boolean interrupts;

  /** After the patience; null for never. */
  private final @Nullable Duration leaving;

  private final int limit;

  private Grace(Duration patience, boolean interrupts, @Nullable Duration leaving, int limit) {
    this.patience = Arguments.notNegative(patience, "patience");
    this.interrupts = interrupts;
    this.leaving = leaving;
    this.limit = limit;
  }

  /**
   * {@return wait without end; report after ten seconds} What a scope does if not told otherwise.
   */
  public static Grace forever() {
    return FOREVER;
  }

  /**
   * {@return wait without end; report after {@code patience}}
   *
   * @param patience how long to wait before the report
   * @throws IllegalArgumentException if it is negative
   */
  public static Grace reportAfter(Duration patience) {
    return new Grace(patience, false, null, LIMIT);
  }

  /**
   * {@return after {@code patience}, report, and interrupt the tasks as {@link Subtask#abort()}
   * does; then wait without end}
   *
   * @param patience how long to wait before the interrupt
   * @throws IllegalArgumentException if it is negative
   */
  public static Grace interruptAfter(Duration patience) {
    return new Grace(patience, true, null, LIMIT);
  }

  /**
   * {@return after {@code patience}, report, and return, leaving the tasks behind} They stay listed
   * by {@link Leftovers} until they end. Since one that is in a native call would keep a carrier
   * from all virtual threads, tasks run on platform threads then, daemons, if no other {@linkplain
   * TaskScope.Configuration#withThreadFactory thread factory} is set.
   *
   * @param patience how long to wait
   * @throws IllegalArgumentException if it is negative
   */
  public static Grace leaveAfter(Duration patience) {
    return new Grace(patience, false, Duration.ZERO, LIMIT);
  }

  /**
   * {@return as this, and after {@code more} time return, leaving the tasks behind}
   *
   * @param more how long to wait after the patience of this one is up
   * @throws IllegalArgumentException if it is negative
   */
  public Grace thenLeaveAfter(Duration more) {
    return new Grace(patience, interrupts, Arguments.notNegative(more, "more"), limit);
  }

  /**
   * {@return as this, with another limit of tasks that were left behind and go on} When so many of
   * one name do, further ones are refused: {@link TaskScope#fork} and the calls of {@link Tasks}
   * throw a {@link RejectedExecutionException}. The name is that of the subtask, or else of its
   * scope; those without count as one. Each that goes on has a thread of its own.
   *
   * @param limit how many; by default 16
   * @throws IllegalArgumentException if it is not positive
   */
  public Grace withLimit(int limit) {
    return new Grace(patience, interrupts, leaving, Arguments.positive(limit, "limit"));
  }

  /** Refuses a task of which too many have been left behind, and go on. */
  void requireRoomFor(Fork<?> fork) {
    if (leaving == null) {
      return;
    }
    int goOn = Overdue.leftLike(fork);
    if (goOn >= limit) {
      throw new RejectedExecutionException(
          "at most "
              + limit
              + " tasks named "
              + fork.key()
              + " may be left behind and go on at a time: "
              + goOn
              + " do");
    }
  }

  Duration patience() {
    return patience;
  }

  boolean interrupts() {
    return interrupts;
  }

  @Nullable Duration leaving() {
    return leaving;
  }

  @Override
  public String toString() {
    return "Grace[report"
        + (interrupts ? " and interrupt" : "")
        + " after "
        + patience
        + (leaving == null ? "" : ", leave after " + leaving + " more")
        + ']';
  }
}
