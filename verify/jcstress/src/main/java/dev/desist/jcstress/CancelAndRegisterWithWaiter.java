package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * Promise 7: a callback for the dispatcher, waiting while another one is registered late during the
 * cancel, is handed over all the same.
 */
@JCStressTest
@Outcome(id = "1", expect = ACCEPTABLE, desc = "It ran.")
@Outcome(expect = FORBIDDEN, desc = "It never ran, or twice.")
@State
public class CancelAndRegisterWithWaiter {

  private final CancellationSource source = new OneTimer().source();
  private final AtomicInteger runs = new AtomicInteger();

  public CancelAndRegisterWithWaiter() {
    source.cancelAfter(
        Duration.ofHours(1)); // taking it back gives the late callback time to come in between

    source.token().onCancel(Cancellation.dispatcher(), runs::incrementAndGet);
  }

  @Actor
  public void cancel() {
    source.cancel();
  }

  @Actor
  public void register() {
    for (int i = 0; i < 1_000 && !source.isCancelled(); i++) {
      Thread.onSpinWait(); // so as to come just after the flag
    }
    source.token().onCancel(() -> {});
  }

  @Arbiter
  public void judge(I_Result r) {
    Wait.until(() -> runs.get() > 0);
    r.r1 = runs.get();
  }
}
