package dev.desist.jcstress;

import static dev.desist.CancellationToken.none;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancelledException;
import dev.desist.shutdown.Participant;
import dev.desist.shutdown.Shutdown;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLI_Result;

/**
 * Promises 20 and 23: work that begins while a shutdown does is counted, waited for, and what it
 * did is seen afterwards; or it is refused. There is a thread for each sample, so there are fewer
 * samples than elsewhere.
 */
@JCStressTest
@Outcome(id = "counted, ended, 1", expect = ACCEPTABLE, desc = "It came first, and was waited for.")
@Outcome(id = "counted, ended, 0", expect = ACCEPTABLE, desc = "It was over before.")
@Outcome(id = "refused, not seen, 0", expect = ACCEPTABLE, desc = "It came too late.")
@Outcome(expect = FORBIDDEN, desc = "It was counted and not waited for, or not counted.")
@State
public class BeginAndInitiate {
  private final Shutdown shutdown =
      Shutdown.create("sample", options -> options.withReporter(_ -> {}));

  /** Plain: the shutdown has to make it visible. */
  private boolean ended;

  @Actor
  public void begin(LLI_Result r) {
    try (Participant _ = shutdown.track("work")) {
      r.r1 = "counted";
      ended = true;
    } catch (CancelledException e) {
      r.r1 = "refused";
    }
  }

  @Actor
  public void initiate(LLI_Result r) {
    Wait.unchecked(
        () -> {
          shutdown.initiate("the sample ends");
          r.r3 = shutdown.await(none()).drained();
          r.r2 = ended ? "ended" : "not seen";
        });
  }
}
