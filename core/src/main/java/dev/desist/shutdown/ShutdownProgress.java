package dev.desist.shutdown;

import java.time.Duration;
import java.util.Objects;

/**
 * How far a {@link Shutdown} has come, as it was at one moment.
 *
 * @param name what is being shut down
 * @param phase where it is
 * @param left how many participants the phase still waits for; while {@link ShutdownPhase#RUNNING},
 *     how many pieces of work are in flight
 * @param total how many there were when the phase began; while running, the same as {@code left}
 * @param remaining until the limit of the phase passes, by the time source of the shutdown; {@code
 *     ChronoUnit.FOREVER.getDuration()} if it has none
 */
public record ShutdownProgress(
    String name, ShutdownPhase phase, int left, int total, Duration remaining) {
  /** Checks that nothing is missing. */
  public ShutdownProgress {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(phase, "phase");
    Objects.requireNonNull(remaining, "remaining");
  }

  /** {@return one line, such as "relay: draining, 12 of 40 left, 4 s to go"} */
  @Override
  public String toString() {
    return switch (phase) {
      case RUNNING -> "%s: running, %,d in flight".formatted(name, left);
      case OVER -> name + ": over";
      default ->
          "%s: %s, %,d of %,d left, %s to go"
              .formatted(name, phase, left, total, ShutdownReport.text(remaining));
    };
  }
}
