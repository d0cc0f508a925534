package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
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
 * {@code cancelAfter} replaces a deadline while it fires: either it came too late, or the old
 * deadline does nothing.
 */
@JCStressTest
@Outcome(
    id = "false, 1",
    expect = ACCEPTABLE_INTERESTING,
    desc = "Replaced in time: live, and the later deadline waits.")
@Outcome(id = "true, 0", expect = ACCEPTABLE, desc = "Fired: cancelled, and nothing waits.")
@Outcome(expect = FORBIDDEN, desc = "The replaced deadline fired, or a timer was left.")
@State
public class DeadlineAndLaterDeadline {

  private final OneTimer time = new OneTimer();
  private final CancellationSource source = time.source();

  public DeadlineAndLaterDeadline() {
    source.cancelAfter(Duration.ofMillis(1));
  }

  @Actor
  public void fire() {
    time.fire();
  }

  @Actor
  public void replace() {
    source.cancelAfter(Duration.ofHours(1));
  }

  @Arbiter
  public void judge(ZI_Result r) {
    r.r1 = source.isCancelled();
    r.r2 = time.waiting();
  }
}
