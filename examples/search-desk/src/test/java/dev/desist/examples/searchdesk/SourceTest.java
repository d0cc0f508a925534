package dev.desist.examples.searchdesk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class SourceTest {
  /** What is searched where a JDK came without sources. */
  @Test
  void theRunningJdkHasClassesWithMembers() throws Exception {
    try (Source source = Source.classesOfRunningJdk()) {
      List<Source.Entry> files = source.files();
      assertTrue(files.size() > 5_000, () -> files.size() + " classes");
      assertTrue(source.isClassesOnly());
      Source.Entry string =
          files.stream()
              .filter(file -> file.path().equals("java.base/java/lang/String.class"))
              .findFirst()
              .orElseThrow();
      List<String> lines = source.lines(string);
      assertEquals("public final class java.lang.String", lines.getFirst());
      assertTrue(lines.contains("  public int length();"));
      assertTrue(lines.contains("  public boolean startsWith(java.lang.String, int);"));
    }
  }

  @Test
  void theOrderOfFilesIsFixed() throws Exception {
    try (Source source = Source.of(Sources.big())) {
      assertEquals(source.files(), source.files());
      assertEquals(source.stamp(source.files()), source.stamp(source.files()));
    }
  }
}
