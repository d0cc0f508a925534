package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationReason;
import dev.desist.shutdown.Shutdown;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LL_Result;

/**
 * Promise 1: of two that begin a shutdown, one did, and both find the soft token cancelled with
 * that one's reason.
 */
@JCStressTest
@Outcome(id = "did 1, found 1", expect = ACCEPTABLE, desc = "The first did it.")
@Outcome(id = "found 2, did 2", expect = ACCEPTABLE, desc = "The second did it.")
@Outcome(expect = FORBIDDEN, desc = "Both or none did it, or one did not find it begun.")
@State
public class InitiateTwice {
  private final Shutdown shutdown =
      Shutdown.create("sample", options -> options.withReporter(_ -> {}));

  @Actor
  public void one(LL_Result r) {
    r.r1 = initiate("1");
  }

  @Actor
  public void two(LL_Result r) {
    r.r2 = initiate("2");
  }

  private String initiate(String why) {
    return (shutdown.initiate(why) ? "did " : "found ")
        + shutdown.soft().reason().map(CancellationReason::message).orElse("it live");
  }
}
