package dev.desist.bench.scope;

import dev.desist.bench.Contest;
import dev.desist.bench.Less;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;

/**
 * 100,000 subtasks that are alive at the same time: to fork them, let them meet at a latch, and
 * join them. The time and the bytes are those of one.
 */
@OperationsPerInvocation(AliveAtOnce.N)
public class AliveAtOnce extends Contest {
  static final int N = 100_000;

  @Benchmark
  public void desist() throws Exception {
    Fleet.DESIST.hold(N, () -> {});
  }

  @Benchmark
  public void jdk() throws Exception {
    Fleet.JDK.hold(N, () -> {});
  }

  @Benchmark
  public void executor() throws Exception {
    Fleet.EXECUTOR.hold(N, () -> {});
  }

  @Benchmark
  @Less("is no scope: nobody counts it, or could cancel it")
  public void thread() throws Exception {
    Fleet.THREAD.hold(N, () -> {});
  }
}
