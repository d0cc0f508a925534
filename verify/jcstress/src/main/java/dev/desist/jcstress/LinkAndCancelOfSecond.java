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
import org.openjdk.jcstress.infra.results.ZI_Result;

/**
 * Promise 12: a source linked while its second parent is being cancelled ends cancelled, and its
 * callback runs once.
 */
@JCStressTest
@Outcome(id = "true, 1", expect = ACCEPTABLE, desc = "Cancelled, told once.")
@Outcome(expect = FORBIDDEN, desc = "Live, or its callback ran never or twice.")
@State
public class LinkAndCancelOfSecond {

  private final CancellationSource left = CancellationSource.create();
  private final CancellationSource right = CancellationSource.create();
  private final AtomicInteger runs = new AtomicInteger();
  private volatile CancellationSource linked = left;

  @Actor
  public void link() {
    CancellationSource made = CancellationSource.linkedTo(left.token(), right.token());
    linked = made;
    made.token().onCancel(runs::incrementAndGet);
  }

  @Actor
  public void cancel() {
    right.cancel();
  }

  @Arbiter
  public void judge(ZI_Result r) {
    r.r1 = linked != left && linked.isCancelled();
    r.r2 = runs.get();
  }
}
