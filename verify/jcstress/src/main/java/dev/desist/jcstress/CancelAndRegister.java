package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
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
 * Promise 7: a callback that is registered while the token is being cancelled runs exactly once.
 */
@JCStressTest
@Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "Registered in time: the canceller ran it.")
@Outcome(id = "1, 1", expect = ACCEPTABLE_INTERESTING, desc = "Registered late: it ran at once.")
@Outcome(expect = FORBIDDEN, desc = "The callback ran never, or twice.")
@State
public class CancelAndRegister {
  private final CancellationSource source = CancellationSource.create();
  private final AtomicInteger runs = new AtomicInteger();
  private int late;

  @Actor
  public void cancel() {
    source.cancel();
  }

  @Actor
  public void register() {
    Thread me = Thread.currentThread();
    source
        .token()
        .onCancel(
            () -> {
              runs.incrementAndGet();
              if (Thread.currentThread() == me) {
                late = 1;
              }
            });
  }

  @Arbiter
  public void judge(II_Result r) {
    r.r1 = runs.get();
    r.r2 = late;
  }
}
