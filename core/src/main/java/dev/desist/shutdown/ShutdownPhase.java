package dev.desist.shutdown;

import java.util.Locale;

/**
 * Where a {@link Shutdown} is. The phases follow each other in this order, and none comes twice.
 */
public enum ShutdownPhase {
  /** It has not begun: work is taken. */
  RUNNING,

  /** The soft token is cancelled, and what takes in new work is being stopped. */
  STOPPING,

  /** Work in flight comes to its end, undisturbed. */
  DRAINING,

  /** The hard token is cancelled, and work in flight is to end at once. Left out if all drained. */
  ABORTING,

  /** What the work has used is being closed. */
  CLOSING,

  /** There is a report. */
  OVER;

  /** {@return the name in small letters} */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
