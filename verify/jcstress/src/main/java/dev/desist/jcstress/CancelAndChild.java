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
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * Promise 12: a child made while its parent is being cancelled is cancelled too, in the end or from
 * birth, and its callback runs once.
 */
@JCStressTest
@Outcome(id = "0, 1, 1", expect = ACCEPTABLE, desc = "Born live, reached by the sweep.")
@Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "Cancelled when it was first asked.")
@Outcome(expect = FORBIDDEN, desc = "The child was forgotten, or its callback ran never or twice.")
@State
public class CancelAndChild {

  private final CancellationSource parent = CancellationSource.create();
  private final AtomicInteger runs = new AtomicInteger();
  private volatile CancellationSource child = parent;

  @Actor
  public void cancel() {
    parent.cancel();
  }

  @Actor
  public void create(III_Result r) {
    CancellationSource made = parent.token().child();
    child = made;
    r.r1 = made.isCancelled() ? 1 : 0;
    made.token().onCancel(runs::incrementAndGet);
  }

  @Arbiter
  public void judge(III_Result r) {
    r.r2 = child != parent && child.isCancelled() ? 1 : 0;
    r.r3 = runs.get();
  }
}
