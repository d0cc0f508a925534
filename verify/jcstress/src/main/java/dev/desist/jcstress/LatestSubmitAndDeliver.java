package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationToken;
import dev.desist.concurrent.Latest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LL_Result;

/**
 * Promise 20: a task is submitted while the value of the one before is about to be delivered. It is
 * delivered, before the newer one, or disposed of; and not delivered if its turn came after submit
 * had returned.
 */
@JCStressTest
@Outcome(id = "old new, none", expect = ACCEPTABLE, desc = "Delivered in time.")
@Outcome(id = "new, old", expect = ACCEPTABLE, desc = "Superseded in time.")
@Outcome(expect = FORBIDDEN, desc = "Late, lost, twice, or in the wrong order.")
@State
public class LatestSubmitAndDeliver {
  private final ArrayDeque<Runnable> worker = new ArrayDeque<>();
  private final ArrayDeque<Runnable> screen = new ArrayDeque<>();
  private final ArrayList<String> delivered = new ArrayList<>();

  /** Disposed of by a thread of the library, if the slot finds first that it is superseded. */
  private final Queue<String> disposed = new ConcurrentLinkedQueue<>();

  private final Latest<String> latest =
      Latest.open(
          CancellationToken.none(),
          screen::add,
          outcome -> delivered.add(word(outcome)),
          o -> o.withExecutor(worker::add).withDisposer(disposed::add));
  private volatile boolean returned;

  public LatestSubmitAndDeliver() {
    latest.submit(() -> "old");
    worker.remove().run();
  }

  @Actor
  public void submit() {
    latest.submit(() -> "new");
    returned = true;
  }

  @Actor
  public void deliver() {
    boolean late = returned;
    screen.remove().run();
    if (late && !delivered.isEmpty()) {
      delivered.add("late");
    }
  }

  @Arbiter
  public void judge(LL_Result r) {
    worker.remove().run();
    screen.remove().run();
    Wait.until(() -> delivered.contains("old") || !disposed.isEmpty());
    r.r1 = words(delivered);
    r.r2 = words(disposed);
  }

  private static String word(dev.desist.Outcome<String> outcome) {
    return outcome instanceof dev.desist.Outcome.Success<String>(String value) ? value : "no value";
  }

  private static String words(Collection<String> list) {
    return list.isEmpty() ? "none" : String.join(" ", list);
  }
}
