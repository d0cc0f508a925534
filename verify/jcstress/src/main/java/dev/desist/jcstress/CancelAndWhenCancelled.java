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
import org.openjdk.jcstress.infra.results.L_Result;

/**
 * {@code whenCancelled()}, first asked while the token is being cancelled, completes with its
 * reason.
 */
@JCStressTest
@Outcome(id = "asked", expect = ACCEPTABLE, desc = "Completed.")
@Outcome(expect = FORBIDDEN, desc = "Not completed within seconds, or with something else.")
@State
public class CancelAndWhenCancelled {

  private final CancellationSource source = CancellationSource.create();
  private CompletionStage<CancellationReason> stage =
      CompletableFuture.completedStage(CancellationReason.closed());

  @Actor
  public void cancel() {
    source.cancel("asked");
  }

  @Actor
  public void listen() {
    stage = source.token().whenCancelled();
  }

  @Arbiter
  public void judge(L_Result r) {
    CompletableFuture<CancellationReason> future = stage.toCompletableFuture();
    Wait.until(future::isDone);
    r.r1 = future.isDone() ? future.join().message() : "never";
  }
}
