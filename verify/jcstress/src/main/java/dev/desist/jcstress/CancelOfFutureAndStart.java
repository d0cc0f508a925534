package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.concurrent.Futures;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLL_Result;

/**
 * Promise 23: a future made from that of some work is cancelled while the work starts. The work
 * does not begin, or what it began knows.
 */
@JCStressTest
@Outcome(
    id = "true, cancelled, not begun",
    expect = ACCEPTABLE,
    desc = "Cancelled before it began.")
@Outcome(id = "true, cancelled, told", expect = ACCEPTABLE_INTERESTING, desc = "Under way.")
@Outcome(id = "false, value, told", expect = ACCEPTABLE, desc = "The work was first, and is over.")
@Outcome(expect = FORBIDDEN, desc = "The work runs on untold, or cancel gave the wrong answer.")
@State
public class CancelOfFutureAndStart {
  private final ArrayDeque<Runnable> queue = new ArrayDeque<>();
  private CancellationToken seen = CancellationToken.none();
  private final CompletableFuture<String> future =
      Futures.submit(CancellationToken.none(), queue::add, this::work).thenApply(String::strip);

  private String work() {
    seen = Cancellation.current();
    return "value";
  }

  @Actor
  public void cancel(LLL_Result r) {
    r.r1 = future.cancel(true);
  }

  @Actor
  public void start() {
    queue.remove().run();
  }

  @Arbiter
  public void judge(LLL_Result r) {
    r.r2 = future.isCancelled() ? "cancelled" : future.getNow("never");
    r.r3 = !seen.canBeCancelled() ? "not begun" : seen.isCancelled() ? "told" : "untold";
  }
}
