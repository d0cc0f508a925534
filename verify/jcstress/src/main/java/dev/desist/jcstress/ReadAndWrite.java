package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * Whoever waits at the loop while it is written to, is woken: between looking, linking and parking.
 */
@JCStressTest
@Outcome(id = "1", expect = ACCEPTABLE, desc = "Read.")
@Outcome(expect = FORBIDDEN, desc = "A wake-up was lost.")
@State
public class ReadAndWrite {

  @Actor
  public void read(I_Result r) {
    r.r1 = AtLoop.read();
  }

  @Actor
  public void write() {
    AtLoop.write();
  }
}
