package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** Promise 1: after {@code cancel()} a token is cancelled, also for who came second. */
@JCStressTest
@Outcome(id = "true, true", expect = ACCEPTABLE, desc = "Both find it cancelled.")
@Outcome(expect = FORBIDDEN, desc = "Live, although it had just been cancelled by the other.")
@State
public class CancelAndAskAfter {

  private final CancellationSource source = CancellationSource.create();

  @Actor
  public void one(ZZ_Result r) {
    source.cancel();
    r.r1 = source.isCancelled();
  }

  @Actor
  public void two(ZZ_Result r) {
    source.cancel();
    r.r2 = source.isCancelled();
  }
}
