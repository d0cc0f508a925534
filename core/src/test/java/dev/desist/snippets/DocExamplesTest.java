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

/** Every Java example of the README and the guide is compiled: it stands in a file of snippets. */
class DocExamplesTest {
  private static final Path ROOT =
      Path.of(System.getProperty("desist.root", "..")).toAbsolutePath();
  private static final Pattern EXAMPLE = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

  @TestFactory
  Stream<DynamicTest> every_example_of_guide_and_readme_is_compiled() throws IOException {
    String compiled = squeeze(sources());
    return Stream.concat(examples("README.md").stream(), examples("docs/guide.md").stream())
        .map(
            example ->
                DynamicTest.dynamicTest(
                    example.lines().findFirst().orElse(""),
                    () ->
                        assertTrue(
                            compiled.contains(squeeze(example)),
                            "not in any file of snippets:\n" + example)));
  }

  private static List<String> examples(String document) throws IOException {
    List<String> found =
        EXAMPLE
            .matcher(Files.readString(ROOT.resolve(document)))
            .results()
            .map((MatchResult match) -> match.group(1))
            .toList();
    assertTrue(!found.isEmpty(), "the examples of " + document + " were not found");
    return found;
  }

  private static String sources() throws IOException {
    var all = new ArrayList<String>();
    for (String folder :
        List.of(
            "core/src/test/java/dev/desist/snippets",
            "integrations/jdbc/src/test/java/dev/desist/jdbc/snippets",
            "verify/retries/src/test/java/dev/desist/retries")) {
      try (var files = Files.walk(ROOT.resolve(folder))) {
        for (Path file : files.filter(f -> f.toString().endsWith(".java")).sorted().toList()) {
          all.add(Files.readString(file));
        }
      }
    }
    return String.join("\n", all);
  }

  /** Layout does not count: the formatter's lines are shorter than the guide's. */
  private static String squeeze(String text) {
    return text.replaceAll("\\s+", "");
  }
}
