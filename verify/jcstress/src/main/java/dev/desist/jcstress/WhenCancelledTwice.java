package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZL_Result;

/**
 * Two threads that first ask for {@code whenCancelled()} at once get the same stage, and it
 * completes.
 */
@JCStressTest
@Outcome(id = "true, asked", expect = ACCEPTABLE, desc = "One stage, completed.")
@Outcome(expect = FORBIDDEN, desc = "Two stages, or not completed within seconds.")
@State
public class WhenCancelledTwice {

  private final CancellationSource source = CancellationSource.create();
  private CompletionStage<CancellationReason> one =
      CompletableFuture.completedStage(CancellationReason.closed());
  private CompletionStage<CancellationReason> two = one;

  @Actor
  public void first() {
    one = source.token().whenCancelled();
  }

  @Actor
  public void second() {
    two = source.token().whenCancelled();
  }

  @Arbiter
  public void judge(ZL_Result r) {
    source.cancel("asked");
    CompletableFuture<CancellationReason> future = two.toCompletableFuture();
    Wait.until(future::isDone);
    r.r1 = one == two;
    r.r2 = future.isDone() ? future.join().message() : "never";
  }
}
