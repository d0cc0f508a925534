package dev.desist.bench.token;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.bench.Contest;
import dev.desist.bench.Less;
import dev.desist.concurrent.Blocking;
import java.util.concurrent.FutureTask;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;

/** As {@link Interruptibly}, by two threads at a time under one token. */
@Threads(2)
@State(Scope.Benchmark)
public class InterruptiblyShared extends Contest {
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
