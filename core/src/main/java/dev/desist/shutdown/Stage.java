package dev.desist.shutdown;

import dev.desist.Deadline;
import java.util.List;

/**
 * Where a shutdown is.
 *
 * @param until when the phase ends at the latest
 * @param total how many there were to wait for when it began
 * @param rosters whom it waits for
 */
record Stage(ShutdownPhase phase, Deadline until, int total, List<Roster> rosters) {
  int left() {
    return rosters.stream().mapToInt(Roster::running).sum();
  }

  boolean isQuiet() {
    return left() == 0;
  }

  ShutdownProgress progress(String name) {
    int left = left();
    return new ShutdownProgress(name, phase, left, Math.max(total, left), until.remaining());
  }
}
