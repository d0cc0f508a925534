package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.concurrent.Latest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/**
 * Promise 20: a newer task is submitted while an older result is about to be shown. The older one
 * is shown before the newer, or disposed of; and not shown if its turn came after submit had
 * returned.
 */
@JCStressTest
@Outcome(id = "shown old new, disposed none", expect = ACCEPTABLE, desc = "Shown in time.")
@Outcome(id = "shown new, disposed old", expect = ACCEPTABLE, desc = "Superseded in time.")
@Outcome(expect = FORBIDDEN, desc = "Late, lost, twice, or in the wrong order.")
@State
public class SubmitAndShow {

  private final ArrayDeque<Runnable> worker = new ArrayDeque<>();
  private final ArrayDeque<Runnable> screen = new ArrayDeque<>();
  private final ArrayList<String> shown = new ArrayList<>();
  private final ArrayList<String> disposed = new ArrayList<>();
  private final Latest<String> latest =
      Latest.<String>builder(screen::add, shown::add, e -> shown.add("failure"))
          .executor(worker::add)
          .disposer(disposed::add)
          .build();
  private volatile boolean returned;

  public SubmitAndShow() {
    latest.submit(() -> "old");
    worker.remove().run();
  }

  @Actor
  public void submit() {
    latest.submit(() -> "new");
    returned = true;
  }

  @Actor
  public void show() {
    boolean late = returned;
    screen.remove().run();
    if (late && !shown.isEmpty()) {
      shown.add("late");
    }
  }

  @Arbiter
  public void judge(L_Result r) {
    worker.remove().run();
    screen.remove().run();
    r.r1 = "shown " + words(shown) + ", disposed " + words(disposed);
  }

  private static String words(List<String> list) {
    return list.isEmpty() ? "none" : String.join(" ", list);
  }
}
