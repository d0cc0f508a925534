package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationToken;
import dev.desist.concurrent.Futures;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LL_Result;

/** A composing stage is cancelled while its function starts the second work. */
@JCStressTest
@Outcome(id = "cancelled, stopped", expect = ACCEPTABLE, desc = "The second work was stopped.")
@Outcome(id = "cancelled, not begun", expect = ACCEPTABLE, desc = "The function was not called.")
@Outcome(expect = FORBIDDEN, desc = "The second work goes on for nobody, or ends the first.")
@State
public class CancelAndCompose {
  private final ArrayDeque<Runnable> first = new ArrayDeque<>();
  private final ArrayDeque<Runnable> second = new ArrayDeque<>();
  private CompletableFuture<String> started = CompletableFuture.completedFuture("not begun");
  private final CompletableFuture<String> composed =
      Futures.submit(CancellationToken.none(), first::add, () -> "value").thenCompose(this::start);

  private CompletableFuture<String> start(String value) {
    started = Futures.submit(CancellationToken.none(), second::add, () -> value);
    return started;
  }

  @Actor
  public void cancel(LL_Result r) {
    r.r1 = composed.cancel(true) ? "cancelled" : "failed";
  }

  @Actor
  public void run() {
    first.remove().run();
  }

  @Arbiter
  public void judge(LL_Result r) {
    Wait.until(started::isDone);
    r.r2 = started.isCancelled() ? "stopped" : started.getNow("goes on");
  }
}
