package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.Outcome.Success;
import dev.desist.scope.Joiner;
import dev.desist.scope.Subtask;
import dev.desist.scope.TaskScope;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLL_Result;

/**
 * Two subtasks end at once where the first to end decides: join gives the outcome of one, and that
 * one is named in the reason for which the other was cancelled.
 */
@JCStressTest
@Outcome(id = "one, one, (SUCCESS|CANCELLED)", expect = ACCEPTABLE, desc = "The first won.")
@Outcome(id = "two, two, (SUCCESS|CANCELLED)", expect = ACCEPTABLE, desc = "The second won.")
@Outcome(expect = FORBIDDEN, desc = "No winner, or another than was named.")
@State
public class TwoEnd {
  private final HandOver handOver = new HandOver();

  @Actor
  public void fork(LLL_Result r) {
    Wait.unchecked(() -> forkOrThrow(r));
  }

  private void forkOrThrow(LLL_Result r) throws Exception {
    try (var scope = TaskScope.open(Joiner.<String>firstToEnd(), handOver.firstToOther())) {
      Subtask<String> one = scope.fork("one", () -> "one");
      Subtask<String> two = scope.fork("two", () -> "two");
      String value = scope.join() instanceof Success<String>(String won) ? won : "none";
      r.r1 = value;
      one.await();
      two.await();
      String reason = scope.token().reason().orElseThrow().message();
      r.r2 = reason.contains("\"one\"") ? "one" : reason.contains("\"two\"") ? "two" : reason;
      r.r3 = (value.equals("one") ? two : one).state();
    }
  }

  @Actor
  public void run() {
    handOver.run();
  }
}
