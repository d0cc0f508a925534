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
import org.openjdk.jcstress.infra.results.LZ_Result;

/**
 * Promise 22: a scope is cancelled from outside around its join, which gives the values or says
 * that it was cancelled; the values, if everything had ended before.
 */
@JCStressTest
@Outcome(id = "\\[value\\], true", expect = ACCEPTABLE, desc = "Everything had ended.")
@Outcome(id = "\\[value\\], false", expect = ACCEPTABLE, desc = "It ended meanwhile.")
@Outcome(id = "cancelled, false", expect = ACCEPTABLE, desc = "The cancel came first.")
@Outcome(expect = FORBIDDEN, desc = "A value was withheld, or is wrong.")
@State
public class JoinAndCancelOfScope {
  private volatile @Nullable TaskScope<String, ?> opened;
  private volatile boolean ended;

  @Actor
  public void join(LZ_Result r) {
    Wait.unchecked(() -> joinOrThrow(r));
  }

  private void joinOrThrow(LZ_Result r) throws Exception {
    try (var scope = TaskScope.open(Joiner.<String>allSuccessfulOrThrow(), HandOver::inline)) {
      opened = scope;
      scope.fork(() -> "value");
      ended = true;
      r.r1 = scope.join();
    } catch (CancelledException e) {
      r.r1 = "cancelled";
    }
  }

  @Actor
  public void cancel(LZ_Result r) {
    Wait.forOtherActor(() -> opened != null);
    TaskScope<String, ?> scope = opened;
    if (scope != null) {
      r.r2 = ended;
      scope.cancel();
    }
  }
}
