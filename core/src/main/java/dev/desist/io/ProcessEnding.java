package dev.desist.io;

import dev.desist.internal.Arguments;
import java.time.Duration;

/**
 * How a process and its descendants are ended: asked first, and killed if they are still there when
 * the grace is over. Immutable.
 *
 * <p>All that are found when it begins are asked. What one of them starts after that, in order to
 * clean up, is left alone as long as the one that started it lives; what it leaves behind is asked
 * as well. When the grace is over, all are killed.
 */
public final class ProcessEnding {
  private static final ProcessEnding DEFAULTS =
      new ProcessEnding(Duration.ofSeconds(5), Duration.ofSeconds(5));

  private final Duration grace;
  private final Duration patience;

  private ProcessEnding(Duration grace, Duration patience) {
    this.grace = Arguments.notNegative(grace, "grace");
    this.patience = Arguments.notNegative(patience, "patience");
  }

  /** {@return five seconds of grace, and five more for those that were killed to be gone} */
  public static ProcessEnding defaults() {
    return DEFAULTS;
  }

  /** {@return no grace: kill at once} */
  public static ProcessEnding atOnce() {
    return DEFAULTS.withGrace(Duration.ZERO);
  }

  /**
   * {@return as this, with another grace}
   *
   * @param grace how long they may take after they were asked; zero kills at once, without asking
   * @throws IllegalArgumentException if it is negative
   */
  public ProcessEnding withGrace(Duration grace) {
    return new ProcessEnding(grace, patience);
  }

  /**
   * {@return as this, with another patience}
   *
   * @param patience how long to wait for those that were killed, before they are reported as
   *     survivors
   * @throws IllegalArgumentException if it is negative
   */
  public ProcessEnding withPatience(Duration patience) {
    return new ProcessEnding(grace, patience);
  }

  Duration grace() {
    return grace;
  }

  Duration patience() {
    return patience;
  }

  @Override
  public String toString() {
    return "ProcessEnding[grace " + grace + ", patience " + patience + ']';
  }
}
