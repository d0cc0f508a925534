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
import org.openjdk.jcstress.infra.results.ZLZ_Result;

/**
 * Promises 18 and 22: a subtask that is aborted as it ends has either its value or was cancelled,
 * and leaves no interrupt on its thread. An interrupt that came still later would be found at the
 * beginning of the next round.
 */
@JCStressTest
@Outcome(id = "true, SUCCESS, false", expect = ACCEPTABLE, desc = "Aborted, and it did not notice.")
@Outcome(id = "true, CANCELLED, false", expect = ACCEPTABLE, desc = "Aborted in time.")
@Outcome(id = "false, SUCCESS, false", expect = ACCEPTABLE, desc = "It had ended.")
@Outcome(expect = FORBIDDEN, desc = "A stray interrupt, or an outcome that does not fit.")
@State
public class AbortAndEnd {
  private final HandOver handOver = new HandOver();

  @Actor
  public void abort(ZLZ_Result r) {
    Wait.unchecked(() -> abortOrThrow(r));
  }

  private void abortOrThrow(ZLZ_Result r) throws Exception {
    try (var scope = TaskScope.<Integer, Void>open(Joiner.awaitAll(), handOver::toOther)) {
      Subtask<Integer> subtask =
          scope.fork(
              () -> {
                for (int i = 0; i < 200; i++) {
                  if (Thread.interrupted()) {
                    throw new InterruptedException();
                  }
                  Thread.onSpinWait();
                }
                return 1;
              });
      r.r1 = subtask.abort();
      handOver.awaitTaker();
      scope.join();
      r.r2 = subtask.state();
    }
  }

  @Actor
  public void end(ZLZ_Result r) {
    boolean stray = Thread.interrupted();
    handOver.run();
    r.r3 = Thread.interrupted() || stray;
  }
}
