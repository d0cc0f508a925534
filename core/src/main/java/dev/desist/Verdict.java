package dev.desist;

/**
 * One cancellation that took place, and why. Made once by the call that cancels, and shared by
 * every node it reaches and every exception that tells of it; a node's verdict is what "cancelled"
 * means. Identity tells two cancellations apart even when a caller gave both the same reason.
 *
 * <p>It leads to no node, so that an exception which is kept keeps no tree.
 */
final class Verdict {
  final CancellationReason reason;

  /**
   * True once every node below the one that was cancelled carries a verdict: from then on its
   * callbacks may run. Set by whichever thread finishes a walk first, read by late registrations
   * and by other walks, which then need not look again.
   */
  volatile boolean swept;

  Verdict(CancellationReason reason) {
    this.reason = reason;
  }
}
