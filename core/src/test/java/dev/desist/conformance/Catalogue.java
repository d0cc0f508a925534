package dev.desist.conformance;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The rows of {@code rows.tsv}, and which tests show them. */
final class Catalogue {
  private static final List<Class<?>> TESTS =
      List.of(
          DotNetConformanceTest.class,
          DotNetLinkingConformanceTest.class,
          DotNetTimerConformanceTest.class,
          DotNetCallbackConformanceTest.class,
          DotNetRegistrationConformanceTest.class,
          LibcxxConformanceTest.class,
          LibcxxCallbackConformanceTest.class,
          TokioConformanceTest.class,
          TokioTreeConformanceTest.class,
          TokioTrackerConformanceTest.class,
          StopTokenConformanceTest.class,
          TrioConformanceTest.class,
          TrioDeadlineConformanceTest.class,
          TrioScopeConformanceTest.class,
          AnyioConformanceTest.class,
          AnyioTimeoutConformanceTest.class,
          AnyioScopeConformanceTest.class,
          AnyioFailureConformanceTest.class);

  /**
   * A row.
   *
   * @param kind Y if it maps to Java as it is, A if a choice of ours comes in between
   * @param reason why there is no test; empty if there is one
   */
  record Row(String id, String system, String kind, String behaviour, String reason) {}

  private final Map<String, Row> rows = new LinkedHashMap<>();

  /** By id, as class and method. */
  private final Map<String, List<String>> tests = new TreeMap<>();

  private Catalogue() {}

  static Catalogue read() throws IOException {
    var catalogue = new Catalogue();
    try (InputStream in =
        Objects.requireNonNull(Catalogue.class.getResourceAsStream("rows.tsv"), "rows.tsv")) {
      new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .skip(1)
          .forEach(catalogue::addRow);
    }
    TESTS.forEach(catalogue::addTests);
    return catalogue;
  }

  private void addRow(String line) {
    String[] cells = line.split("\t", -1);
    if (cells.length != 5 || !cells[2].matches("[AY]") || cells[3].isEmpty()) {
      throw new AssertionError("not a row: " + line);
    }
    if (rows.put(cells[0], new Row(cells[0], cells[1], cells[2], cells[3], cells[4])) != null) {
      throw new AssertionError("twice: " + cells[0]);
    }
  }

  private void addTests(Class<?> type) {
    for (var method : type.getDeclaredMethods()) {
      var conforms = method.getAnnotation(Conforms.class);
      if (conforms == null) {
        continue;
      }
      var name = type.getSimpleName() + '#' + method.getName();
      if (!method.isAnnotationPresent(Test.class)) {
        throw new AssertionError("not a test: " + name);
      }
      for (var id : conforms.value()) {
        tests.computeIfAbsent(id, key -> new ArrayList<>()).add(name);
      }
    }
    tests.values().forEach(names -> names.sort(null));
  }

  /** {@return what is wrong with the rows and the tests; empty if nothing is} */
  List<String> faults() {
    var faults = new ArrayList<String>();
    tests.forEach(
        (id, names) -> {
          if (!rows.containsKey(id)) {
            faults.add(id + " is no row, but " + names + " carries it");
          }
        });
    for (var row : rows.values()) {
      if (!isCovered(row) && row.reason.isEmpty()) {
        faults.add(row.id + " has neither a test nor a reason");
      }
      if (isCovered(row) && !row.reason.isEmpty()) {
        faults.add(row.id + " has both a test and a reason for none");
      }
    }
    return faults;
  }

  private boolean isCovered(Row row) {
    return tests.containsKey(row.id);
  }

  /** {@return the page for people} */
  String page(String command) {
    var page = new StringBuilder();
    page.append(
        """
        # Conformance

        What the public test suites of six other cancellation systems assert, and which of our tests show it. A row is one
        behaviour, in our words. Kind Y maps to Java as it is; kind A only after a choice, and the row says what ours is.

        The rows are in `core/src/test/resources/dev/desist/conformance/rows.tsv`, the tests in
        `core/src/test/java/dev/desist/conformance`, each with the ids of its rows in `@Conforms`. This page is written from
        both by

        ```
        %s
        ```

        and the build fails when it differs from them.

        ## Counts

        | system | rows | covered | not covered | rows Y | covered Y | rows A | covered A |
        |---|--:|--:|--:|--:|--:|--:|--:|
        """
            .formatted(command));
    var systems = new LinkedHashMap<String, List<Row>>();
    for (var row : rows.values()) {
      systems.computeIfAbsent(row.system, key -> new ArrayList<>()).add(row);
    }
    systems.forEach((system, all) -> count(page, system, all));
    count(page, "all", List.copyOf(rows.values()));
    systems.forEach((system, all) -> describe(page, system, all));
    return page.toString();
  }

  private void count(StringBuilder page, String system, List<Row> all) {
    var covered = all.stream().filter(this::isCovered).toList();
    page.append(
        "| %s | %d | %d | %d | %d | %d | %d | %d |\n"
            .formatted(
                system,
                all.size(),
                covered.size(),
                all.size() - covered.size(),
                ofKind(all, "Y"),
                ofKind(covered, "Y"),
                ofKind(all, "A"),
                ofKind(covered, "A")));
  }

  private static long ofKind(List<Row> rows, String kind) {
    return rows.stream().filter(row -> row.kind.equals(kind)).count();
  }

  private void describe(StringBuilder page, String system, List<Row> all) {
    page.append("\n## ").append(system).append("\n\n");
    page.append("| id | kind | behaviour | test |\n|---|---|---|---|\n");
    for (var row : all) {
      var names = tests.get(row.id);
      if (names != null) {
        page.append(
            "| %s | %s | %s | `%s` |\n"
                .formatted(row.id, row.kind, row.behaviour, String.join("`, `", names)));
      }
    }
    var open = all.stream().filter(row -> !isCovered(row)).toList();
    if (!open.isEmpty()) {
      page.append("\nNot covered:\n\n");
      page.append("| id | kind | behaviour | why not |\n|---|---|---|---|\n");
      for (var row : open) {
        page.append(
            "| %s | %s | %s | %s |\n".formatted(row.id, row.kind, row.behaviour, row.reason));
      }
    }
  }
}
