package dev.desist.examples.searchdesk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.desist.examples.searchdesk.Query.Range;
import dev.desist.examples.searchdesk.Query.RefusedException;
import java.util.List;
import org.junit.jupiter.api.Test;

class QueryTest {
  @Test
  void noCharacterIsAWildcard() throws RefusedException {
    assertEquals("%100\\%\\_a\\\\b%", Query.of("100%_a\\b").likePattern());
  }

  @Test
  void spacesAloneAreRefusedInWords() {
    assertRefused("spaces alone match every line", "");
    assertRefused("spaces alone match every line", "   ");
  }

  @Test
  void aLongQueryIsRefusedWithBothLengths() {
    assertRefused("at most 200 characters, this one has 1,234", "x".repeat(1234));
  }

  @Test
  void controlCharactersAreRefusedByName() {
    assertRefused("U+0000", "a\u0000b");
    assertRefused("U+000A", "a\nb");
  }

  @Test
  void aTabIsPartOfALine() throws RefusedException {
    assertEquals("%\t}%", Query.of("\t}").likePattern());
  }

  /** As {@code LIKE} does: ASCII letters in any case, all others exactly. */
  @Test
  void matchesFoldAsciiOnly() throws RefusedException {
    assertEquals(List.of(new Range(0, 2), new Range(3, 5)), Query.of("ab").matches("AB aB Ä ä"));
    assertEquals(List.of(new Range(8, 9)), Query.of("ä").matches("AB aB Ä ä"));
  }

  @Test
  void matchesAreLiteral() throws RefusedException {
    assertEquals(List.of(new Range(2, 4)), Query.of(".*").matches("a .*"));
  }

  private static void assertRefused(String expected, String text) {
    var refused = assertThrows(RefusedException.class, () -> Query.of(text));
    assertEquals(
        true, String.valueOf(refused.getMessage()).contains(expected), refused::getMessage);
  }
}
