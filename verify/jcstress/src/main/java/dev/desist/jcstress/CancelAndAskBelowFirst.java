package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** Promise 12: a child that is born cancelled has a parent that tells so. */
@JCStressTest
@Outcome(id = "false, false", expect = ACCEPTABLE, desc = "Both live.")
@Outcome(id = "false, true", expect = ACCEPTABLE, desc = "Cancelled between the two questions.")
@Outcome(id = "true, true", expect = ACCEPTABLE, desc = "Both cancelled.")
@Outcome(expect = FORBIDDEN, desc = "A cancelled child of a parent that says it is live.")
@State
public class CancelAndAskBelowFirst {

  private final CancellationSource source = CancellationSource.create();

  @Actor
  public void cancel() {
    source.cancel();
  }

  @Actor
  public void ask(ZZ_Result r) {
    r.r1 = source.token().child().isCancelled();
    r.r2 = source.isCancelled();
  }
}
