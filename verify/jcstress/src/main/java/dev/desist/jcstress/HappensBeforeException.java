package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * Promise 2: what was written before {@code cancel()} is visible to who catches the {@code
 * CancelledException}.
 */
@JCStressTest
@Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "Asked before the write.")
@Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "Asked between the write and the cancel.")
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Cancelled, and the write is there.")
@Outcome(expect = FORBIDDEN, desc = "Cancelled, but the write is missing.")
@State
public class HappensBeforeException {

  private final CancellationSource source = CancellationSource.create();
  private int data;

  @Actor
  public void cancel() {
    data = 1;
    source.cancel();
  }

  @Actor
  public void ask(II_Result r) {
    try {
      source.token().throwIfCancelled();
      r.r1 = 0;
    } catch (CancelledException e) {
      r.r1 = 1;
    }
    r.r2 = data;
  }
}
