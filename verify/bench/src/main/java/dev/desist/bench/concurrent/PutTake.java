package dev.desist.bench.concurrent;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.bench.Contest;
import dev.desist.concurrent.Queues;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Puts an element and takes it, with room and without waiting, under a token and bare. */
public class PutTake extends Contest {
  @Param({"array", "linked"})
  String queue = "";

  private final CancellationToken token = CancellationSource.create().token();
  private BlockingQueue<Integer> elements = new ArrayBlockingQueue<>(1);

  @Setup
  public void setUp() {
    elements = queue.equals("array") ? new ArrayBlockingQueue<>(16) : new LinkedBlockingQueue<>(16);
  }

  @Benchmark
  public Integer desist() throws InterruptedException {
    Queues.put(token, elements, 1);
    return Queues.take(token, elements);
  }

  @Benchmark
  public Integer bare() throws InterruptedException {
    elements.put(1);
    return elements.take();
  }
}
