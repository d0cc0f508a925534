package dev.desist.examples.searchdesk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.examples.searchdesk.Query.Range;
import java.util.List;
import org.junit.jupiter.api.Test;

class HitTest {
  @Test
  void indentationIsLeftOut() throws Exception {
    Hit hit = Hit.of("A.java", 3, "    return x;", Query.of("x"));
    assertEquals("return x;", hit.text());
    assertEquals(List.of(new Range(7, 8)), hit.matches());
    assertFalse(hit.cutBefore() || hit.cutAfter());
  }

  @Test
  void indentationThatMatchesStays() throws Exception {
    Hit hit = Hit.of("A.java", 3, "    return x;", Query.of("   return"));
    assertEquals("   return x;", hit.text());
    assertEquals(List.of(new Range(0, 9)), hit.matches());
  }

  @Test
  void aVeryLongLineIsCutAroundTheMatch() throws Exception {
    String line = "a".repeat(50_000) + "needle" + "b".repeat(50_000);
    Hit hit = Hit.of("A.java", 1, line, Query.of("NEEDLE"));
    assertTrue(hit.cutBefore() && hit.cutAfter());
    assertEquals(300, hit.text().length());
    Range range = hit.matches().getFirst();
    assertEquals("needle", hit.text().substring(range.start(), range.end()));
  }
}
