package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
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
import org.openjdk.jcstress.infra.results.L_Result;

/**
 * Promise 20: a task ends while its token is cancelled. Its value is in the future or was handed to
 * the disposer, never both and never neither, unless the task did not begin (promise 23).
 */
@JCStressTest
@Outcome(id = "value, late none", expect = ACCEPTABLE, desc = "The task was first.")
@Outcome(id = "asked, late value", expect = ACCEPTABLE_INTERESTING, desc = "It came too late.")
@Outcome(id = "asked, late none", expect = ACCEPTABLE, desc = "It never began.")
@Outcome(expect = FORBIDDEN, desc = "Both, neither, or twice.")
@State
public class CancelAndEndOfTask {

  private final CancellationSource source = CancellationSource.create();
  private final ArrayDeque<Runnable> queue = new ArrayDeque<>();
  private final ArrayList<String> late = new ArrayList<>();
  private boolean begun;
  private final CompletableFuture<String> future =
      Futures.supplyAsync(source.token(), queue::add, this::work, late::add);

  private String work() {
    begun = true;
    return "value";
  }

  @Actor
  public void cancel() {
    source.cancel("asked");
  }

  @Actor
  public void execute() {
    queue.remove().run();
  }

  @Arbiter
  public void judge(L_Result r) {
    Wait.until(future::isDone);
    String outcome;
    try {
      outcome = future.getNow("never");
    } catch (CancelledException e) {
      outcome = begun && late.isEmpty() ? "lost" : e.reason().message();
    }
    r.r1 = outcome + ", late " + (late.isEmpty() ? "none" : String.join(" ", late));
  }
}
