package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationRegistration;
import dev.desist.CancellationSource;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * Promise 10: when an unregister and a close race beside a neighbour that stays, the list keeps its
 * order: the neighbours run once, and at most one call has prevented the third.
 */
@JCStressTest
@Outcome(
    id = {"0, 2, 1"},
    expect = ACCEPTABLE_INTERESTING,
    desc = "Prevented, by exactly one call.")
@Outcome(
    id = {"1, 2, 0"},
    expect = ACCEPTABLE,
    desc = "It ran.")
@Outcome(
    expect = FORBIDDEN,
    desc = "A neighbour was lost, or nobody and everybody prevented the callback.")
@State
public class CancelAndTwoUnregister {

  private final CancellationSource source = CancellationSource.create();
  private final AtomicInteger runs = new AtomicInteger();
  private final AtomicInteger neighbours = new AtomicInteger();
  private final CancellationRegistration before =
      source.token().onCancel(neighbours::incrementAndGet);
  private final CancellationRegistration registration =
      source.token().onCancel(runs::incrementAndGet);
  private final CancellationRegistration after =
      source.token().onCancel(neighbours::incrementAndGet);
  private final AtomicInteger prevented = new AtomicInteger();

  @Actor
  public void cancel() {
    if (registration.unregister()) {
      prevented.incrementAndGet();
    }
    source.cancel();
  }

  @Actor
  public void unregister() {
    if (registration.unregister()) {
      prevented.incrementAndGet();
    }
    source.cancel();
  }

  @Arbiter
  public void judge(III_Result r) {
    r.r1 = runs.get();
    r.r2 = neighbours.get();
    r.r3 = prevented.get();
    before.close();
    after.close();
  }
}
