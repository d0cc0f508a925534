package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZZ_Result;

/**
 * Promise 3 across a link: in the callback of either parent, what hangs below the linked source is
 * cancelled.
 */
@JCStressTest
@Outcome(id = "true, true, true", expect = ACCEPTABLE, desc = "Cancelled, for both.")
@Outcome(expect = FORBIDDEN, desc = "A callback found it live, or did not run.")
@State
public class LinkedAndBothParentsFlags {

  private final CancellationSource left = CancellationSource.create();
  private final CancellationSource right = CancellationSource.create();
  private final CancellationSource linked =
      CancellationSource.linkedTo(left.token(), right.token());
  private final CancellationSource leaf = linked.token().child();
  private boolean leftSaw;
  private boolean rightSaw;

  public LinkedAndBothParentsFlags() {
    left.token().onCancel(() -> leftSaw = leaf.isCancelled());
    right.token().onCancel(() -> rightSaw = leaf.isCancelled());
  }

  @Actor
  public void cancelLeft() {
    left.cancel();
  }

  @Actor
  public void cancelRight() {
    right.cancel();
  }

  @Arbiter
  public void judge(ZZZ_Result r) {
    r.r1 = leftSaw;
    r.r2 = rightSaw;
    r.r3 = leaf.isCancelled();
  }
}
