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

/** One at a time: a task is submitted while the one before ends. It starts, by one of the two. */
@JCStressTest
@Outcome(id = "shown old new, disposed none", expect = ACCEPTABLE, desc = "One after the other.")
@Outcome(id = "shown new, disposed old", expect = ACCEPTABLE, desc = "Superseded in time.")
@Outcome(id = "shown new, disposed none", expect = ACCEPTABLE, desc = "The old one never began.")
@Outcome(expect = FORBIDDEN, desc = "The new one never starts, or twice; or a result is lost.")
@State
public class SubmitAndEnd {

  private final ArrayDeque<Runnable> worker = new ArrayDeque<>();
  private final ArrayDeque<Runnable> screen = new ArrayDeque<>();
  private final ArrayList<String> shown = new ArrayList<>();
  private final ArrayList<String> disposed = new ArrayList<>();
  private final Latest<String> latest =
      Latest.<String>builder(screen::add, shown::add, e -> shown.add("failure"))
          .executor(this::work)
          .disposer(disposed::add)
          .oneAtATime()
          .build();

  public SubmitAndEnd() {
    latest.submit(() -> "old");
  }

  private void work(Runnable task) {
    synchronized (worker) {
      worker.add(task);
    }
  }

  private Runnable next() {
    synchronized (worker) {
      return worker.isEmpty() ? () -> {} : worker.remove();
    }
  }

  @Actor
  public void submit() {
    latest.submit(() -> "new");
  }

  @Actor
  public void end() {
    next().run();
  }

  @Arbiter
  public void judge(L_Result r) {
    next().run();
    while (!screen.isEmpty()) {
      screen.remove().run();
    }
    r.r1 = "shown " + words(shown) + ", disposed " + words(disposed);
  }

  private static String words(List<String> list) {
    return list.isEmpty() ? "none" : String.join(" ", list);
  }
}
