package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZL_Result;

/**
 * Promise 1: of two cancellers exactly one is told that it cancelled, and its reason is the one
 * that stays.
 */
@JCStressTest
@Outcome(id = "true, false, first", expect = ACCEPTABLE, desc = "The first won.")
@Outcome(id = "false, true, second", expect = ACCEPTABLE, desc = "The second won.")
@Outcome(expect = FORBIDDEN, desc = "Both or none won, or the reason is that of the loser.")
@State
public class CancelAndCancel {

  private final CancellationSource source = CancellationSource.create();

  @Actor
  public void first(ZZL_Result r) {
    r.r1 = source.cancel("first");
  }

  @Actor
  public void second(ZZL_Result r) {
    r.r2 = source.cancel("second");
  }

  @Arbiter
  public void judge(ZZL_Result r) {
    r.r3 = source.token().reason().orElseThrow().message();
  }
}
