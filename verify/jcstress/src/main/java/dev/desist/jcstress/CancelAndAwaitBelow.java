package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.Z_Result;

/**
 * Promise 6: a thread about to park on a grandchild's token is always woken by the cancel of the
 * root.
 */
@JCStressTest
@Outcome(id = "true", expect = ACCEPTABLE, desc = "Woken, or not even parked.")
@Outcome(expect = FORBIDDEN, desc = "Back without a cancellation.")
@State
public class CancelAndAwaitBelow {

  private final CancellationSource root = CancellationSource.create();
  private final CancellationSource leaf = root.token().child().token().child();

  @Actor
  public void cancel() {
    root.cancel();
  }

  @Actor
  public void await(Z_Result r) {
    r.r1 = Wait.uninterrupted(leaf.token()::await);
  }
}
