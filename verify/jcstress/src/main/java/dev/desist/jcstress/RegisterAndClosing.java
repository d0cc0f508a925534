package dev.desist.jcstress;

import static dev.desist.CancellationToken.none;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancelledException;
import dev.desist.shutdown.Shutdown;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LL_Result;

/** Promise 20: an action is registered and has run when all is over, or is refused and does not. */
@JCStressTest
@Outcome(id = "registered, has run", expect = ACCEPTABLE, desc = "It came first.")
@Outcome(id = "refused, has not run", expect = ACCEPTABLE, desc = "It came too late.")
@Outcome(expect = FORBIDDEN, desc = "It was dropped, or run although refused.")
@State
public class RegisterAndClosing {
  private final Shutdown shutdown =
      Shutdown.create("sample", options -> options.withReporter(_ -> {}));

  /** Plain: the shutdown has to make it visible. */
  private boolean ran;

  @Actor
  public void register(LL_Result r) {
    try {
      shutdown.onClose("store", () -> ran = true);
      r.r1 = "registered";
    } catch (CancelledException e) {
      r.r1 = "refused";
    }
  }

  @Actor
  public void initiate(LL_Result r) {
    Wait.unchecked(
        () -> {
          shutdown.initiate("the sample ends");
          shutdown.await(none());
          r.r2 = ran ? "has run" : "has not run";
        });
  }
}
