package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.concurrent.Queues;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZI_Result;

/**
 * Promise 20: an element for which there is room just when the one who puts it is being cancelled
 * is in the queue, or the one who puts it is told that it is not.
 */
@JCStressTest
@Outcome(id = "true, 1", expect = ACCEPTABLE, desc = "Put.")
@Outcome(id = "false, 0", expect = ACCEPTABLE, desc = "Cancelled, and not there.")
@Outcome(expect = FORBIDDEN, desc = "Lost, or there after all.")
@State
public class CancelAndPut {

  private final BlockingQueue<String> queue = new ArrayBlockingQueue<>(1, false, List.of("first"));
  private final CancellationSource source = CancellationSource.create();

  @Actor
  public void cancel() {
    source.cancel();
    queue.remove("first");
  }

  @Actor
  public void put(ZI_Result r) {
    r.r1 =
        Wait.uninterrupted(
            () -> {
              try {
                Queues.put(source.token(), queue, "second");
                return true;
              } catch (CancelledException e) {
                return false;
              }
            });
  }

  @Arbiter
  public void judge(ZI_Result r) {
    r.r2 = queue.size();
  }
}
