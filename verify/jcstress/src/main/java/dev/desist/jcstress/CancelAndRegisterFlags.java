package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * Promise 3 for a late callback: registered while another thread cancels, it finds every token
 * below cancelled.
 */
@JCStressTest
@Outcome(id = "0", expect = ACCEPTABLE, desc = "No leaf was live.")
@Outcome(expect = FORBIDDEN, desc = "It found live leaves, or did not run.")
@State
public class CancelAndRegisterFlags {

  private final CancellationSource root = CancellationSource.create();
  private final CancellationSource middle = root.token().child();
  private final CancellationSource[] leaves = new CancellationSource[4];
  private int saw = -1;

  public CancelAndRegisterFlags() {
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
  public void cancel() {
    root.cancel();
  }

  @Actor
  public void register() {
    root.token().onCancel(() -> saw = live());
  }

  @Arbiter
  public void judge(I_Result r) {
    r.r1 = saw;
  }
}
