package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancelledException;
import dev.desist.scope.Joiner;
import dev.desist.scope.TaskScope;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/** The last subtask ends, and then the scope is cancelled: join gives the values. */
@JCStressTest
@Outcome(id = "\\[value\\]", expect = ACCEPTABLE, desc = "The cancel was of no consequence.")
@Outcome(expect = FORBIDDEN, desc = "A value was withheld, or is wrong.")
@State
public class JoinAndEndThenCancel {
  private final HandOver handOver = new HandOver();
  private volatile @Nullable TaskScope<String, ?> opened;

  @Actor
  public void join(L_Result r) {
    Wait.unchecked(() -> joinOrThrow(r));
  }

  private void joinOrThrow(L_Result r) throws Exception {
    try (var scope = TaskScope.open(Joiner.<String>allSuccessfulOrThrow(), handOver::toOther)) {
      opened = scope;
      scope.fork(() -> "value");
      handOver.awaitTaker();
      r.r1 = scope.join();
    } catch (CancelledException e) {
      r.r1 = "cancelled";
    }
  }

  @Actor
  public void endThenCancel() {
    handOver.run();
    TaskScope<String, ?> scope = opened;
    if (scope != null) {
      scope.cancel();
    }
  }
}
