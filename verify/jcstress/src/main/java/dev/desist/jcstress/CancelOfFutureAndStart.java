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
import org.openjdk.jcstress.infra.results.L_Result;

/**
 * Promise 23: a dependent is cancelled while its task starts. The task does not begin, or what it
 * began knows.
 */
@JCStressTest
@Outcome(id = "cancelled, not begun", expect = ACCEPTABLE, desc = "Cancelled in the queue.")
@Outcome(id = "cancelled, begun and told", expect = ACCEPTABLE_INTERESTING, desc = "Under way.")
@Outcome(id = "value, begun and told", expect = ACCEPTABLE, desc = "It was first, and is closed.")
@Outcome(expect = FORBIDDEN, desc = "Cancelled, and the task runs on untold; or never complete.")
@State
public class CancelOfFutureAndStart {

  private final ArrayDeque<Runnable> queue = new ArrayDeque<>();
  private CancellationToken seen = CancellationToken.none();
  private final CompletableFuture<String> future =
      Futures.supplyAsync(CancellationToken.none(), queue::add, this::work)
          .thenApply(String::strip);

  private String work() {
    seen = Cancellation.current();
    return "value";
  }

  @Actor
  public void cancel() {
    future.cancel(true);
  }

  @Actor
  public void execute() {
    queue.remove().run();
  }

  @Arbiter
  public void judge(L_Result r) {
    String outcome = future.isCancelled() ? "cancelled" : future.isDone() ? future.join() : "never";
    String task =
        !seen.canBeCancelled()
            ? "not begun"
            : seen.isCancelled() ? "begun and told" : "begun and untold";
    r.r1 = outcome + ", " + task;
  }
}
