package dev.desist.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Keeps {@code rows.tsv}, the tests and {@code docs/conformance.md} in agreement. */
class ConformanceTableTest {
  private static final String COMMAND =
      "./mvnw -pl core test -Dtest=ConformanceTableTest -Dconformance.write=true";

  @Test
  void every_row_has_a_test_or_a_reason() throws IOException {
    assertEquals(List.of(), Catalogue.read().faults());
  }

  @Test
  void the_page_is_up_to_date() throws IOException {
    var root = Objects.requireNonNull(System.getProperty("desist.root"), "desist.root");
    var file = Path.of(root, "docs", "conformance.md");
    var page = Catalogue.read().page(COMMAND);
    if (Boolean.getBoolean("conformance.write")) {
      Files.createDirectories(file.getParent());
      Files.writeString(file, page);
    }
    var found = Files.exists(file) ? Files.readString(file) : "";
    assertEquals(
        "",
        firstDifference(page, found),
        () -> file + " is out of date; rewrite it with " + COMMAND);
  }

  /** The first line of {@code expected} that is not there; empty if the texts are the same. */
  private static String firstDifference(String expected, String found) {
    if (expected.equals(found)) {
      return "";
    }
    var left = expected.split("\n", -1);
    var right = found.split("\n", -1);
    int at = Math.max(0, Arrays.mismatch(left, right));
    return "line " + (at + 1) + ": " + (at < left.length ? left[at] : "one too many");
  }
}
