package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * Promise 3: once the first callback of a tree runs, another thread that asks any token of it finds
 * it cancelled.
 */
@JCStressTest
@Outcome(id = "false, false", expect = ACCEPTABLE, desc = "Asked before.")
@Outcome(
    id = "false, true",
    expect = ACCEPTABLE,
    desc = "Asked between the flags and the first callback.")
@Outcome(id = "true, true", expect = ACCEPTABLE, desc = "The callback runs, and the flags are up.")
@Outcome(expect = FORBIDDEN, desc = "A callback ran while a token below was live.")
@State
public class FlagsBeforeCallbacks {

  private final CancellationSource root = CancellationSource.create();
  private final CancellationSource leaf = root.token().child().token().child();
  private volatile boolean began;

  public FlagsBeforeCallbacks() {
    root.token().onCancel(() -> began = true);
  }

  @Actor
  public void cancel() {
    root.cancel();
  }

  @Actor
  public void ask(ZZ_Result r) {
    r.r1 = began;
    r.r2 = leaf.isCancelled();
  }
}
