package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import dev.desist.concurrent.Blocking;
import dev.desist.stream.UntilCancelled;
import java.util.Iterator;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZI_Result;

/**
 * Promise 20: an element that is put while the one who goes through the queue is being cancelled is
 * either handed over or still in the queue.
 */
@JCStressTest
@Outcome(id = "true, 0", expect = ACCEPTABLE, desc = "Handed over.")
@Outcome(id = "false, 1", expect = ACCEPTABLE, desc = "Ended, and still there.")
@Outcome(expect = FORBIDDEN, desc = "Lost, or there twice.")
@State
public class CancelAndItems {

  private final BlockingQueue<String> queue = new LinkedBlockingQueue<>();
  private final CancellationSource source = CancellationSource.create();
  private final Iterator<String> items =
      UntilCancelled.thenEnd(source.token())
          .<String>items(() -> Blocking.interruptibly(source.token(), queue::take))
          .iterator();

  @Actor
  public void cancel() {
    source.cancel();
    queue.add("element");
  }

  @Actor
  public void goThrough(ZI_Result r) {
    r.r1 = items.hasNext() && items.next().equals("element");
  }

  @Arbiter
  public void judge(ZI_Result r) {
    r.r2 = queue.size();
  }
}
