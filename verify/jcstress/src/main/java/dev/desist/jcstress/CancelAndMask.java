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
import org.openjdk.jcstress.infra.results.ZLZ_Result;

/**
 * Promise 18: in a guarded call, a part that must not be interrupted is entered and left while the
 * token is cancelled. The interrupt never shows inside; it is not lost to what follows in the call,
 * and none is left behind.
 */
@JCStressTest
@Outcome(id = "false, value, false", expect = ACCEPTABLE, desc = "It ended first.")
@Outcome(id = "false, cancelled, false", expect = ACCEPTABLE, desc = "Before the part, or after.")
@Outcome(expect = FORBIDDEN, desc = "Interrupted inside, not at all, or after the call.")
@State
public class CancelAndMask {

  private final CancellationSource source = CancellationSource.create();

  @Actor
  public void cancel() {
    source.cancel();
  }

  @Actor
  public void call(ZLZ_Result r) {
    boolean stray = Thread.interrupted();
    r.r2 = outcome(r);
    r.r3 = Thread.interrupted() || stray;
  }

  private String outcome(ZLZ_Result r) {
    try {
      return Blocking.interruptibly(
          source.token(),
          () -> {
            r.r1 = Blocking.uninterruptibly(CancelAndMask::isInterrupted);
            if (!source.isCancelled()) {
              return "value";
            }
            Wait.until(() -> Thread.currentThread().isInterrupted());
            return Thread.interrupted() ? interrupted() : "lost";
          });
    } catch (CancelledException e) {
      return "cancelled";
    } catch (Exception e) {
      return e.toString();
    }
  }

  private static String interrupted() throws InterruptedException {
    throw new InterruptedException();
  }

  private static boolean isInterrupted() {
    for (int i = 0; i < 200; i++) {
      if (Thread.currentThread().isInterrupted()) {
        return true;
      }
      Thread.onSpinWait();
    }
    return false;
  }
}
