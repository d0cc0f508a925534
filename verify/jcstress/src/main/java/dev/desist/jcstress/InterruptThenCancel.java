package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import dev.desist.concurrent.Blocking;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LZ_Result;

/**
 * Promise 18: somebody interrupts the thread of a guarded call, and then cancels its token. The
 * interrupt came first, so it is not taken for that of the cancellation, and is never lost.
 */
@JCStressTest
@Outcome(id = "interrupted, false", expect = ACCEPTABLE, desc = "The call ended with it.")
@Outcome(id = "value, true", expect = ACCEPTABLE, desc = "It came when the call had ended.")
@Outcome(id = "cancelled, true", expect = ACCEPTABLE, desc = "Cancelled, and it is still there.")
@Outcome(id = "interrupted, true", expect = FORBIDDEN, desc = "One interrupt was seen twice.")
@Outcome(expect = FORBIDDEN, desc = "The interrupt was lost.")
@State
public class InterruptThenCancel {

  private final CancellationSource source = CancellationSource.create();
  private volatile @Nullable Thread thread;
  private volatile boolean done;

  @Actor
  public void interruptThenCancel() {
    Wait.forOtherActor(() -> thread != null);
    Thread caller = thread;
    if (caller != null) {
      caller.interrupt();
    }
    source.cancel();
    done = true;
  }

  @Actor
  public void call(LZ_Result r) {
    boolean _ = Thread.interrupted();
    thread = Thread.currentThread();
    String outcome = Guarded.outcome(() -> Blocking.interruptibly(source.token(), Guarded::spin));
    Wait.forOtherActor(() -> done);
    r.r2 = Thread.interrupted();
    r.r1 = outcome;
  }
}
