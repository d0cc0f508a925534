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
import java.util.concurrent.ThreadFactory;

/**
 * From the moment before a call that blocks is told to end to the moment when its thread has the
 * exception: the median, and what 99 of 100 do not exceed. One call at a time, on a thread that has
 * come to rest.
 *
 * <p>The peers of a read, a plain one that is interrupted, closed or shut, end with their
 * connection, or its input.
 */
public final class CancelOne implements Experiment {
  private static final List<String> JVM = List.of("-Xms1g", "-Xmx1g", "-XX:+UseParallelGC");

  /** From the start of a call until it is ended: long enough to come to rest. */
  private static final long REST = 200_000;

  private static final List<String> CALLS =
      List.of("read", "write", "accept", "take", "sleep", "pumped", "copy", "exchange", "process");

  @Override
  public String name() {
    return "io.CancelOne";
  }

  @Override
  public List<Score> run(boolean quick) throws IOException, InterruptedException {
    var scores = new ArrayList<Score>();
    for (String call : quick ? List.of("read") : CALLS) {
      for (boolean virtual : quick ? List.of(true) : List.of(true, false)) {
        String benchmark = name() + ' ' + call + (virtual ? " virtual" : " platform");
        int rounds = call.equals("process") || call.equals("exchange") ? 500 : 10_000;
        for (String line :
            Experiment.inFreshJvm(JVM, CancelOne.class, call, virtual, quick ? 10 : rounds)) {
          String[] found = line.split(" ");
          scores.add(Score.of(benchmark, found[0], "us, median", Double.parseDouble(found[1])));
          scores.add(
              Score.of(benchmark + ", 99 %", found[0], "us, 99 %", Double.parseDouble(found[2])));
        }
      }
    }
    return scores;
  }

  // ---- in a process of its own ----

  /**
   * Measures the contestants of one call.
   *
   * @param args the call, whether on virtual threads, how many rounds
   */
  public static void main(String[] args) throws Exception {
    boolean virtual = Boolean.parseBoolean(args[1]);
    int rounds = Integer.parseInt(args[2]);
    ThreadFactory threads = virtual ? Thread.ofVirtual().factory() : Thread.ofPlatform().factory();
    try (Server server = Server.start()) {
      Map<String, Call> calls = contestants(args[0], virtual, server);
      var times = new LinkedHashMap<String, long[]>();
      calls.keySet().forEach(who -> times.put(who, new long[rounds]));
      int warmups = rounds / 2;
      for (int round = -warmups; round < rounds; round++) {
        for (Map.Entry<String, Call> each : calls.entrySet()) {
          long nanos = new Attempt(each.getValue()).run(threads);
          if (round >= 0) {
            times.get(each.getKey())[round] = nanos;
          }
        }
      }
      for (Call call : calls.values()) {
        call.close();
      }
      times.forEach(CancelOne::print);
    }
  }

  private static void print(String who, long[] nanos) {
    Arrays.sort(nanos);
    System.out.println(
        who + ' ' + nanos[nanos.length / 2] / 1e3 + ' ' + nanos[nanos.length * 99 / 100] / 1e3);
  }

  private static Map<String, Call> contestants(String call, boolean virtual, Server server)
      throws IOException {
    var calls = new LinkedHashMap<String, Call>();
    switch (call) {
      case "read" -> {
        calls.put("desist", Call.read(server));
        calls.put("socket", Call.socketRead(server));
        calls.put("close", Call.closedRead(server));
        calls.put("shut", Call.shutRead(server));
        if (virtual) { // a platform thread would not notice
          calls.put("interrupt", Call.interruptedRead(server));
        }
      }
      case "take" -> {
        calls.put("desist", Call.take());
        calls.put("interrupt", Call.interruptedTake());
      }
      case "write" -> calls.put("desist", Call.write(server));
      case "accept" -> calls.put("desist", Call.accept());
      case "sleep" -> calls.put("desist", Call.sleep());
      case "pumped" -> calls.put("desist", Call.pumped());
      case "copy" -> calls.put("desist", Call.copy());
      case "exchange" -> calls.put("desist", Call.exchange());
      case "process" -> calls.put("desist", Call.process());
      default -> throw new IllegalArgumentException("call must be known: " + call);
    }
    return calls;
  }

  /** A call that blocks, and is ended. */
  private static final class Attempt {
    private final Call call;
    private volatile boolean entered;
    private volatile long over;

    Attempt(Call call) {
      this.call = call;
    }

    /** Returns how long it took to end, in nanoseconds. */
    long run(ThreadFactory threads) throws Exception {
      call.prepare();
      CancellationSource source = CancellationSource.create();
      Thread caller = threads.newThread(() -> block(source));
      caller.start();
      while (!entered) {
        Thread.onSpinWait();
      }
      long rest = System.nanoTime() + REST;
      while (System.nanoTime() < rest) {
        Thread.onSpinWait();
      }
      long start = System.nanoTime();
      call.end(source, caller);
      caller.join();
      source.close();
      return over - start;
    }

    private void block(CancellationSource source) {
      entered = true;
      try {
        call.block(source.token());
      } catch (Exception e) {
        // as it should
      }
      over = System.nanoTime();
    }
  }
}
