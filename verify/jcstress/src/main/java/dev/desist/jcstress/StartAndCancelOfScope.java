package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.Cancellation;
import dev.desist.CancelledException;
import dev.desist.scope.Joiner;
import dev.desist.scope.Subtask;
import dev.desist.scope.TaskScope;
import java.time.Duration;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LI_Result;

/**
 * Promise 23: a subtask whose thread comes to life while the scope is cancelled either runs and
 * sees its token cancelled, or never begins.
 */
@JCStressTest
@Outcome(id = "SUCCESS, 1", expect = ACCEPTABLE, desc = "It ran, and was told.")
@Outcome(id = "CANCELLED, 0", expect = ACCEPTABLE, desc = "It never began.")
@Outcome(expect = FORBIDDEN, desc = "It was not told, or ran although it counts as not begun.")
@State
public class StartAndCancelOfScope {
  private final HandOver handOver = new HandOver();
  private int runs;

  @Actor
  public void cancel(LI_Result r) {
    Wait.unchecked(() -> cancelOrThrow(r));
  }

  private void cancelOrThrow(LI_Result r) throws Exception {
    Subtask<Boolean> subtask = null;
    try (var scope = TaskScope.<Boolean, Void>open(Joiner.awaitAll(), handOver::toOther)) {
      subtask =
          scope.fork(
              () -> {
                runs++;
                if (!Cancellation.current().await(Duration.ofSeconds(5))) {
                  throw new IllegalStateException("not told");
                }
                return true;
              });
      scope.cancel();
      handOver.awaitTaker();
      scope.join();
    } catch (CancelledException e) {
      // Which is what it should be, but for a subtask that ended before the look.
    }
    r.r1 = subtask == null ? null : subtask.state();
    r.r2 = runs;
  }

  @Actor
  public void start() {
    handOver.run();
  }
}
