package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.scope.Joiner;
import dev.desist.scope.Subtask;
import dev.desist.scope.TaskScope;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZL_Result;

/**
 * Promise 22: whoever sees that a subtask has ended cannot abort it any more, also while its thread
 * is still busy with the end of it.
 */
@JCStressTest
@Outcome(id = "false, false, SUCCESS", expect = ACCEPTABLE, desc = "It had ended.")
@Outcome(expect = FORBIDDEN, desc = "A subtask was aborted after its end.")
@State
public class AbortAfterEnd {
  private final HandOver handOver = new HandOver();

  @Actor
  public void abort(ZZL_Result r) {
    Wait.unchecked(() -> abortOrThrow(r));
  }

  private void abortOrThrow(ZZL_Result r) throws Exception {
    try (var scope = TaskScope.<Integer, Void>open(Joiner.awaitAll(), handOver::toOther)) {
      Subtask<Integer> subtask = scope.fork(() -> 1);
      handOver.awaitTaker();
      Wait.forOtherActor(() -> subtask.state() != Subtask.State.UNAVAILABLE);
      r.r1 = subtask.abort();
      scope.join();
      r.r3 = subtask.state();
    }
  }

  @Actor
  public void end(ZZL_Result r) {
    boolean stray = Thread.interrupted();
    handOver.run();
    r.r2 = Thread.interrupted() || stray;
  }
}
