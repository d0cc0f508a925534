package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.concurrent.Blocking;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLZ_Result;

/**
 * Promise 18: two tokens on one thread. The inner of two guarded calls is cancelled, and then the
 * outer one: whatever the inner call makes of the interrupts, the outer one gets its own.
 */
@JCStressTest
@Outcome(id = "value, cancelled, false", expect = ACCEPTABLE, desc = "The inner call ended first.")
@Outcome(id = "cancelled, cancelled, false", expect = ACCEPTABLE, desc = "Both were cancelled.")
@Outcome(id = "null, cancelled, false", expect = ACCEPTABLE, desc = "The outer one came first.")
@Outcome(expect = FORBIDDEN, desc = "An interrupt was lost, or left behind.")
@State
public class CancelOfInnerAndOfOuter {

  private final CancellationSource inner = CancellationSource.create();
  private final CancellationSource outer = CancellationSource.create();

  @Actor
  public void cancel() {
    inner.cancel();
    outer.cancel();
  }

  @Actor
  public void call(LLZ_Result r) {
    boolean stray = Thread.interrupted();
    r.r2 =
        Guarded.outcome(
            () ->
                Blocking.interruptibly(
                    outer.token(),
                    () -> {
                      try {
                        r.r1 = Blocking.interruptibly(inner.token(), Guarded::spin);
                      } catch (CancelledException e) {
                        r.r1 = "cancelled"; // the inner call; the outer one goes on
                      }
                      return Guarded.untilInterrupted();
                    }));
    r.r3 = Thread.interrupted() || stray;
  }
}
