package dev.desist.io;

import java.util.Objects;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * How far a transfer is.
 *
 * @param done how many bytes were transferred
 * @param total how many there were to transfer when it began; empty if that was not known. A source
 *     that has grown since may give more
 */
public record TransferProgress(long done, OptionalLong total) {
  /** Checks that nothing is missing. */
  public TransferProgress {
    Objects.requireNonNull(total, "total");
  }

  /** {@return the part that is done, from 0 to 1; empty if the total is not known} */
  public OptionalDouble fraction() {
    if (total.isEmpty()) {
      return OptionalDouble.empty();
    }
    long all = total.getAsLong();
    return OptionalDouble.of(all <= 0 ? 1 : Math.min(1, (double) done / all));
  }
}
