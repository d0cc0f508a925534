package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.scope.Joiner;
import dev.desist.scope.TaskScope;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LZ_Result;

/**
 * Promise 21: another thread forks while the owner joins: the subtask is refused, or join waits for
 * it.
 */
@JCStressTest
@Outcome(id = "forked, true", expect = ACCEPTABLE, desc = "Forked, and waited for.")
@Outcome(id = "refused, false", expect = ACCEPTABLE, desc = "Joined before.")
@Outcome(expect = FORBIDDEN, desc = "It ran on after join, or was lost.")
@State
public class JoinAndSharedFork {
  private volatile @Nullable TaskScope<Boolean, Void> opened;
  private volatile boolean forking;
  private boolean ran;

  @Actor
  public void join(LZ_Result r) {
    Wait.unchecked(() -> joinOrThrow(r));
  }

  private void joinOrThrow(LZ_Result r) throws Exception {
    try (var scope =
        TaskScope.<Boolean, Void>open(
            Joiner.awaitAll(), c -> HandOver.inline(c.withSharedForking()))) {
      opened = scope;
      Wait.forOtherActor(() -> forking);
      scope.join();
      r.r2 = ran;
    }
  }

  @Actor
  public void fork(LZ_Result r) {
    Wait.forOtherActor(() -> opened != null);
    TaskScope<Boolean, Void> scope = opened;
    try {
      if (scope != null) {
        forking = true;
        scope.fork(() -> ran = true);
        r.r1 = "forked";
      }
    } catch (IllegalStateException e) {
      r.r1 = "refused";
    }
  }
}
