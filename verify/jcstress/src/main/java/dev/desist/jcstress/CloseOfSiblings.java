package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * Promises 11 and 12: two siblings leave the list of their parent at once; the parent still reaches
 * all who stayed.
 */
@JCStressTest
@Outcome(id = "4, 4, 2", expect = ACCEPTABLE, desc = "All who stayed were reached, once each.")
@Outcome(expect = FORBIDDEN, desc = "The list of children was damaged.")
@State
public class CloseOfSiblings {

  private final CancellationSource parent = CancellationSource.create();
  private final CancellationSource[] children = new CancellationSource[6];
  private final AtomicInteger runs = new AtomicInteger();

  public CloseOfSiblings() {
    for (int i = 0; i < children.length; i++) {
      children[i] = parent.token().child();
    }
  }

  @Actor
  public void closeOne() {
    children[2].close();
  }

  @Actor
  public void closeItsNeighbour() {
    children[3].close();
  }

  @Arbiter
  public void judge(III_Result r) {
    for (CancellationSource child : children) {
      child.token().onCancel(runs::incrementAndGet);
    }
    int alreadyRun = runs.getAndSet(0);
    parent.cancel("parent");
    int reached = 0;
    for (CancellationSource child : children) {
      if (child.token().reason().orElseThrow().message().equals("parent")) {
        reached++;
      }
    }
    r.r1 = reached;
    r.r2 = runs.get();
    r.r3 = alreadyRun;
  }
}
