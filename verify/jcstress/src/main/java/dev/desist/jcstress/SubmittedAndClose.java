package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationRegistration;
import dev.desist.CancellationSource;
import java.util.ArrayDeque;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * Promise 10: {@code close()} waits for a callback that runs on its executor, and sees what it
 * wrote.
 */
@JCStressTest
@Outcome(
    id = "0, 0",
    expect = ACCEPTABLE_INTERESTING,
    desc = "Closed before it began: it never ran.")
@Outcome(id = "2, 2", expect = ACCEPTABLE, desc = "close waited for it, or came later.")
@Outcome(expect = FORBIDDEN, desc = "Seen half done, or it ran after close.")
@State
public class SubmittedAndClose {

  private final CancellationSource source = CancellationSource.create();
  private final ArrayDeque<Runnable> submitted = new ArrayDeque<>();
  private int progress;
  private final CancellationRegistration registration =
      source.token().onCancel(submitted::add, this::work);

  public SubmittedAndClose() {
    source.cancel();
  }

  private void work() {
    progress = 1;
    Thread.onSpinWait();
    progress = 2;
  }

  @Actor
  public void execute() {
    submitted.remove().run();
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
