package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZI_Result;

/**
 * Promise 9: what a deadline calls never runs on the timer's thread, also when a callback is
 * registered late while it fires.
 */
@JCStressTest
@Outcome(id = "false, 1", expect = ACCEPTABLE, desc = "Handed over, and ran once.")
@Outcome(expect = FORBIDDEN, desc = "Ran on the timer's thread, never, or twice.")
@State
public class DeadlineAndRegister {

  private final OneTimer time = new OneTimer();
  private final CancellationSource source = time.source();
  private final CancellationSource child = source.token().child();
  private final AtomicInteger runs = new AtomicInteger();
  private volatile boolean onTimer;

  public DeadlineAndRegister() {
    child.token().onCancel(this::called);
    source.cancelAfter(Duration.ofMillis(1));
  }

  private void called() {
    runs.incrementAndGet();
    onTimer = !time.isDispatching();
  }

  @Actor
  public void fire() {
    time.fire();
  }

  @Actor
  public void register() {
    for (int i = 0; i < 1_000 && !source.isCancelled(); i++) {
      Thread.onSpinWait(); // so as to come just after the flag
    }
    source.token().onCancel(() -> {});
  }

  @Arbiter
  public void judge(ZI_Result r) {
    time.runDispatched();
    r.r1 = onTimer;
    r.r2 = runs.get();
  }
}
