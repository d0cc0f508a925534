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

  /** A call and its contestants, of which each has a JVM of its own. */
  private static final Map<String, List<String>> CALLS = new LinkedHashMap<>();

  static {
    CALLS.put("read", List.of("desist", "socket", "interrupt", "close", "shut"));
    CALLS.put("take", List.of("desist", "interrupt"));
    for (String call :
        List.of("write", "accept", "sleep", "pumped", "copy", "exchange", "process")) {
      CALLS.put(call, List.of("desist"));
    }
  }

  @Override
  public String name() {
    return "io.CancelOne";
  }

  @Override
  public List<Score> run(boolean quick) throws IOException, InterruptedException {
    var scores = new ArrayList<Score>();
    for (String call : quick ? List.of("read") : CALLS.keySet()) {
      for (boolean virtual : quick ? List.of(true) : List.of(true, false)) {
        String benchmark = name() + ' ' + call + (virtual ? " virtual" : " platform");
        int rounds = call.equals("process") || call.equals("exchange") ? 500 : 5_000;
        for (String who : CALLS.getOrDefault(call, List.of())) {
          if (!virtual && call.equals("read") && who.equals("interrupt")) {
            continue; // a plain read on a platform thread would not notice
          }
          String[] found =
              Experiment.inFreshJvm(JVM, CancelOne.class, call, who, virtual, quick ? 10 : rounds)
                  .getFirst()
                  .split(" ", -1);
          scores.add(Score.of(benchmark, who, "us, median", Double.parseDouble(found[0])));
          scores.add(Score.of(benchmark + ", 99 %", who, "us, 99 %", Double.parseDouble(found[1])));
        }
      }
    }
    return scores;
  }

  // ---- in a process of its own ----

  /**
   * Measures one contestant.
   *
   * @param args the call, who, whether on virtual threads, how many rounds
   */
  public static void main(String[] args) throws Exception {
    boolean virtual = Boolean.parseBoolean(args[2]);
    int rounds = Integer.parseInt(args[3]);
    ThreadFactory threads = virtual ? Thread.ofVirtual().factory() : Thread.ofPlatform().factory();
    var nanos = new long[rounds];
    try (Server server = Server.start();
        Call call = call(args[0], args[1], server)) {
      for (int round = -rounds / 2; round < rounds; round++) {
        nanos[Math.max(round, 0)] = new Attempt(call).run(threads);
      }
    }
    Arrays.sort(nanos);
    System.out.println(nanos[rounds / 2] / 1e3 + " " + nanos[rounds * 99 / 100] / 1e3);
  }

  private static Call call(String call, String who, Server server) throws IOException {
    return switch (call + ' ' + who) {
      case "read desist" -> Call.read(server);
      case "read socket" -> Call.socketRead(server);
      case "read interrupt" -> Call.interruptedRead(server);
      case "read close" -> Call.closedRead(server);
      case "read shut" -> Call.shutRead(server);
      case "take desist" -> Call.take();
      case "take interrupt" -> Call.interruptedTake();
      case "write desist" -> Call.write(server);
      case "accept desist" -> Call.accept();
      case "sleep desist" -> Call.sleep();
      case "pumped desist" -> Call.pumped();
      case "copy desist" -> Call.copy();
      case "exchange desist" -> Call.exchange();
      case "process desist" -> Call.process();
      default -> throw new IllegalArgumentException("call must be known: " + call + ' ' + who);
    };
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
