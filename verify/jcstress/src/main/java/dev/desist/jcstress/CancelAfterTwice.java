package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import java.time.Duration;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZI_Result;

/** Promise 14: of two deadlines set at once one stays, in the source and in the timer. */
@JCStressTest
@Outcome(id = "false, 1", expect = ACCEPTABLE, desc = "One is left.")
@Outcome(expect = FORBIDDEN, desc = "The timer keeps both, or none.")
@State
public class CancelAfterTwice {

  private final OneTimer time = new OneTimer();
  private final CancellationSource source = time.source();

  @Actor
  public void first() {
    source.cancelAfter(Duration.ofHours(1));
  }

  @Actor
  public void second() {
    source.cancelAfter(Duration.ofHours(2));
  }

  @Arbiter
  public void judge(ZI_Result r) {
    r.r1 = source.isCancelled();
    r.r2 = time.waiting();
  }
}
