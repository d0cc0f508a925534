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
import org.openjdk.jcstress.infra.results.ZLI_Result;

/**
 * Promises 1 and 15: a deadline fires while its source is being cancelled: one of them wins, its
 * reason stays, and the callback runs once.
 */
@JCStressTest
@Outcome(id = "true, asked, 1", expect = ACCEPTABLE, desc = "The canceller was faster.")
@Outcome(id = "false, late, 1", expect = ACCEPTABLE, desc = "The deadline was faster.")
@Outcome(
    expect = FORBIDDEN,
    desc = "Reason and winner do not agree, or the callback ran never or twice.")
@State
public class DeadlineAndCancel {

  private final OneTimer time = new OneTimer();
  private final CancellationSource source = time.source();
  private final AtomicInteger runs = new AtomicInteger();

  public DeadlineAndCancel() {
    source.token().onCancel(runs::incrementAndGet);
    source.cancelAfter(Duration.ofMillis(1));
  }

  @Actor
  public void fire() {
    time.fire();
  }

  @Actor
  public void cancel(ZLI_Result r) {
    r.r1 = source.cancel("asked");
  }

  @Arbiter
  public void judge(ZLI_Result r) {
    time.runDispatched();
    String message = source.token().reason().orElseThrow().message();
    r.r2 = message.equals("asked") ? "asked" : "late";
    r.r3 = runs.get();
  }
}
