package dev.desist.jcstress;

import static dev.desist.CancellationToken.none;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.shutdown.Participant;
import dev.desist.shutdown.Shutdown;
import dev.desist.shutdown.ShutdownReport;
import java.time.Duration;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IIL_Result;

/**
 * Promise 22: work that ends at the moment at which the limits pass is one of drained, aborted and
 * left behind, and nothing is listed after its end.
 */
@JCStressTest
@Outcome(id = "1, 0, not listed", expect = ACCEPTABLE, desc = "Drained.")
@Outcome(id = "10, 0, not listed", expect = ACCEPTABLE, desc = "Aborted.")
@Outcome(id = "100, 0, not listed", expect = ACCEPTABLE, desc = "Left behind, then ended.")
@Outcome(id = "0, 0, not listed", expect = ACCEPTABLE, desc = "Ended before it began.")
@Outcome(expect = FORBIDDEN, desc = "Counted twice or not at all, or listed after its end.")
@State
public class EndOfWorkAndLimit {
  private final Shutdown shutdown =
      Shutdown.create(
          "sample",
          options ->
              options.withDrainLimit(Duration.ZERO).withGrace(Duration.ZERO).withReporter(_ -> {}));
  private final Participant work = shutdown.track("work");
  private volatile boolean ended;

  @Actor
  public void end() {
    work.close();
    ended = true;
  }

  @Actor
  public void initiate(IIL_Result r) {
    Wait.unchecked(
        () -> {
          shutdown.initiate("the sample ends");
          ShutdownReport report = shutdown.await(none());
          r.r1 = report.drained() + 10 * report.aborted().size() + 100 * report.leftBehind().size();
          r.r2 = report.failures().size();
          Wait.forOtherActor(() -> ended);
          r.r3 = !ended || shutdown.unfinished().isEmpty() ? "not listed" : "listed";
        });
  }
}
