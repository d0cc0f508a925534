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
import org.openjdk.jcstress.infra.results.L_Result;

/** A composing stage is cancelled while its function makes the second future. */
@JCStressTest
@Outcome(id = "stopped", expect = ACCEPTABLE, desc = "The second work was stopped.")
@Outcome(id = "not begun", expect = ACCEPTABLE, desc = "The function was not called.")
@Outcome(expect = FORBIDDEN, desc = "The second work goes on for nobody.")
@State
public class CancelAndCompose {

  private final ArrayDeque<Runnable> first = new ArrayDeque<>();
  private final ArrayDeque<Runnable> second = new ArrayDeque<>();
  private CompletableFuture<String> made = CompletableFuture.completedFuture("not begun");
  private final CompletableFuture<String> composed =
      Futures.supplyAsync(CancellationToken.none(), first::add, () -> "value")
          .thenCompose(this::make);

  private CompletableFuture<String> make(String value) {
    made = Futures.supplyAsync(CancellationToken.none(), second::add, () -> value);
    return made;
  }

  @Actor
  public void cancel() {
    composed.cancel(true);
  }

  @Actor
  public void execute() {
    first.remove().run();
  }

  @Arbiter
  public void judge(L_Result r) {
    Wait.until(made::isDone);
    r.r1 = made.isCancelled() ? "stopped" : made.getNow("goes on");
  }
}
