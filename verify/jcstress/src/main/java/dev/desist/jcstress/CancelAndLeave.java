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
import org.openjdk.jcstress.infra.results.LZ_Result;

/**
 * Promise 18: a guarded call is left while its token is cancelled. It ends with its value or with
 * the cancellation, and no interrupt is left behind. One that came still later would be found at
 * the beginning of the next round.
 */
@JCStressTest
@Outcome(id = "value, false", expect = ACCEPTABLE, desc = "It ended first, or did not notice.")
@Outcome(id = "cancelled, false", expect = ACCEPTABLE, desc = "Cancelled in time.")
@Outcome(expect = FORBIDDEN, desc = "A stray interrupt, or one that passes for somebody else's.")
@State
public class CancelAndLeave {

  private final CancellationSource source = CancellationSource.create();

  @Actor
  public void cancel() {
    source.cancel();
  }

  @Actor
  public void call(LZ_Result r) {
    boolean stray = Thread.interrupted();
    r.r1 = outcome();
    r.r2 = Thread.interrupted() || stray;
  }

  private String outcome() {
    try {
      return Blocking.interruptibly(source.token(), CancelAndLeave::spin);
    } catch (CancelledException e) {
      return "cancelled";
    } catch (Exception e) {
      return e.toString();
    }
  }

  private static String spin() throws InterruptedException {
    for (int i = 0; i < 500; i++) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      Thread.onSpinWait();
    }
    return "value";
  }
}
