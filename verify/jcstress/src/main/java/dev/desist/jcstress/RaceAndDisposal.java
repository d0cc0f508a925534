package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.scope.Tasks;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * Promise 20: of two tasks that succeed at once in a race, one value is delivered, and the other,
 * if there is one, is disposed of.
 */
@JCStressTest
@Outcome(
    id = {"1, 2, 3", "2, 1, 3"},
    expect = ACCEPTABLE,
    desc = "One was delivered, the other disposed of.")
@Outcome(id = "1, 0, 1", expect = ACCEPTABLE, desc = "The second never began.")
@Outcome(id = "2, 0, 2", expect = ACCEPTABLE, desc = "The first never began.")
@Outcome(expect = FORBIDDEN, desc = "A value was lost, or went both ways.")
@State
public class RaceAndDisposal {
  private final HandOver handOver = new HandOver();
  private final AtomicInteger made = new AtomicInteger();
  private final AtomicInteger disposed = new AtomicInteger();

  @Actor
  public void race(III_Result r) {
    Wait.unchecked(() -> raceOrThrow(r));
  }

  private void raceOrThrow(III_Result r) throws Exception {
    List<Callable<Integer>> tasks = List.of(() -> make(1), () -> make(2));
    r.r1 =
        Tasks.race(
            tasks, c -> c.withScope(handOver.firstToOther()).withDisposer(disposed::addAndGet));
  }

  private int make(int value) {
    made.addAndGet(value);
    return value;
  }

  @Actor
  public void run() {
    handOver.run();
  }

  @Arbiter
  public void judge(III_Result r) {
    r.r2 = disposed.get();
    r.r3 = made.get();
  }
}
