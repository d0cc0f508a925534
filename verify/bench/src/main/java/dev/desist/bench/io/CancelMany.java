package dev.desist.bench.io;

import dev.desist.CancellationSource;
import dev.desist.bench.Experiment;
import dev.desist.bench.Score;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
    for (String line :
        Experiment.inFreshJvm(JVM, CancelMany.class, quick ? 10 : 1_000, quick ? 1 : 30)) {
      String[] found = line.split(" ");
      scores.add(Score.of(name(), found[0], "ms till the last", Double.parseDouble(found[1])));
      scores.add(
          Score.of(
              name() + ", first time", found[0], "ms till the last", Double.parseDouble(found[2])));
    }
    return scores;
  }

  // ---- in a process of its own ----

  /**
   * Measures the contestants.
   *
   * @param args how many readers, how many rounds
   */
  public static void main(String[] args) throws Exception {
    int readers = Integer.parseInt(args[0]);
    int rounds = Integer.parseInt(args[1]);
    try (Server server = Server.start()) {
      var calls = new LinkedHashMap<String, List<Call>>();
      calls.put("desist", new ArrayList<>());
      calls.put("interrupt", new ArrayList<>());
      for (int i = 0; i < readers; i++) {
        calls.get("desist").add(Call.read(server));
        calls.get("interrupt").add(Call.interruptedRead(server));
      }
      var times = new LinkedHashMap<String, long[]>();
      calls.keySet().forEach(who -> times.put(who, new long[rounds]));
      for (int round = 0; round < rounds; round++) {
        for (Map.Entry<String, List<Call>> each : calls.entrySet()) {
          times.get(each.getKey())[round] = cancelAll(each.getValue());
        }
      }
      for (List<Call> each : calls.values()) {
        for (Call call : each) {
          call.close();
        }
      }
      times.forEach(CancelMany::print);
    }
  }

  private static void print(String who, long[] nanos) {
    long first = nanos[0];
    Arrays.sort(nanos);
    System.out.println(who + ' ' + nanos[nanos.length / 2] / 1e6 + ' ' + first / 1e6);
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
