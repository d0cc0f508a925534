package dev.desist.bench;

import static java.util.Comparator.comparingDouble;
import static java.util.stream.Collectors.groupingBy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * The scores as text: for each benchmark the ratio of Desist to the best peer, then the contestants
 * from the fastest to the slowest.
 *
 * <p>A ratio is taken within each round, and shown as the median of the rounds with the least and
 * the greatest; below 1, Desist is faster. A value is the median of the rounds, give or take half
 * the distance between the least and the greatest.
 */
final class Table {
  private static final String DESIST = "desist";

  private Table() {}

  static String of(List<Score> scores) {
    return scores.stream()
        .collect(groupingBy(Score::benchmark, LinkedHashMap::new, Collectors.toList()))
        .values()
        .stream()
        .map(Table::benchmark)
        .collect(Collectors.joining("\n"));
  }

  private static String benchmark(List<Score> scores) {
    List<Row> rows =
        scores.stream().collect(groupingBy(Score::contestant)).values().stream()
            .map(Row::of)
            .sorted(comparingDouble(Row::median))
            .toList();
    Optional<Row> desist = rows.stream().filter(row -> row.name.equals(DESIST)).findFirst();
    String headline =
        desist
            .flatMap(
                own ->
                    rows.stream()
                        .filter(row -> row != own && row.less.isEmpty())
                        .findFirst()
                        .map(best -> ": desist / " + best.name + " = " + own.over(best)))
            .orElse("");

    var lines = new ArrayList<String>();
    lines.add(scores.getFirst().benchmark() + headline);
    boolean bytes = rows.stream().noneMatch(row -> Double.isNaN(row.bytes));
    lines.add(line("", scores.getFirst().unit(), "", "desist / it", bytes ? "B/op" : ""));
    for (Row row : rows) {
      lines.add(
          line(
              row.name + (row.less.isPresent() ? " *" : ""),
              number(row.median()),
              row.values.size() == 1 ? "" : "± " + number(row.spread()),
              desist.filter(own -> own != row).map(own -> own.over(row)).orElse(""),
              bytes ? number(row.bytes) : ""));
    }
    for (Row row : rows) {
      row.less.ifPresent(what -> lines.add("  * " + row.name + ' ' + what));
    }
    return lines.stream().map(each -> each.stripTrailing() + '\n').collect(Collectors.joining());
  }

  private static String line(
      String name, String median, String spread, String ratio, String bytes) {
    return String.format("  %-20s %14s %-12s %-22s %12s", name, median, spread, ratio, bytes);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, value < 100 ? "%.2f" : "%,.0f", value);
  }

  private static double median(DoubleStream values) {
    double[] sorted = values.sorted().toArray();
    int half = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }

  /** One contestant in all rounds. */
  private record Row(String name, Optional<String> less, List<Double> values, double bytes) {
    static Row of(List<Score> rounds) {
      Score first = rounds.getFirst();
      return new Row(
          first.contestant(),
          first.less(),
          rounds.stream().map(Score::value).toList(),
          Table.median(rounds.stream().mapToDouble(Score::bytes)));
    }

    double median() {
      return Table.median(values.stream().mapToDouble(each -> each));
    }

    double spread() {
      var all = values.stream().mapToDouble(each -> each).summaryStatistics();
      return (all.getMax() - all.getMin()) / 2;
    }

    /** How many times as much this takes, round by round. */
    String over(Row other) {
      double[] ratios =
          IntStream.range(0, Math.min(values.size(), other.values.size()))
              .mapToDouble(round -> values.get(round) / other.values.get(round))
              .toArray();
      var all = DoubleStream.of(ratios).summaryStatistics();
      String median = number(Table.median(DoubleStream.of(ratios)));
      return ratios.length == 1
          ? median
          : median + " (" + number(all.getMin()) + " to " + number(all.getMax()) + ')';
    }
  }
}
