package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.concurrent.Clause;
import dev.desist.concurrent.Select;
import dev.desist.concurrent.SelectableQueue;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZI_Result;

/**
 * Promise 20: of two that select from one queue, one gets the one element; the other waits on,
 * until the winner cancels it.
 */
@JCStressTest
@Outcome(id = "true, false, 0", expect = ACCEPTABLE, desc = "The one that put it got it.")
@Outcome(id = "false, true, 0", expect = ACCEPTABLE, desc = "The other got it.")
@Outcome(expect = FORBIDDEN, desc = "Both got it, or none.")
@State
public class SelectAndSelect {

  private final SelectableQueue<String> queue = SelectableQueue.unbounded();
  private final CancellationSource loser = CancellationSource.create();
  private final Select<Boolean> select = Select.biased(Clause.taken(queue, _ -> loser.cancel()));

  @Actor
  public void putAndSelect(ZZI_Result r) {
    queue.add("element");
    r.r1 = wins();
  }

  @Actor
  public void select(ZZI_Result r) {
    r.r2 = wins();
  }

  private boolean wins() {
    return Wait.uninterrupted(
        () -> {
          try {
            return select.await(loser.token());
          } catch (CancelledException e) {
            return false;
          }
        });
  }

  @Arbiter
  public void judge(ZZI_Result r) {
    r.r3 = queue.size();
  }
}
