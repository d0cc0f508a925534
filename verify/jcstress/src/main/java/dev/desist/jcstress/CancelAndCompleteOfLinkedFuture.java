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
import org.openjdk.jcstress.infra.results.L_Result;

/**
 * Somebody else's future under a token completes while the token is cancelled: with one of the two.
 */
@JCStressTest
@Outcome(id = "value", expect = ACCEPTABLE, desc = "Completion was first.")
@Outcome(id = "asked", expect = ACCEPTABLE, desc = "Cancelled, with the reason of the token.")
@Outcome(expect = FORBIDDEN, desc = "Never complete, or without the reason.")
@State
public class CancelAndCompleteOfLinkedFuture {

  private final CancellationSource source = CancellationSource.create();
  private final CompletableFuture<String> original = new CompletableFuture<>();
  private final CompletableFuture<String> view = Futures.cancelWith(source.token(), original);

  @Actor
  public void cancel() {
    source.cancel("asked");
  }

  @Actor
  public void complete() {
    original.complete("value");
  }

  @Arbiter
  public void judge(L_Result r) {
    Wait.until(view::isDone);
    try {
      r.r1 = view.getNow("never");
    } catch (CancelledException e) {
      r.r1 = e.reason().message();
    }
  }
}
