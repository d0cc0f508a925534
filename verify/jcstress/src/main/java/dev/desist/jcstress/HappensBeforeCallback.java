package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * Promise 2: what was written before {@code cancel()} is visible to every callback, on the
 * canceller's thread and, registered late, on another.
 */
@JCStressTest
@Outcome(id = "1", expect = ACCEPTABLE, desc = "The callback saw the write.")
@Outcome(expect = FORBIDDEN, desc = "The callback did not see it, or did not run.")
@State
public class HappensBeforeCallback {

  private final CancellationSource source = CancellationSource.create();
  private int data;
  private int seen;

  @Actor
  public void cancel() {
    data = 1;
    source.cancel();
  }

  @Actor
  public void register() {
    source.token().onCancel(() -> seen = data);
  }

  @Arbiter
  public void judge(I_Result r) {
    r.r1 = seen;
  }
}
