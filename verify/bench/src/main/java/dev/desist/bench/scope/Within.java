package dev.desist.bench.scope;

import dev.desist.bench.Contest;
import dev.desist.bench.Less;
import dev.desist.scope.Tasks;
import dev.failsafe.Failsafe;
import dev.failsafe.FailsafeExecutor;
import dev.failsafe.Timeout;
import java.time.Duration;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import kotlinx.coroutines.TimeoutKt;
import org.openjdk.jmh.annotations.Benchmark;

/**
 * A task on the calling thread with a timeout that does not fire, being of 10 seconds.
 *
 * <p>Failsafe and the timer would interrupt the thread. The timer stands for what is written by
 * hand: it may interrupt what comes after the task. A coroutine would be cancelled; it is started
 * and waited for on the calling thread.
 */
public class Within extends Contest {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final FailsafeExecutor<Integer> FAILSAFE =
      Failsafe.with(Timeout.<Integer>builder(TIMEOUT).withInterrupt().build());
  private static final ScheduledThreadPoolExecutor TIMER = daemon();

  private static ScheduledThreadPoolExecutor daemon() {
    var timer = new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().daemon().factory());
    timer.setRemoveOnCancelPolicy(true);
    return timer;
  }

  @Benchmark
  public Integer desist() throws Exception {
    return Tasks.within(TIMEOUT, Contest::trivial);
  }

  @Benchmark
  public Integer failsafe() {
    return FAILSAFE.get(Contest::trivial);
  }

  @Benchmark
  @Less("may interrupt what comes after the task")
  public Integer timer() {
    Thread caller = Thread.currentThread();
    var interrupt = TIMER.schedule(caller::interrupt, TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    try {
      return Contest.trivial();
    } finally {
      interrupt.cancel(false);
    }
  }

  @Benchmark
  public Integer coroutines() throws InterruptedException {
    return Coroutines.blocking(
        (_, end) ->
            TimeoutKt.<Integer>withTimeout(TIMEOUT.toMillis(), (_, _) -> Contest.trivial(), end));
  }
}
