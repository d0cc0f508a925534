package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * Promise 3 with two cancellers in one tree: neither the callback of the root nor that of the
 * middle finds a live leaf, whoever came first.
 */
@JCStressTest
@Outcome(id = "0, 0, 0", expect = ACCEPTABLE, desc = "No leaf was live.")
@Outcome(expect = FORBIDDEN, desc = "A callback found live leaves, or did not run.")
@State
public class CancelOfChildAndOfParent {

  private final CancellationSource root = CancellationSource.create();
  private final CancellationSource middle = root.token().child();
  private final CancellationSource[] leaves = new CancellationSource[4];
  private int rootSaw = -1;
  private int middleSaw = -1;

  public CancelOfChildAndOfParent() {
    for (int i = 0; i < leaves.length; i++) {
      leaves[i] = middle.token().child();
    }
    root.token().onCancel(() -> rootSaw = live());
    middle.token().onCancel(() -> middleSaw = live());
  }

  private int live() {
    int live = 0;
    for (CancellationSource leaf : leaves) {
      if (!leaf.isCancelled()) {
        live++;
      }
    }
    return live;
  }

  @Actor
  public void cancelParent() {
    root.cancel();
  }

  @Actor
  public void cancelChild() {
    middle.cancel();
  }

  @Arbiter
  public void judge(III_Result r) {
    r.r1 = rootSaw;
    r.r2 = middleSaw;
    r.r3 = live();
  }
}
