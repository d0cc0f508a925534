package dev.desist.bench.io;

import dev.desist.CancellationSource;
import dev.desist.bench.Experiment;
import dev.desist.bench.Score;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * 1,000 virtual threads that read, each from its connection, all under one token: from the moment
 * before that is cancelled to the moment when the last has its exception. The peer interrupts one
 * after the other, which ends their connections.
 */
public final class CancelMany implements Experiment {
  private static final List<String> JVM = List.of("-Xms1g", "-Xmx1g", "-XX:+UseParallelGC");

  @Override
  public String name() {
    return "io.CancelMany";
  }

  @Override
  public List<Score> run(boolean quick) throws IOException, InterruptedException {
    var scores = new ArrayList<Score>();
    for (String who : List.of("desist", "interrupt")) {
      String[] found =
          Experiment.inFreshJvm(JVM, CancelMany.class, who, quick ? 10 : 1_000, quick ? 1 : 60)
              .getFirst()
              .split(" ", -1);
      scores.add(Score.of(name(), who, "ms till the last", Double.parseDouble(found[0])));
      scores.add(
          Score.of(name() + ", first time", who, "ms till the last", Double.parseDouble(found[1])));
    }
    return scores;
  }

  // ---- in a process of its own ----

  /**
   * Measures one contestant.
   *
   * @param args who, how many readers, how many rounds
   */
  public static void main(String[] args) throws Exception {
    boolean desist = args[0].equals("desist");
    int readers = Integer.parseInt(args[1]);
    var nanos = new long[Integer.parseInt(args[2])];
    try (Server server = Server.start()) {
      var calls = new ArrayList<Call>();
      for (int i = 0; i < readers; i++) {
        calls.add(desist ? Call.read(server) : Call.interruptedRead(server));
      }
      for (int round = 0; round < nanos.length; round++) {
        nanos[round] = cancelAll(calls);
      }
      for (Call call : calls) {
        call.close();
      }
    }
    long first = nanos[0];
    Arrays.sort(nanos);
    System.out.println(nanos[nanos.length / 2] / 1e6 + " " + first / 1e6);
  }

  private static long cancelAll(List<Call> calls) throws Exception {
    var source = CancellationSource.create();
    var entered = new CountDownLatch(calls.size());
    var last = new AtomicLong(Long.MIN_VALUE);
    var threads = new ArrayList<Thread>(calls.size());
    for (Call call : calls) {
      call.prepare();
      threads.add(
          Thread.startVirtualThread(
              () -> {
                entered.countDown();
                try {
                  call.block(source.token());
                } catch (Exception e) {
                  // as it should
                }
                last.accumulateAndGet(System.nanoTime(), Math::max);
              }));
    }
    entered.await();
    TimeUnit.MILLISECONDS.sleep(20); // until all have come to rest
    long start = System.nanoTime();
    for (int i = 0; i < calls.size(); i++) {
      calls.get(i).end(source, threads.get(i)); // the first of ours ends them all
    }
    for (Thread each : threads) {
      each.join();
    }
    source.close();
    return last.get() - start;
  }
}
