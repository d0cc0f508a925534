package dev.desist.examples.searchdesk;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class EntryNamesTest {
  private final EntryNames names = new EntryNames();

  @Test
  void whatIsInOrderStaysAsItIs() {
    assertEquals("java.base/java/lang/Object.java", names.of("java.base/java/lang/Object.java"));
    assertEquals("Grüße/你好 🙂.txt", names.of("Grüße/你好 🙂.txt"));
    assertEquals(".config/a..b", names.of(".config/a..b"));
  }

  @Test
  void noNameLeadsOutOfTheFolderItIsUnpackedIn() {
    assertEquals("__/__/etc/passwd", names.of("../../etc/passwd"));
    assertEquals("etc/passwd", names.of("/etc/passwd"));
    assertEquals("C_/Windows/x", names.of("C:\\Windows\\.\\x"));
    assertEquals("a/__", names.of("a//./.."));
    assertEquals("server/share", names.of("\\\\server\\share"));
  }

  @Test
  void whatSomeFileSystemsRefuseIsReplaced() {
    assertEquals("a_b_c_", names.of("a\0b\nc?"));
    assertEquals("dots__/space_", names.of("dots../space "));
    assertEquals("_aux.java", names.of("aux.java"));
    assertEquals("a/_", names.of("a/"));
    assertEquals("_", names.of(""));
  }

  @Test
  void ofTwoThatDifferInCaseAloneTheSecondIsNumbered() {
    assertEquals("a/Read.me.txt", names.of("a/Read.me.txt"));
    assertEquals("a/README.txt", names.of("a/README.txt"));
    assertEquals("A/readme (2).TXT", names.of("A/readme.TXT"));
    assertEquals("a/Readme (3).txt", names.of("a\\Readme.txt"));
    assertEquals(".x", names.of(".x"));
    assertEquals(".X (2)", names.of(".X"));
  }

  @Test
  void aFileAndAFolderOfOneNameAreToldApart() {
    assertEquals("a", names.of("a"));
    assertEquals("a_/b", names.of("A/b").toLowerCase(java.util.Locale.ROOT));
    assertEquals("c/d", names.of("c/d"));
    assertEquals("C (2)", names.of("C"));
  }
}
