package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationRegistration;
import dev.desist.CancellationSource;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * Promise 10: after {@code close()} the callback is not running and will not, and all it wrote is
 * visible.
 */
@JCStressTest
@Outcome(id = "0, 0", expect = ACCEPTABLE_INTERESTING, desc = "Closed in time: it never ran.")
@Outcome(
    id = "2, 2",
    expect = ACCEPTABLE,
    desc = "Closed while it ran, or later: close waited for it.")
@Outcome(expect = FORBIDDEN, desc = "Seen half done, or it ran after close.")
@State
public class CancelAndClose {

  private final CancellationSource source = CancellationSource.create();
  private int progress;
  private final CancellationRegistration registration = source.token().onCancel(this::work);

  private void work() {
    progress = 1;
    Thread.onSpinWait();
    progress = 2;
  }

  @Actor
  public void cancel() {
    source.cancel();
  }

  @Actor
  public void close(II_Result r) {
    registration.close();
    r.r1 = progress;
  }

  @Arbiter
  public void judge(II_Result r) {
    r.r2 = progress;
  }
}
