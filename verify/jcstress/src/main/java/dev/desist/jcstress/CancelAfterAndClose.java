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

/**
 * Promise 14: of a deadline that is set while its source is being closed nothing is left in the
 * timer.
 */
@JCStressTest
@Outcome(id = "true, 0", expect = ACCEPTABLE, desc = "Closed, and the timer is empty.")
@Outcome(expect = FORBIDDEN, desc = "Live, or an entry was left in the timer.")
@State
public class CancelAfterAndClose {

  private final OneTimer time = new OneTimer();
  private final CancellationSource source = time.source();

  @Actor
  public void set() {
    source.cancelAfter(Duration.ofHours(1));
  }

  @Actor
  public void close() {
    source.close();
  }

  @Arbiter
  public void judge(ZI_Result r) {
    r.r1 = source.isCancelled();
    r.r2 = time.waiting();
  }
}
