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
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * Promises 7 and 12: siblings leave the list while the parent is being cancelled; every child ends
 * cancelled, and every callback runs once.
 */
@JCStressTest
@Outcome(id = "6, 6", expect = ACCEPTABLE, desc = "All cancelled, all callbacks ran once.")
@Outcome(expect = FORBIDDEN, desc = "A child or a callback was lost, or ran twice.")
@State
public class CloseOfSiblingsAndCancelOfParent {

  private final CancellationSource parent = CancellationSource.create();
  private final CancellationSource[] children = new CancellationSource[6];
  private final AtomicInteger runs = new AtomicInteger();

  public CloseOfSiblingsAndCancelOfParent() {
    for (int i = 0; i < children.length; i++) {
      children[i] = parent.token().child();
      children[i].token().onCancel(runs::incrementAndGet);
    }
  }

  @Actor
  public void close() {
    children[1].close();
    children[3].close();
    children[4].close();
  }

  @Actor
  public void cancel() {
    children[2].close();
    parent.cancel();
  }

  @Arbiter
  public void judge(II_Result r) {
    int cancelled = 0;
    for (CancellationSource child : children) {
      if (child.isCancelled()) {
        cancelled++;
      }
    }
    r.r1 = cancelled;
    r.r2 = runs.get();
  }
}
