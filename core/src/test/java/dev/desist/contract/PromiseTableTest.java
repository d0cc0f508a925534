package dev.desist.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Keeps the table of promises in {@code docs/design.md}, the main code that cites them and their
 * tests in agreement.
 */
class PromiseTableTest {
  private static final String BEGIN = "<!-- promises: written by ";
  private static final String COMMAND =
      "./mvnw -pl core test -Dtest=PromiseTableTest -Dpromises.write=true";
  private static final String END = "<!-- end of the promises -->";

  private static final Path ROOT = Path.of(System.getProperty("desist.root"));
  private static final Path PAGE = ROOT.resolve("docs/design.md");

  @Test
  void every_promise_has_a_keeper() throws IOException {
    assertEquals(List.of(), without(Promises.read(ROOT).keepers()));
  }

  @Test
  void every_promise_has_a_test() throws IOException {
    assertEquals(List.of(), without(Promises.read(ROOT).tests()));
  }

  /** A number that the page does not have is a slip of somebody's. */
  @Test
  void nothing_cites_a_promise_that_was_not_made() throws IOException {
    Promises promises = Promises.read(ROOT);
    var unknown = new ArrayList<String>();
    for (var places : List.of(promises.keepers(), promises.tests(), promises.races())) {
      places.forEach(
          (number, where) -> {
            if (!promises.texts().containsKey(number)) {
              unknown.add(number + ": " + where);
            }
          });
    }
    assertEquals(List.of(), unknown);
  }

  @Test
  void the_table_is_up_to_date() throws IOException {
    String page = Files.readString(PAGE);
    int begin = page.indexOf('\n', page.indexOf(BEGIN)) + 1;
    int end = page.indexOf(END, begin);
    String table = Promises.read(ROOT).table();
    if (Boolean.getBoolean("promises.write")) {
      page = page.substring(0, begin) + table + page.substring(end);
      Files.writeString(PAGE, page);
      end = page.indexOf(END, begin);
    }
    assertEquals(
        table,
        page.substring(begin, end),
        () -> PAGE + " is out of date; rewrite it with " + COMMAND + ", or paste:\n" + table);
  }

  private static List<Integer> without(java.util.Map<Integer, ?> places) throws IOException {
    return Promises.read(ROOT).texts().keySet().stream()
        .filter(number -> !places.containsKey(number))
        .toList();
  }
}
