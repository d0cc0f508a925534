package dev.desist.bench.token;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.bench.Contest;
import dev.desist.bench.Less;
import dev.desist.concurrent.Blocking;
import java.util.concurrent.FutureTask;
import org.openjdk.jmh.annotations.Benchmark;

/**
 * Calls a body that returns at once on the calling thread, so that somebody else could interrupt
 * it. A {@code FutureTask} hears of no token, and its interrupt may hit what comes after the body.
 */
public class Interruptibly extends Contest {
  private final CancellationToken desist = CancellationSource.create().token();

  @Benchmark
  public Integer desist() throws Exception {
    return Blocking.interruptibly(desist, Contest::trivial);
  }

  @Benchmark
  @Less("follows no token, and may leave an interrupt behind")
  public Integer futureTask() {
    var task = new FutureTask<>(Contest::trivial);
    task.run();
    return task.resultNow();
  }
}
