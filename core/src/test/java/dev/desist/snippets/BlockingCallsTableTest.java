package dev.desist.snippets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every claim of the guide's table of blocking calls names the tests that show it. */
class BlockingCallsTableTest {
  private static final Path ROOT =
      Path.of(System.getProperty("desist.root", "..")).toAbsolutePath();
  private static final Path TESTS =
      ROOT.resolve("core/src/test/resources/dev/desist/snippets/blocking-calls.txt");

  /** The column of the times. */
  private static final int HOW_SOON = 3;

  /** A claim that is changed, added or dropped is one whose tests have to be looked at again. */
  @Test
  void the_claims_of_the_table_and_those_with_tests_are_the_same() throws IOException {
    List<String> claims = claims();
    assertTrue(claims.size() > 40, "the table was not found");
    assertEquals(String.join("\n", claims), String.join("\n", tests().keySet()));
  }

  @Test
  void each_claim_has_tests_and_they_exist() throws IOException {
    Map<String, String> sources = sources();
    var missing = new ArrayList<String>();
    tests()
        .forEach(
            (claim, names) -> {
              if (names.isEmpty()) {
                missing.add(claim + " has no test");
              }
              for (String name : names) {
                String[] parts = name.split("#", -1);
                if (!isTest(sources.getOrDefault(parts[0], ""), parts[1])) {
                  missing.add(name);
                }
              }
            });
    assertEquals(List.of(), missing);
  }

  private static boolean isTest(String source, String method) {
    return Pattern.compile(
            "@(Parameterized)?Test\\n(\\s+@(?!Disabled).*\\n)*\\s+void " + method + "\\(")
        .matcher(source)
        .find();
  }

  /**
   * Each as its row and what it says, in the order of the table; but for how soon a call ends,
   * which is measured and not tested.
   */
  private static List<String> claims() throws IOException {
    List<String> lines = Files.readAllLines(ROOT.resolve("docs/guide.md"));
    var claims = new ArrayList<String>();
    for (String line :
        lines.subList(
            lines.indexOf("## Blocking calls"), lines.indexOf("### Retries, circuit breakers"))) {
      if (line.startsWith("| ") && !line.startsWith("| the call |")) {
        String[] cells = line.substring(2).split("\\s*\\|\\s*", -1);
        for (int i = 1; i < cells.length; i++) {
          if (i == HOW_SOON) {
            continue;
          }
          for (String claim : cells[i].split(";\\s*", -1)) {
            if (!claim.isEmpty()) {
              claims.add(cells[0] + ": " + claim);
            }
          }
        }
      }
    }
    return claims;
  }

  private static Map<String, List<String>> tests() throws IOException {
    var tests = new LinkedHashMap<String, List<String>>();
    String row = "";
    List<String> names = new ArrayList<>();
    for (String line : Files.readAllLines(TESTS)) {
      if (line.startsWith("# ")) {
        row = line.substring(2);
      } else if (line.startsWith("- ")) {
        names = new ArrayList<>();
        tests.put(row + ": " + line.substring(2), names);
      } else if (line.startsWith("  ")) {
        names.add(line.strip());
      }
    }
    return tests;
  }

  /** The test classes, by their simple names. */
  private static Map<String, String> sources() throws IOException {
    var sources = new LinkedHashMap<String, String>();
    for (String folder : List.of("core/src/test/java", "integrations/jdbc/src/test/java")) {
      try (Stream<Path> files = Files.walk(ROOT.resolve(folder))) {
        for (Path file : files.filter(each -> each.toString().endsWith("Test.java")).toList()) {
          String name = file.getFileName().toString().replace(".java", "");
          assertEquals(null, sources.put(name, Files.readString(file)), "two are named " + name);
        }
      }
    }
    return sources;
  }
}
