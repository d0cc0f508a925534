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
import org.openjdk.jcstress.infra.results.LLI_Result;

/**
 * Promises 1 and 12 with two cancellers in one tree: the leaf has the reason of the middle, and
 * each callback runs once.
 */
@JCStressTest
@Outcome(id = "root, root, 2", expect = ACCEPTABLE, desc = "The root was faster.")
@Outcome(id = "middle, middle, 2", expect = ACCEPTABLE, desc = "The middle was faster.")
@Outcome(expect = FORBIDDEN, desc = "Reasons mixed up, or a callback ran never or twice.")
@State
public class CancelOfChildAndOfParentReasons {

  private final CancellationSource root = CancellationSource.create();
  private final CancellationSource middle = root.token().child();
  private final CancellationSource leaf = middle.token().child();
  private final AtomicInteger runs = new AtomicInteger();

  public CancelOfChildAndOfParentReasons() {
    middle.token().onCancel(runs::incrementAndGet);
    leaf.token().onCancel(runs::incrementAndGet);
  }

  @Actor
  public void cancelParent() {
    root.cancel("root");
  }

  @Actor
  public void cancelChild() {
    middle.cancel("middle");
  }

  @Arbiter
  public void judge(LLI_Result r) {
    r.r1 = middle.token().reason().orElseThrow().message();
    r.r2 = leaf.token().reason().orElseThrow().message();
    r.r3 = runs.get();
  }
}
