package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LI_Result;

/** Promise 12: the first of two parents cancels a linked source, once, and with its own reason. */
@JCStressTest
@Outcome(id = "left, 1", expect = ACCEPTABLE, desc = "The left one was first.")
@Outcome(id = "right, 1", expect = ACCEPTABLE, desc = "The right one was first.")
@Outcome(expect = FORBIDDEN, desc = "Live, or its callback ran never or twice.")
@State
public class LinkedAndBothParents {

  private final CancellationSource left = CancellationSource.create();
  private final CancellationSource right = CancellationSource.create();
  private final CancellationSource linked =
      CancellationSource.linkedTo(left.token(), right.token());
  private final AtomicInteger runs = new AtomicInteger();

  public LinkedAndBothParents() {
    linked.token().onCancel(runs::incrementAndGet);
  }

  @Actor
  public void cancelLeft() {
    left.cancel("left");
  }

  @Actor
  public void cancelRight() {
    right.cancel("right");
  }

  @Arbiter
  public void judge(LI_Result r) {
    r.r1 = linked.token().reason().orElseThrow().message();
    r.r2 = runs.get();
  }
}
