package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** Promise 19: a read that is cancelled while it is written to leaves the byte to the next one. */
@JCStressTest
@Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "Read in spite of the cancel.")
@Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "Cancelled, and then read.")
@Outcome(expect = FORBIDDEN, desc = "Neither, or both.")
@State
public class CancelAndReadAndWrite {

  private final CancellationSource source = CancellationSource.create();

  @Actor
  public void read(II_Result r) {
    r.r1 = AtLoop.read(source.token());
  }

  @Actor
  public void writeAndCancel() {
    AtLoop.write();
    source.cancel();
  }

  @Arbiter
  public void readWhatIsLeft(II_Result r) {
    r.r2 = r.r1 == 0 ? AtLoop.read() : 0;
  }
}
