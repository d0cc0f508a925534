package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import java.time.Duration;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** A wait with a timeout comes back, and says "cancelled" only if it is so. */
@JCStressTest
@Outcome(id = "true, true", expect = ACCEPTABLE, desc = "Woken by the cancel.")
@Outcome(id = "false, false", expect = ACCEPTABLE, desc = "Timed out first.")
@Outcome(
    id = "false, true",
    expect = ACCEPTABLE_INTERESTING,
    desc = "Timed out, and cancelled before it could ask again.")
@Outcome(expect = FORBIDDEN, desc = "Said to be cancelled, but was not.")
@State
public class CancelAndAwaitWithTimeout {

  private final CancellationSource source = CancellationSource.create();

  @Actor
  public void cancel() {
    source.cancel();
  }

  @Actor
  public void await(ZZ_Result r) {
    r.r1 = Wait.uninterrupted(() -> source.token().await(Duration.ofNanos(2_000)));
    r.r2 = source.isCancelled();
  }
}
