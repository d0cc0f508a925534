package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * Promise 3: a callback registered late on the root, while another thread cancels the middle, finds
 * every leaf cancelled.
 */
@JCStressTest
@Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "No leaf was live.")
@Outcome(expect = FORBIDDEN, desc = "It found live leaves, or did not run.")
@State
public class CancelOfChildAndRegisterOnParent {

  private final CancellationSource root = CancellationSource.create();
  private final CancellationSource middle = root.token().child();
  private final CancellationSource[] leaves = new CancellationSource[4];
  private int saw = -1;

  public CancelOfChildAndRegisterOnParent() {
    for (int i = 0; i < leaves.length; i++) {
      leaves[i] = middle.token().child();
    }
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
  public void cancelChild() {
    middle.cancel();
  }

  @Actor
  public void cancelAndRegister() {
    root.cancel();
    root.token().onCancel(() -> saw = live());
  }

  @Arbiter
  public void judge(II_Result r) {
    r.r1 = saw;
    r.r2 = live();
  }
}
