package dev.desist.examples.searchdesk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationToken;
import dev.desist.io.CancellableFiles;
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

  private static void write(Path file) throws IOException {
    CancellableFiles.write(CancellationToken.none(), file, out -> out.write('x'));
  }

  @Test
  void aFileIsPartialUntilItIsComplete() throws Exception {
    try (var folder = DownloadFolder.open(cache)) {
      Path file = folder.file("a.zip");
      CancellableFiles.write(
          CancellationToken.none(),
          file,
          out -> {
            out.write('x');
            assertTrue(found().stream().anyMatch(name -> name.endsWith(".part")));
            assertTrue(found().stream().noneMatch(name -> name.endsWith("/a.zip")));
          });
      assertTrue(found().stream().noneMatch(name -> name.endsWith(".part")));
      assertEquals("x", Files.readString(file));
    }
  }

  @Test
  void nothingIsLeftOnceItIsClosed() throws Exception {
    var folder = DownloadFolder.open(cache);
    write(folder.file("b.zip"));
    assertThrows(
        IOException.class,
        () ->
            CancellableFiles.write(
                CancellationToken.none(),
                folder.file("a.zip"),
                out -> {
                  out.write('x');
                  folder.close();
                  folder.close();
                  assertEquals(List.of(), found());
                }));
    assertEquals(List.of(), found());
    assertThrows(IOException.class, () -> write(folder.file("c.zip")));
    assertEquals(List.of(), found());
  }

  @Test
  void twoDesksLeaveEachOthersFilesAlone() throws Exception {
    try (var one = DownloadFolder.open(cache)) {
      CancellableFiles.write(
          CancellationToken.none(),
          one.file("one.zip"),
          outOfOne -> {
            outOfOne.write('x');
            try (var two = DownloadFolder.open(cache)) {
              CancellableFiles.write(
                  CancellationToken.none(),
                  two.file("two.zip"),
                  outOfTwo -> {
                    outOfTwo.write('x');
                    try (var three = DownloadFolder.open(cache)) {
                      write(three.file("three.zip"));
                    }
                  });
              assertEquals("x", Files.readString(two.file("two.zip")));
            }
          });
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
