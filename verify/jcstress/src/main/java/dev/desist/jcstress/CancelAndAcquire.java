package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.concurrent.Locks;
import java.util.concurrent.Semaphore;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZI_Result;

/**
 * A permit that is released while the one who waits for it is being cancelled is acquired, or still
 * there. So is a lock, which uses the same queue of the JDK; a permit can be released by another
 * thread.
 */
@JCStressTest
@Outcome(id = "true, 0", expect = ACCEPTABLE, desc = "Acquired.")
@Outcome(id = "false, 1", expect = ACCEPTABLE, desc = "Cancelled, and still there.")
@Outcome(expect = FORBIDDEN, desc = "Lost, or there twice.")
@State
public class CancelAndAcquire {

  private final Semaphore semaphore = new Semaphore(0);
  private final CancellationSource source = CancellationSource.create();

  @Actor
  public void cancel() {
    source.cancel();
    semaphore.release();
  }

  @Actor
  public void acquire(ZI_Result r) {
    r.r1 =
        Wait.uninterrupted(
            () -> {
              try {
                Locks.acquire(source.token(), semaphore, 1);
                return true;
              } catch (CancelledException e) {
                return false;
              }
            });
  }

  @Arbiter
  public void judge(ZI_Result r) {
    r.r2 = semaphore.availablePermits();
  }
}
