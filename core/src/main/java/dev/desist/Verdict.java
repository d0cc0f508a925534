package dev.desist;

/**
 * One cancellation that took place: why, and where it began. Made once by the call that cancels,
 * and shared by every node it reaches; a node's verdict is what "cancelled" means. Identity tells
 * two cancellations apart even when a caller gave both the same reason.
 */
final class Verdict {
  final CancellationReason reason;

  /**
   * The node that was itself cancelled; every other holder of this verdict inherited it from there.
   */
  final Node origin;

  /**
   * True once every node below {@link #origin} carries a verdict: from then on its callbacks may
   * run. Set by whichever thread finishes a walk first, read by late registrations and by other
   * walks, which then need not look again.
   */
  volatile boolean swept;

  Verdict(CancellationReason reason, Node origin) {
    this.reason = reason;
    this.origin = origin;
  }
}
