package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.concurrent.Futures;
import java.util.concurrent.CompletableFuture;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LL_Result;

/**
 * Somebody else's future under a token completes while the token is cancelled: the linked one ends
 * with one of the two.
 */
@JCStressTest
@Outcome(id = "value, value", expect = ACCEPTABLE, desc = "Completion was first.")
@Outcome(id = "asked, value", expect = ACCEPTABLE, desc = "Cancelled, too late for the original.")
@Outcome(id = "asked, cancelled", expect = ACCEPTABLE, desc = "Cancelled, and the original, too.")
@Outcome(expect = FORBIDDEN, desc = "Never complete, without the reason, or not cancelled.")
@State
public class CancelAndCompleteUnder {
  private final CancellationSource source = CancellationSource.create();
  private final CompletableFuture<String> original = new CompletableFuture<>();
  private final CompletableFuture<String> linked = Futures.under(source.token(), original);

  @Actor
  public void cancel() {
    source.cancel("asked");
  }

  @Actor
  public void complete() {
    original.complete("value");
  }

  @Arbiter
  public void judge(LL_Result r) {
    Wait.until(() -> linked.isDone() && original.isDone());
    try {
      r.r1 = linked.getNow("never");
    } catch (CancelledException e) {
      r.r1 = e.reason().message();
    }
    r.r2 = original.isCancelled() ? "cancelled" : original.getNow("never");
  }
}
