package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.Cancellation;
import dev.desist.CancelledException;
import dev.desist.scope.Joiner;
import dev.desist.scope.Subtask;
import dev.desist.scope.TaskScope;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZLL_Result;

/**
 * Promise 23: a subtask that is forked while its scope is cancelled either runs, and sees that, or
 * never starts; after the cancel has returned none starts. On virtual threads, so there are fewer
 * samples than elsewhere.
 */
@JCStressTest
@Outcome(
    id = "false, (told|not begun), (told|not begun)",
    expect = ACCEPTABLE,
    desc = "Both were forked before the cancel was over.")
@Outcome(
    id = "true, (told|not begun), not begun",
    expect = ACCEPTABLE,
    desc = "The second was forked after the cancel.")
@Outcome(expect = FORBIDDEN, desc = "A subtask began too late, or was not told.")
@State
public class ForkAndCancelOfScope {
  private volatile @Nullable TaskScope<String, Void> opened;
  private volatile boolean cancelled;

  @Actor
  public void fork(ZLL_Result r) {
    Wait.unchecked(() -> forkOrThrow(r));
  }

  private void forkOrThrow(ZLL_Result r) throws Exception {
    try (var scope = TaskScope.<String, Void>open(Joiner.awaitAll())) {
      opened = scope;
      Subtask<String> first = scope.fork(ForkAndCancelOfScope::waitForCancel);
      r.r1 = cancelled;
      Subtask<String> second = scope.fork(ForkAndCancelOfScope::waitForCancel);
      Wait.forOtherActor(() -> cancelled);
      scope.cancel(); // if nobody else does
      first.await();
      second.await();
      r.r2 = told(first);
      r.r3 = told(second);
      scope.join();
    } catch (CancelledException e) {
      // Which is what it should be.
    }
  }

  private static String waitForCancel() throws InterruptedException {
    return Cancellation.current().await(Duration.ofSeconds(5)) ? "told" : "not told";
  }

  private static String told(Subtask<String> subtask) {
    return subtask.state() == Subtask.State.CANCELLED ? "not begun" : subtask.get();
  }

  @Actor
  public void cancel() {
    Wait.forOtherActor(() -> opened != null);
    TaskScope<String, Void> scope = opened;
    if (scope != null) {
      scope.cancel();
    }
    cancelled = true;
  }
}
