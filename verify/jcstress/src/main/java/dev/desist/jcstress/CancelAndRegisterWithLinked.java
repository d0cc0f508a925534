package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

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
 * Promise 7: the callback of a linked source runs before {@code cancel()} returns, also when
 * another callback is registered late during the cancel.
 */
@JCStressTest
@Outcome(id = "1", expect = ACCEPTABLE, desc = "It ran.")
@Outcome(expect = FORBIDDEN, desc = "It never ran, or twice.")
@State
public class CancelAndRegisterWithLinked {

  private final CancellationSource parent = new OneTimer().source();
  private final CancellationSource other = CancellationSource.create();
  private final CancellationSource linked =
      CancellationSource.linkedTo(parent.token(), other.token());
  private final AtomicInteger runs = new AtomicInteger();

  public CancelAndRegisterWithLinked() {
    parent.cancelAfter(
        Duration.ofHours(1)); // taking it back gives the late callback time to come in between

    linked.token().onCancel(runs::incrementAndGet);
  }

  @Actor
  public void cancel() {
    parent.cancel();
  }

  @Actor
  public void register() {
    for (int i = 0; i < 1_000 && !parent.isCancelled(); i++) {
      Thread.onSpinWait(); // so as to come just after the flag
    }
    parent.token().onCancel(() -> {});
  }

  @Arbiter
  public void judge(I_Result r) {
    r.r1 = runs.get();
  }
}
