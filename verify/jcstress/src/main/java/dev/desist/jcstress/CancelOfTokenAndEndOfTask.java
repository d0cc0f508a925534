package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.concurrent.Futures;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LL_Result;

/**
 * Promises 20 and 23: a token is cancelled while work under it begins and ends. Either it gives its
 * value, which nobody disposes of then, or it never begins; and its future ends.
 */
@JCStressTest
@Outcome(id = "value, begun", expect = ACCEPTABLE, desc = "The work was first: completion wins.")
@Outcome(id = "asked, not begun", expect = ACCEPTABLE, desc = "It never began.")
@Outcome(expect = FORBIDDEN, desc = "Never complete, begun for nobody, or disposed of as well.")
@State
public class CancelOfTokenAndEndOfTask {
  private final CancellationSource source = CancellationSource.create();
  private final ArrayDeque<Runnable> queue = new ArrayDeque<>();
  private final ArrayList<String> disposed = new ArrayList<>();
  private boolean begun;
  private final CompletableFuture<String> future =
      Futures.submit(source.token(), queue::add, this::work, disposed::add);

  private String work() {
    begun = true;
    return "value";
  }

  @Actor
  public void cancel() {
    source.cancel("asked");
  }

  @Actor
  public void run() {
    queue.remove().run();
  }

  @Arbiter
  public void judge(LL_Result r) {
    Wait.until(future::isDone);
    try {
      r.r1 = future.getNow("never");
    } catch (CancelledException e) {
      r.r1 = e.reason().message();
    }
    r.r2 = (begun ? "begun" : "not begun") + (disposed.isEmpty() ? "" : ", disposed of");
  }
}
