package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancelledException;
import dev.desist.Leftovers;
import dev.desist.scope.Grace;
import dev.desist.scope.Joiner;
import dev.desist.scope.Subtask;
import dev.desist.scope.TaskScope;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * Promise 21: a subtask that ends at the moment at which it is left behind is not listed any more,
 * neither for who has waited for its end, nor when all is over.
 */
@JCStressTest
@Outcome(id = "false, false", expect = ACCEPTABLE, desc = "Not listed, or taken out.")
@Outcome(expect = FORBIDDEN, desc = "Listed after its end.")
@State
public class LeaveAndEnd {
  private static final Logger LOG = Logger.getLogger("dev.desist");
  private static final AtomicLong NUMBERS = new AtomicLong();

  static {
    LOG.setLevel(Level.OFF); // there would be a warning for each sample
  }

  private final HandOver handOver = new HandOver();
  private final String name = "subtask " + NUMBERS.incrementAndGet();
  private volatile boolean begun;
  private volatile boolean leaving;

  @Actor
  public void leave(ZZ_Result r) {
    Wait.unchecked(() -> leaveOrThrow(r));
  }

  private void leaveOrThrow(ZZ_Result r) throws Exception {
    Subtask<Integer> subtask;
    try (var scope =
        TaskScope.<Integer, Void>open(
            Joiner.awaitAll(),
            c -> handOver.toOther(c.withGrace(Grace.leaveAfter(Duration.ZERO))))) {
      subtask =
          scope.fork(
              name,
              () -> {
                begun = true;
                Wait.forOtherActor(() -> leaving);
                return 1;
              });
      handOver.awaitTaker();
      Wait.forOtherActor(() -> begun);
      scope.cancel();
      join(scope);
      leaving = true;
    }
    subtask.await();
    r.r1 = isListed();
  }

  private static void join(TaskScope<?, ?> scope) throws Exception {
    try {
      scope.join();
    } catch (CancelledException e) {
      // Which is what it should be.
    }
  }

  private boolean isListed() {
    return Leftovers.list().stream().anyMatch(leftover -> leftover.task().equals(name));
  }

  @Actor
  public void end() {
    handOver.run();
  }

  @Arbiter
  public void judge(ZZ_Result r) {
    r.r2 = isListed();
  }
}
