package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import dev.desist.concurrent.Clause;
import dev.desist.concurrent.Select;
import dev.desist.concurrent.SelectableQueue;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZI_Result;

/**
 * Whoever selects is woken by an element, and gets it even if the token is cancelled right after it
 * was put: completion beats cancellation.
 */
@JCStressTest
@Outcome(id = "true, 1", expect = ACCEPTABLE, desc = "Got the element, and the write is there.")
@Outcome(expect = FORBIDDEN, desc = "Cancelled although the element was there first.")
@State
public class PutAndSelect {

  private final SelectableQueue<String> queue = SelectableQueue.unbounded();
  private final CancellationSource source = CancellationSource.create();
  private final Select<Boolean> select =
      Select.biased(Clause.taken(queue, element -> element.equals("element")));
  private int data;

  @Actor
  public void put() {
    data = 1;
    queue.add("element");
    source.cancel();
  }

  @Actor
  public void select(ZI_Result r) {
    r.r1 = Wait.uninterrupted(() -> select.await(source.token()));
    r.r2 = data;
  }
}
