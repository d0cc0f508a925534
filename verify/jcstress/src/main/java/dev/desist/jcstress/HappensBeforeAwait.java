package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZI_Result;

/**
 * Promise 2: what was written before {@code cancel()} is visible after {@code await()}, which
 * always comes back.
 */
@JCStressTest
@Outcome(id = "true, 1", expect = ACCEPTABLE, desc = "Woken, and the write is there.")
@Outcome(expect = FORBIDDEN, desc = "Not cancelled, or the write is missing.")
@State
public class HappensBeforeAwait {

  private final CancellationSource source = CancellationSource.create();
  private int data;

  @Actor
  public void cancel() {
    data = 1;
    source.cancel();
  }

  @Actor
  public void await(ZI_Result r) {
    r.r1 = Wait.uninterrupted(source.token()::await);
    r.r2 = data;
  }
}
