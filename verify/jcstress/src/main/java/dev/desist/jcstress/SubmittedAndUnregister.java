package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationRegistration;
import dev.desist.CancellationSource;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IZ_Result;

/**
 * Promise 10: a callback that its executor was given, but has not begun, is still prevented by
 * {@code unregister()}: then it never begins.
 */
@JCStressTest
@Outcome(id = "0, true", expect = ACCEPTABLE_INTERESTING, desc = "Unregistered before it began.")
@Outcome(id = "1, false", expect = ACCEPTABLE, desc = "It had begun.")
@Outcome(expect = FORBIDDEN, desc = "Both, neither, or twice.")
@State
public class SubmittedAndUnregister {

  private final CancellationSource source = CancellationSource.create();
  private final AtomicInteger runs = new AtomicInteger();
  private final ArrayDeque<Runnable> submitted = new ArrayDeque<>();
  private final CancellationRegistration registration =
      source.token().onCancel(submitted::add, runs::incrementAndGet);

  public SubmittedAndUnregister() {
    source.cancel();
  }

  @Actor
  public void execute() {
    submitted.remove().run();
  }

  @Actor
  public void unregister(IZ_Result r) {
    r.r2 = registration.unregister();
  }

  @Arbiter
  public void judge(IZ_Result r) {
    r.r1 = runs.get();
  }
}
