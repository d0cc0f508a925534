package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.concurrent.Blocking;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * Two wait for a signal, one of them is being cancelled when it comes: either that one returns
 * normally, and passes the signal on, or the other one gets it.
 */
@JCStressTest
@Outcome(id = "true, true", expect = ACCEPTABLE, desc = "Signalled, and passed on.")
@Outcome(id = "false, true", expect = ACCEPTABLE, desc = "Cancelled; the other one got it.")
@Outcome(expect = FORBIDDEN, desc = "The signal was lost.")
@State
public class CancelAndSignal {

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition condition = lock.newCondition();
  private final CancellationSource source = CancellationSource.create();

  @Actor
  public void cancelAndSignal(ZZ_Result r) {
    // Not an actor: there may be two processors.
    Thread other =
        Thread.startVirtualThread(
            () -> {
              try (var limit = CancellationToken.none().childWithTimeout(Duration.ofSeconds(5))) {
                r.r2 = await(limit.token());
              }
            });
    Wait.forOtherActor(() -> waiting() == 2);
    source.cancel();
    signal();
    Wait.uninterrupted(
        () -> {
          other.join();
          return true;
        });
  }

  @Actor
  public void cancelled(ZZ_Result r) {
    r.r1 = await(source.token());
    if (r.r1) {
      signal();
    }
  }

  private int waiting() {
    lock.lock();
    try {
      return lock.getWaitQueueLength(condition);
    } finally {
      lock.unlock();
    }
  }

  private void signal() {
    lock.lock();
    try {
      condition.signal();
    } finally {
      lock.unlock();
    }
  }

  @SuppressWarnings("WaitNotInLoop") // one signal, one wait
  private boolean await(CancellationToken token) {
    return Wait.uninterrupted(
        () -> {
          lock.lock();
          try {
            Blocking.interruptibly(token, () -> condition.await());
            return true;
          } catch (CancelledException e) {
            return false;
          } finally {
            lock.unlock();
          }
        });
  }
}
