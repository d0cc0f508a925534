package dev.desist.snippets;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Every Java example of the guide stands, token for token, in a file that is compiled with the
 * tests.
 */
class DocExamplesTest {
  private static final Path ROOT =
      Path.of(System.getProperty("desist.root", "..")).toAbsolutePath();
  private static final Pattern EXAMPLE = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

  @TestFactory
  Stream<DynamicTest> every_example_of_the_guide_is_compiled() throws IOException {
    String compiled = squeeze(sources());
    return examples("docs/guide.md").stream()
        .map(
            example ->
                DynamicTest.dynamicTest(
                    example.lines().findFirst().orElse(""),
                    () ->
                        assertTrue(
                            compiled.contains(squeeze(example)),
                            "not in any file under snippets:\n" + example)));
  }

  private static List<String> examples(String document) throws IOException {
    List<String> found =
        EXAMPLE
            .matcher(Files.readString(ROOT.resolve(document)))
            .results()
            .map((MatchResult match) -> match.group(1))
            .toList();
    assertTrue(found.size() > 3, "the examples of " + document + " were not found");
    return found;
  }

  private static String sources() throws IOException {
    var all = new ArrayList<String>();
    try (var files = Files.walk(ROOT.resolve("core/src/test/java/dev/desist/snippets"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".java")).sorted().toList()) {
        all.add(Files.readString(file));
      }
    }
    return String.join("\n", all);
  }

  /** Layout does not count: the formatter's lines are shorter than the guide's. */
  private static String squeeze(String text) {
    return text.replaceAll("\\s+", "");
  }
}
