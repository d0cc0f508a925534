package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationToken;
import dev.desist.concurrent.Latest;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LL_Result;

/**
 * One at a time: a task is submitted while the one before begins and ends. It starts, by one of the
 * two.
 */
@JCStressTest
@Outcome(id = "old new, none", expect = ACCEPTABLE, desc = "One after the other.")
@Outcome(id = "new, old", expect = ACCEPTABLE, desc = "Superseded under way: disposed of.")
@Outcome(id = "new, none", expect = ACCEPTABLE, desc = "The old one never began.")
@Outcome(expect = FORBIDDEN, desc = "The new one never starts, or twice; or a value is lost.")
@State
public class LatestSubmitAndEnd {
  private final ConcurrentLinkedQueue<Runnable> worker = new ConcurrentLinkedQueue<>();
  private final List<String> delivered = new CopyOnWriteArrayList<>();
  private final List<String> disposed = new CopyOnWriteArrayList<>();
  private volatile boolean oldBegan;
  private final Latest<String> latest =
      Latest.open(
          CancellationToken.none(),
          Runnable::run,
          outcome -> delivered.add(word(outcome)),
          o -> o.withExecutor(worker::add).withDisposer(disposed::add).withOneAtATime());
  private final CompletionStage<?> old =
      latest.submit(
          () -> {
            oldBegan = true;
            return "old";
          });
  private CompletionStage<?> fresh = old;

  @Actor
  public void submit() {
    fresh = latest.submit(() -> "new");
  }

  @Actor
  public void end() {
    worker.remove().run();
  }

  @Arbiter
  public void judge(LL_Result r) {
    var end = fresh.toCompletableFuture();
    Wait.until(
        () -> {
          Runnable next = worker.poll();
          if (next != null) {
            next.run();
          }
          return end.isDone();
        });
    var before = old.toCompletableFuture();
    Wait.until(before::isDone);
    // By a thread of the library, if it was superseded just before its delivery.
    Wait.until(() -> !oldBegan || delivered.size() + disposed.size() > 1);
    r.r1 = words(delivered);
    r.r2 = oldBegan && delivered.size() + disposed.size() < 2 ? "lost" : words(disposed);
  }

  private static String word(dev.desist.Outcome<String> outcome) {
    return outcome instanceof dev.desist.Outcome.Success<String>(String value) ? value : "no value";
  }

  private static String words(List<String> list) {
    return list.isEmpty() ? "none" : String.join(" ", list);
  }
}
