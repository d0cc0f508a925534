package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.concurrent.Futures;
import java.util.concurrent.CompletableFuture;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/** Two dependents of one future are cancelled at once: one of the two is the last. */
@JCStressTest
@Outcome(id = "stopped", expect = ACCEPTABLE, desc = "The last one stopped the work.")
@Outcome(expect = FORBIDDEN, desc = "Each took the other for the last.")
@State
public class CancelOfBothDependents {

  private Runnable queued = () -> {};
  private final CompletableFuture<String> future =
      Futures.supplyAsync(CancellationToken.none(), task -> queued = task, this::work);
  private final CompletableFuture<String> first = future.copy();
  private final CompletableFuture<String> second = future.copy();

  private String work() {
    return "runs: " + Cancellation.current();
  }

  @Actor
  public void cancelFirst() {
    first.cancel(true);
  }

  @Actor
  public void cancelSecond() {
    second.cancel(true);
  }

  @Arbiter
  public void judge(L_Result r) {
    queued.run();
    r.r1 = future.isCancelled() ? "stopped" : future.getNow("never");
  }
}
