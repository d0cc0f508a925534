package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancelledException;
import dev.desist.scope.Joiner;
import dev.desist.scope.Subtask;
import dev.desist.scope.TaskScope;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLI_Result;

/**
 * Promise 23: a subtask that waits for another one to end, while that one ends and the scope is
 * cancelled, is either started or never starts; and the scope comes to its end.
 */
@JCStressTest
@Outcome(id = "SUCCESS, SUCCESS, 2", expect = ACCEPTABLE, desc = "Both ran.")
@Outcome(id = "SUCCESS, CANCELLED, 1", expect = ACCEPTABLE, desc = "The second never began.")
@Outcome(id = "CANCELLED, CANCELLED, 0", expect = ACCEPTABLE, desc = "Neither began.")
@Outcome(expect = FORBIDDEN, desc = "What ran and what is said to have run do not agree.")
@State
public class QueueAndCancelOfScope {
  private final HandOver handOver = new HandOver();
  private int runs;

  @Actor
  public void cancel(LLI_Result r) {
    Wait.unchecked(() -> cancelOrThrow(r));
  }

  private void cancelOrThrow(LLI_Result r) throws Exception {
    Subtask<Integer> first = null;
    Subtask<Integer> second = null;
    try (var scope =
        TaskScope.<Integer, Void>open(
            Joiner.awaitAll(), c -> handOver.toOther(c.withParallelism(1)))) {
      first = scope.fork(() -> ++runs);
      second = scope.fork(() -> ++runs);
      scope.cancel();
      handOver.awaitTaker();
      scope.join();
    } catch (CancelledException e) {
      // Or a value, if both were quicker.
    }
    handOver.end();
    r.r1 = first == null ? null : first.state();
    r.r2 = second == null ? null : second.state();
    r.r3 = runs;
  }

  @Actor
  public void run() {
    handOver.run();
    handOver.run();
  }
}
