package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.concurrent.Queues;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZI_Result;

/**
 * Promise 20: an element that is put while the one who takes is being cancelled is either taken or
 * still in the queue.
 */
@JCStressTest
@Outcome(id = "true, 0", expect = ACCEPTABLE, desc = "Taken.")
@Outcome(id = "false, 1", expect = ACCEPTABLE, desc = "Cancelled, and still there.")
@Outcome(expect = FORBIDDEN, desc = "Lost, or there twice.")
@State
public class CancelAndTake {

  private final BlockingQueue<String> queue = new ArrayBlockingQueue<>(1);
  private final CancellationSource source = CancellationSource.create();

  @Actor
  public void cancel() {
    source.cancel();
    queue.add("element");
  }

  @Actor
  public void take(ZI_Result r) {
    r.r1 =
        Wait.uninterrupted(
            () -> {
              try {
                Queues.take(source.token(), queue);
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
