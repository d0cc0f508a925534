package dev.desist.bench.scope;

import dev.desist.bench.Experiment;
import dev.desist.bench.Score;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The bytes that a subtask keeps on the heap while it is parked: used heap after a collection with
 * 100,000 of them, minus that before, divided by their number. A virtual thread's stack lies on the
 * heap, so it is included; what a bare thread needs is the floor.
 *
 * <p>Each contestant has a fresh JVM, warms up there, since a compiled frame is smaller than an
 * interpreted one, and gives the mean of several measurements.
 */
public final class Footprint implements Experiment {
  private static final List<String> JVM = List.of("-XX:+UseSerialGC", "-Xms1g", "-Xmx1g");

  @Override
  public String name() {
    return "scope.Footprint";
  }

  @Override
  public List<Score> run(boolean quick) throws IOException, InterruptedException {
    var scores = new ArrayList<Score>();
    for (Fleet fleet : Fleet.values()) {
      List<String> out =
          quick
              ? Experiment.inFreshJvm(JVM, Footprint.class, fleet, 1_000, 0, 1)
              : Experiment.inFreshJvm(JVM, Footprint.class, fleet, 100_000, 8, 3);
      String name = fleet.name().toLowerCase(Locale.ROOT);
      scores.add(Score.of(name(), name, "B/subtask", Double.parseDouble(out.getFirst())));
    }
    return scores;
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
      long before = Experiment.usedHeap();
      var during = new long[1];
      fleet.hold(n, () -> during[0] = Experiment.usedHeap());
      measured[round] = (double) (during[0] - before) / n;
    }
    System.out.println(
        Arrays.stream(measured).skip(warmups).average().orElseThrow(IllegalStateException::new));
  }
}
