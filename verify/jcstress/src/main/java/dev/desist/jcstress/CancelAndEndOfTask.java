package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.concurrent.Futures;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLL_Result;

/**
 * Promise 20: work ends while its future is cancelled. Its value is in the future or goes to the
 * disposer, never both and never neither, unless the work did not begin (promise 23).
 */
@JCStressTest
@Outcome(id = "false, value, none", expect = ACCEPTABLE, desc = "The work was first.")
@Outcome(id = "true, cancelled, value", expect = ACCEPTABLE_INTERESTING, desc = "Too late.")
@Outcome(id = "true, cancelled, none", expect = ACCEPTABLE, desc = "It never began.")
@Outcome(expect = FORBIDDEN, desc = "Both, neither, or twice; or cancel gave the wrong answer.")
@State
public class CancelAndEndOfTask {
  private final ArrayDeque<Runnable> queue = new ArrayDeque<>();
  private final ArrayList<String> disposed = new ArrayList<>();
  private boolean begun;
  private final CompletableFuture<String> future =
      Futures.submit(CancellationToken.none(), queue::add, this::work, disposed::add);

  private String work() {
    begun = true;
    return "value";
  }

  @Actor
  public void cancel(LLL_Result r) {
    r.r1 = future.cancel(true);
  }

  @Actor
  public void run() {
    queue.remove().run();
  }

  @Arbiter
  public void judge(LLL_Result r) {
    try {
      r.r2 = future.getNow("never");
    } catch (CancelledException e) {
      r.r2 = begun && disposed.isEmpty() ? "lost" : "cancelled";
    }
    r.r3 = disposed.isEmpty() ? "none" : String.join(" ", disposed);
  }
}
