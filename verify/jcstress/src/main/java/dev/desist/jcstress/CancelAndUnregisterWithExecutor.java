package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationRegistration;
import dev.desist.CancellationSource;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IZ_Result;

/**
 * Promises 8 and 10: a callback with an executor is prevented or run, never both, whether it was
 * still waiting or already submitted.
 */
@JCStressTest
@Outcome(id = "0, true", expect = ACCEPTABLE_INTERESTING, desc = "Unregistered in time.")
@Outcome(id = "1, false", expect = ACCEPTABLE, desc = "Unregistered too late.")
@Outcome(expect = FORBIDDEN, desc = "Both, neither, or twice.")
@State
public class CancelAndUnregisterWithExecutor {

  private final CancellationSource source = CancellationSource.create();
  private final AtomicInteger runs = new AtomicInteger();
  private final CancellationRegistration registration =
      source.token().onCancel(Runnable::run, runs::incrementAndGet);

  @Actor
  public void cancel() {
    source.cancel();
  }

  @Actor
  public void unregister(IZ_Result r) {
    r.r2 = registration.unregister();
  }

  @Arbiter
  public void judge(IZ_Result r) {
    r.r1 = runs.get();
  }
}
