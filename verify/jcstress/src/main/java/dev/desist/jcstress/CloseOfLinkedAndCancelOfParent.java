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
 * Promises 7 and 12: a linked source is closed while one parent is being cancelled; it and its
 * child are told once, and the other parent still reaches its own.
 */
@JCStressTest
@Outcome(id = "2, 1, 1", expect = ACCEPTABLE, desc = "All told once.")
@Outcome(
    expect = FORBIDDEN,
    desc = "A callback ran never or twice, or the list of the other parent was damaged.")
@State
public class CloseOfLinkedAndCancelOfParent {

  private final CancellationSource left = CancellationSource.create();
  private final CancellationSource right = CancellationSource.create();
  private final CancellationSource before = right.token().child();
  private final CancellationSource linked =
      CancellationSource.linkedTo(left.token(), right.token());
  private final CancellationSource after = right.token().child();
  private final CancellationSource leaf = linked.token().child();
  private final AtomicInteger runs = new AtomicInteger();

  public CloseOfLinkedAndCancelOfParent() {
    linked.token().onCancel(runs::incrementAndGet);
    leaf.token().onCancel(runs::incrementAndGet);
  }

  @Actor
  public void close() {
    linked.close();
  }

  @Actor
  public void cancel() {
    left.cancel();
  }

  @Arbiter
  public void judge(III_Result r) {
    r.r1 = runs.get();
    right.cancel();
    r.r2 = before.isCancelled() ? 1 : 0;
    r.r3 = after.isCancelled() ? 1 : 0;
  }
}
