package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LL_Result;

/**
 * Promises 1 and 6: whoever sees the flag finds a reason, and it is the same for ever, though a
 * second canceller is at work.
 */
@JCStressTest
@Outcome(id = "first, first", expect = ACCEPTABLE, desc = "Cancelled, with one reason.")
@Outcome(
    id = {"live, first", "live, second"},
    expect = ACCEPTABLE,
    desc = "Asked before the cancel.")
@Outcome(expect = FORBIDDEN, desc = "Cancelled without a reason, or the reason changed.")
@State
public class ReasonIsKept {

  private final CancellationSource source = CancellationSource.create();

  @Actor
  public void cancel() {
    source.cancel("first");
  }

  @Actor
  public void ask(LL_Result r) {
    r.r1 = source.isCancelled() ? source.token().reason().orElseThrow().message() : "live";
    source.cancel("second");
  }

  @Arbiter
  public void judge(LL_Result r) {
    r.r2 = source.token().reason().orElseThrow().message();
  }
}
