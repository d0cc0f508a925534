package dev.desist.examples.searchdesk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DownloadFolderTest {
  @TempDir Path cache;

  private List<String> found() throws IOException {
    Path all = cache.resolve("downloads");
    try (Stream<Path> files = Files.walk(all)) {
      return files
          .filter(file -> !file.equals(all))
          .map(all::relativize)
          .map(Path::toString)
          .toList();
    }
  }

  private static void write(DownloadFolder folder, Path file) throws IOException {
    try (var out = folder.write(file)) {
      out.write('x');
    }
  }

  @Test
  void aFileIsPartialUntilItIsComplete() throws Exception {
    try (var folder = DownloadFolder.open(cache)) {
      Path file = folder.file("a.zip");
      write(folder, file);
      assertTrue(found().stream().anyMatch(name -> name.endsWith("/a.zip.part")));
      folder.complete(file);
      assertTrue(found().stream().noneMatch(name -> name.endsWith(".part")));
      assertEquals("x", Files.readString(file));
      folder.discardPart(file);
      assertEquals("x", Files.readString(file));
    }
  }

  @Test
  void nothingIsLeftOnceItIsClosed() throws Exception {
    var folder = DownloadFolder.open(cache);
    write(folder, folder.file("a.zip"));
    Path complete = folder.file("b.zip");
    write(folder, complete);
    folder.complete(complete);
    folder.close();
    folder.close();
    assertEquals(List.of(), found());
    assertThrows(IOException.class, () -> write(folder, folder.file("c.zip")));
    assertThrows(IOException.class, () -> folder.complete(folder.file("a.zip")));
    assertEquals(List.of(), found());
  }

  @Test
  void twoDesksLeaveEachOthersFilesAlone() throws Exception {
    try (var one = DownloadFolder.open(cache)) {
      write(one, one.file("one.zip"));
      try (var two = DownloadFolder.open(cache)) {
        try (var three = DownloadFolder.open(cache)) {
          write(two, two.file("two.zip"));
          one.complete(one.file("one.zip"));
          write(three, three.file("three.zip"));
        }
        two.complete(two.file("two.zip"));
      }
      assertEquals("x", Files.readString(one.file("one.zip")));
    }
  }

  /** As a killed desk leaves it: its lock is nobody's any more. */
  @Test
  void whatAKilledDeskLeftIsRemovedAtTheNextStart() throws Exception {
    Path left = Files.createDirectories(cache.resolve("downloads/desk-1"));
    Files.writeString(left.resolve("session-1-download-1.zip.part"), "half");
    Files.writeString(left.resolve("session-1-download-2.zip"), "whole");
    Files.writeString(cache.resolve("downloads/desk-1.lock"), "");
    DownloadFolder.open(cache).close();
    assertEquals(List.of(), found());
  }
}
