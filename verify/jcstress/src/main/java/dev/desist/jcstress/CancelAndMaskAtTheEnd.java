package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import dev.desist.concurrent.Blocking;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLZ_Result;

/**
 * Promise 18: a guarded call ends together with a part that must not be interrupted, while the
 * token is cancelled. What was held back comes before the call is left, and is taken back, or
 * never.
 */
@JCStressTest
@Outcome(id = "value, value, false", expect = ACCEPTABLE, desc = "No interrupt is seen.")
@Outcome(id = "cancelled, value, false", expect = ACCEPTABLE, desc = "Cancelled from the start.")
@Outcome(expect = FORBIDDEN, desc = "Interrupted inside, or after the call.")
@State
public class CancelAndMaskAtTheEnd {

  private final CancellationSource source = CancellationSource.create();

  @Actor
  public void cancel() {
    source.cancel();
  }

  @Actor
  public void call(LLZ_Result r) {
    boolean stray = Thread.interrupted();
    r.r1 =
        Guarded.outcome(
            () ->
                Blocking.interruptibly(
                    source.token(), () -> Blocking.uninterruptibly(Guarded::spin)));
    r.r2 = Guarded.outcome(Guarded::spin);
    r.r3 = Thread.interrupted() || stray;
  }
}
