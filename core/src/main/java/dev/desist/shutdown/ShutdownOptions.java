package dev.desist.shutdown;

import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * How long the phases of a {@link Shutdown} may take, and who is told. Immutable: each method gives
 * a changed copy.
 *
 * <p>A limit counts from the beginning of its phase; the next phase begins when nothing is left to
 * wait for, and when the limit has passed at the latest. So the sum of the four is the longest that
 * a shutdown can take, but for a moment for the report: with the {@linkplain #defaults() defaults},
 * 20 seconds.
 *
 * {@snippet class="dev.desist.snippets.ShutdownSnippetsTest" region="options"}
 *
 * <h2>General exceptions</h2>
 *
 * <p>A null argument gives a {@link NullPointerException} that names the parameter.
 */
public final class ShutdownOptions {
  private static final ShutdownOptions DEFAULTS =
      new ShutdownOptions(
          Duration.ofSeconds(2),
          Duration.ofSeconds(10),
          Duration.ofSeconds(5),
          Duration.ofSeconds(3),
          report -> System.err.println(report), // what it is then
          null,
          _ -> {},
          report -> report.isClean() ? 0 : 1);

  final Duration stopLimit;
  final Duration drainLimit;
  final Duration grace;
  final Duration closeLimit;
  final Consumer<? super ShutdownReport> reporter;

  /** Null if nobody is told of progress. */
  final @Nullable Duration progressEvery;

  final Consumer<? super ShutdownProgress> progress;
  final ToIntFunction<? super ShutdownReport> exitCode;

  private ShutdownOptions(
      Duration stopLimit,
      Duration drainLimit,
      Duration grace,
      Duration closeLimit,
      Consumer<? super ShutdownReport> reporter,
      @Nullable Duration progressEvery,
      Consumer<? super ShutdownProgress> progress,
      ToIntFunction<? super ShutdownReport> exitCode) {
    this.stopLimit = stopLimit;
    this.drainLimit = drainLimit;
    this.grace = grace;
    this.closeLimit = closeLimit;
    this.reporter = reporter;
    this.progressEvery = progressEvery;
    this.progress = progress;
    this.exitCode = exitCode;
  }

  /**
   * {@return 2 s to stop, 10 s to drain, 5 s of grace, 3 s to close; the report goes to {@link
   * System#err}; the exit code is 0 if the report is {@linkplain ShutdownReport#isClean() clean},
   * else 1}
   *
   * <p>Together 20 s: of the 30 s that Kubernetes gives by default, this leaves five for a {@code
   * preStop} and five for the end of the JVM.
   */
  public static ShutdownOptions defaults() {
    return DEFAULTS;
  }

  /**
   * {@return as this, with another limit for {@link ShutdownPhase#STOPPING}}
   *
   * @param limit how long the actions of {@link Shutdown#onStop} hold up the drain; longer than 146
   *     years means without end
   * @throws IllegalArgumentException if it is negative
   */
  public ShutdownOptions withStopLimit(Duration limit) {
    return new ShutdownOptions(
        require(limit, "limit"),
        drainLimit,
        grace,
        closeLimit,
        reporter,
        progressEvery,
        progress,
        exitCode);
  }

  /**
   * {@return as this, with another limit for {@link ShutdownPhase#DRAINING}}
   *
   * @param limit how long work in flight may take before the hard token is cancelled; zero cancels
   *     it if there is any; longer than 146 years means without end
   * @throws IllegalArgumentException if it is negative
   */
  public ShutdownOptions withDrainLimit(Duration limit) {
    return new ShutdownOptions(
        stopLimit,
        require(limit, "limit"),
        grace,
        closeLimit,
        reporter,
        progressEvery,
        progress,
        exitCode);
  }

  /**
   * {@return as this, with another limit for {@link ShutdownPhase#ABORTING}}
   *
   * @param grace how long work may go on after the hard token was cancelled, before it is listed
   *     and left behind; longer than 146 years means without end
   * @throws IllegalArgumentException if it is negative
   */
  public ShutdownOptions withGrace(Duration grace) {
    return new ShutdownOptions(
        stopLimit,
        drainLimit,
        require(grace, "grace"),
        closeLimit,
        reporter,
        progressEvery,
        progress,
        exitCode);
  }

  /**
   * {@return as this, with another limit for {@link ShutdownPhase#CLOSING}}
   *
   * @param limit how long the actions of {@link Shutdown#onClose} may take before they are listed
   *     and left behind; longer than 146 years means without end
   * @throws IllegalArgumentException if it is negative
   */
  public ShutdownOptions withCloseLimit(Duration limit) {
    return new ShutdownOptions(
        stopLimit,
        drainLimit,
        grace,
        require(limit, "limit"),
        reporter,
        progressEvery,
        progress,
        exitCode);
  }

  /**
   * {@return as this, with somebody else who is given the report}
   *
   * @param reporter called once, on a daemon thread of this library, when all phases are over and
   *     before {@link Shutdown#await()} returns; waited for one second. What it throws is logged
   */
  public ShutdownOptions withReporter(Consumer<? super ShutdownReport> reporter) {
    Objects.requireNonNull(reporter, "reporter");
    return new ShutdownOptions(
        stopLimit, drainLimit, grace, closeLimit, reporter, progressEvery, progress, exitCode);
  }

  /**
   * {@return as this, with somebody who is told how far it has come: at the beginning of each phase
   * and then regularly}
   *
   * @param every how often; at least one millisecond
   * @param listener called on daemon threads of this library, one call at a time: while one is
   *     under way, further ones are left out. What it throws is logged
   * @throws IllegalArgumentException if {@code every} is shorter than a millisecond
   */
  public ShutdownOptions withProgress(Duration every, Consumer<? super ShutdownProgress> listener) {
    Objects.requireNonNull(every, "every");
    Objects.requireNonNull(listener, "listener");
    if (every.compareTo(Duration.ofMillis(1)) < 0) {
      throw new IllegalArgumentException("every must be at least a millisecond: " + every);
    }
    return new ShutdownOptions(
        stopLimit, drainLimit, grace, closeLimit, reporter, every, listener, exitCode);
  }

  /**
   * {@return as this, with another exit code for {@link Shutdown#ofProcess}}
   *
   * @param exitCode gives the code, on a daemon thread of this library, just before the reporter is
   *     called; if it throws, the code is 1
   */
  public ShutdownOptions withExitCode(ToIntFunction<? super ShutdownReport> exitCode) {
    Objects.requireNonNull(exitCode, "exitCode");
    return new ShutdownOptions(
        stopLimit, drainLimit, grace, closeLimit, reporter, progressEvery, progress, exitCode);
  }

  private static Duration require(Duration duration, String parameter) {
    Objects.requireNonNull(duration, parameter);
    if (duration.isNegative()) {
      throw new IllegalArgumentException(parameter + " must not be negative: " + duration);
    }
    return duration;
  }

  @Override
  public String toString() {
    return "ShutdownOptions[stop "
        + stopLimit
        + ", drain "
        + drainLimit
        + ", grace "
        + grace
        + ", close "
        + closeLimit
        + ']';
  }
}
