package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
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
 * Promise 10: of two threads that unregister the same callback one is told that it prevented it; a
 * cancel by either then runs its neighbours, once each.
 */
@JCStressTest
@Outcome(id = "0, 2, 1", expect = ACCEPTABLE, desc = "Prevented by exactly one call.")
@Outcome(expect = FORBIDDEN, desc = "It ran, both or none prevented it, or a neighbour was lost.")
@State
public class UnregisterAndUnregister {

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
  public void first() {
    if (registration.unregister()) {
      prevented.incrementAndGet();
    }
    source.cancel();
  }

  @Actor
  public void second() {
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
