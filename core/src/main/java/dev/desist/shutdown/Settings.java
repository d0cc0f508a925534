package dev.desist.shutdown;

import dev.desist.internal.Arguments;
import dev.desist.shutdown.Shutdown.Configuration;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link Configuration} says.
 *
 * @param progressEvery null if nobody is told of progress
 */
record Settings(
    Duration stopLimit,
    Duration drainLimit,
    Duration grace,
    Duration closeLimit,
    Consumer<? super ShutdownReport> reporter,
    @Nullable Duration progressEvery,
    Consumer<? super ShutdownProgress> progress,
    ToIntFunction<? super ShutdownReport> exitCode)
    implements Configuration {
  static final Settings DEFAULT =
      new Settings(
          Duration.ofSeconds(2),
          Duration.ofSeconds(10),
          Duration.ofSeconds(5),
          Duration.ofSeconds(3),
          report -> System.err.println(report), // what it is then
          null,
          _ -> {},
          report -> report.isClean() ? 0 : 1);

  @Override
  public Configuration withStopLimit(Duration limit) {
    Arguments.notNegative(limit, "limit");
    return new Settings(
        limit, drainLimit, grace, closeLimit, reporter, progressEvery, progress, exitCode);
  }

  @Override
  public Configuration withDrainLimit(Duration limit) {
    Arguments.notNegative(limit, "limit");
    return new Settings(
        stopLimit, limit, grace, closeLimit, reporter, progressEvery, progress, exitCode);
  }

  @Override
  public Configuration withGrace(Duration grace) {
    Arguments.notNegative(grace, "grace");
    return new Settings(
        stopLimit, drainLimit, grace, closeLimit, reporter, progressEvery, progress, exitCode);
  }

  @Override
  public Configuration withCloseLimit(Duration limit) {
    Arguments.notNegative(limit, "limit");
    return new Settings(
        stopLimit, drainLimit, grace, limit, reporter, progressEvery, progress, exitCode);
  }

  @Override
  public Configuration withReporter(Consumer<? super ShutdownReport> reporter) {
    Objects.requireNonNull(reporter, "reporter");
    return new Settings(
        stopLimit, drainLimit, grace, closeLimit, reporter, progressEvery, progress, exitCode);
  }

  @Override
  public Configuration withProgress(Duration every, Consumer<? super ShutdownProgress> listener) {
    Objects.requireNonNull(every, "every");
    Objects.requireNonNull(listener, "listener");
    if (every.compareTo(Duration.ofMillis(1)) < 0) {
      throw new IllegalArgumentException("every must be at least a millisecond: " + every);
    }
    return new Settings(
        stopLimit, drainLimit, grace, closeLimit, reporter, every, listener, exitCode);
  }

  @Override
  public Configuration withExitCode(ToIntFunction<? super ShutdownReport> exitCode) {
    Objects.requireNonNull(exitCode, "exitCode");
    return new Settings(
        stopLimit, drainLimit, grace, closeLimit, reporter, progressEvery, progress, exitCode);
  }

  @Override
  public String toString() {
    return "Configuration[stop %s, drain %s, grace %s, close %s]"
        .formatted(stopLimit, drainLimit, grace, closeLimit);
  }
}
