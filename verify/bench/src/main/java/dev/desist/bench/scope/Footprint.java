package dev.desist.bench.scope;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The bytes that a subtask keeps on the heap while it is parked: used heap after a collection with
 * 100,000 of them, minus that before, divided by their number. A virtual thread's stack lies on the
 * heap, so it is included; what a bare thread needs is the floor.
 *
 * <p>Each contestant has a fresh JVM, warms up there, since a compiled frame is smaller than an
 * interpreted one, and gives the mean of several measurements. This is no benchmark of JMH.
 */
public final class Footprint {
  /** What to call it. */
  public static final String NAME = "scope.Footprint";

  private Footprint() {}

  /**
   * {@return the bytes per subtask, by contestant}
   *
   * @param quick whether to use fewer subtasks, once
   */
  public static Map<String, Double> run(boolean quick) throws IOException, InterruptedException {
    var bytes = new LinkedHashMap<String, Double>();
    for (Fleet fleet : Fleet.values()) {
      String name = fleet.name().toLowerCase(Locale.ROOT);
      bytes.put(name, quick ? inFreshJvm(fleet, 1_000, 0, 1) : inFreshJvm(fleet, 100_000, 8, 3));
    }
    return bytes;
  }

  private static double inFreshJvm(Fleet fleet, int n, int warmups, int rounds)
      throws IOException, InterruptedException {
    List<String> command =
        List.of(
            ProcessHandle.current().info().command().orElse("java"),
            "--enable-preview",
            "-XX:+UseSerialGC",
            "-Xms1g",
            "-Xmx1g",
            "-classpath",
            System.getProperty("java.class.path", ""),
            Footprint.class.getName(),
            fleet.name(),
            Integer.toString(n),
            Integer.toString(warmups),
            Integer.toString(rounds));
    Process jvm =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String out = new String(jvm.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (jvm.waitFor() != 0) {
      throw new IllegalStateException("the JVM of " + fleet + " must end with 0: " + out);
    }
    return Double.parseDouble(out.strip());
  }

  /**
   * Measures one contestant.
   *
   * @param args the contestant, how many subtasks, how many rounds to warm up and to measure
   */
  public static void main(String[] args) throws Exception {
    var fleet = Fleet.valueOf(args[0]);
    int n = Integer.parseInt(args[1]);
    int warmups = Integer.parseInt(args[2]);
    var measured = new double[warmups + Integer.parseInt(args[3])];
    for (int round = 0; round < measured.length; round++) {
      long before = usedHeap();
      var during = new long[1];
      fleet.hold(n, () -> during[0] = usedHeap());
      measured[round] = (double) (during[0] - before) / n;
    }
    System.out.println(
        Arrays.stream(measured).skip(warmups).average().orElseThrow(IllegalStateException::new));
  }

  private static long usedHeap() {
    Runtime runtime = Runtime.getRuntime();
    for (int i = 0; i < 2; i++) {
      System.gc();
    }
    return runtime.totalMemory() - runtime.freeMemory();
  }
}
