package dev.desist.examples.searchdesk;

import static dev.desist.examples.searchdesk.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ZipJobTest {
  private final List<DownloadProgress> progress = new ArrayList<>();

  /** Files in memory, by their paths. */
  private static class Texts implements ShownFiles {
    final AtomicInteger begun = new AtomicInteger();
    final AtomicInteger running = new AtomicInteger();
    final Map<String, List<String>> files = new LinkedHashMap<>();

    @Override
    public List<ShownFile> find(CancellationToken token, Query query) {
      var found = new ArrayList<ShownFile>();
      files.forEach((path, lines) -> found.add(new ShownFile(path, 1, lines.size())));
      return found;
    }

    @Override
    public void read(CancellationToken token, ShownFile file, Consumer<String> lines)
        throws SQLException {
      begun.incrementAndGet();
      running.incrementAndGet();
      try {
        files.getOrDefault(file.path(), List.of()).forEach(lines);
      } finally {
        running.decrementAndGet();
      }
    }

    String text(String path) {
      return String.join("\n", files.getOrDefault(path, List.of())) + "\n";
    }
  }

  /** Lines that hardly compress. */
  private static List<String> noise(int seed, int lines) {
    var random = new Random(seed);
    return Collections.nCopies(lines, "").stream()
        .map(_ -> Long.toString(random.nextLong(), 36) + Long.toString(random.nextLong(), 36))
        .toList();
  }

  private static Texts noisyTexts(int files, int lines) {
    var texts = new Texts();
    for (int i = 0; i < files; i++) {
      texts.files.put("folder/file " + i, noise(i, lines));
    }
    return texts;
  }

  private DownloadProgress run(ShownFiles files, OutputStream out) throws Exception {
    return new ZipJob("test", files, progress::add).run(out, Query.of("x"));
  }

  @Test
  void everyFileIsThereInOrderAndWhole(@TempDir Path folder) throws Exception {
    Texts texts = noisyTexts(40, 2_000);
    texts.files.put("Grüße/你好.txt", List.of("", "ä", "🙂", ""));
    var out = new ByteArrayOutputStream();
    DownloadProgress packed = run(texts, out);
    assertEquals(41, packed.files());
    assertEquals(out.size(), packed.bytes());
    assertEquals(1.0, packed.fraction());
    var names = new ArrayList<String>();
    try (var zip = new ZipInputStream(new ByteArrayInputStream(out.toByteArray()))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        names.add(entry.getName());
        assertEquals(
            texts.text(entry.getName()),
            new String(zip.readAllBytes(), StandardCharsets.UTF_8),
            entry.getName());
      }
    }
    assertEquals(List.copyOf(texts.files.keySet()), names);
    // The directory at the end says the same.
    Path file = Files.write(folder.resolve("a.zip"), out.toByteArray());
    try (var zip = new ZipFile(file.toFile())) {
      assertEquals(names, zip.stream().map(ZipEntry::getName).toList());
      for (ZipEntry entry : Collections.list(zip.entries())) {
        byte[] content = zip.getInputStream(entry).readAllBytes();
        assertEquals(entry.getSize(), content.length);
        assertEquals(texts.text(entry.getName()), new String(content, StandardCharsets.UTF_8));
      }
    }
  }

  @Test
  void theFirstReportComesBeforeTheFirstFile() throws Exception {
    run(noisyTexts(3, 10), new ByteArrayOutputStream());
    DownloadProgress first = progress.getFirst();
    assertEquals(0, first.files());
    assertEquals(3, first.totalFiles());
  }

  @Test
  void whatFailsInASubtaskIsTheCause() {
    var failure = new SQLException("unreadable");
    var texts =
        new Texts() {
          @Override
          public void read(CancellationToken token, ShownFile file, Consumer<String> lines)
              throws SQLException {
            if (file.path().endsWith("7")) {
              throw failure;
            }
            super.read(token, file, lines);
          }
        };
    texts.files.putAll(noisyTexts(40, 100).files);
    var thrown =
        assertThrows(ExecutionException.class, () -> run(texts, new ByteArrayOutputStream()));
    assertEquals(failure, thrown.getCause());
  }

  @Test
  void aFailureToWriteStopsEverything() {
    Texts texts = noisyTexts(40, 10_000);
    var out =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("no space left");
          }
        };
    var thrown = assertThrows(IOException.class, () -> run(texts, out));
    assertEquals("no space left", thrown.getMessage());
    assertEquals(0, texts.running.get());
    assertTrue(texts.begun.get() < 40, "not all were begun");
  }

  /** Cancelled when every file has been read, and not every file been written. */
  @Test
  void aCancellationAfterTheLastSubtaskIsNotTakenForSuccess() throws Exception {
    try (var source = CancellationSource.create("test")) {
      var out =
          new ByteArrayOutputStream() {
            @Override
            public synchronized void write(byte[] bytes, int from, int length) {
              if (!source.token().isCancelled()) {
                eventually("all files are packed", () -> !packersRun());
                source.cancel("in the last moment");
              }
              super.write(bytes, from, length);
            }
          };
      var thrown =
          assertThrows(
              CancelledException.class,
              () -> Cancellation.call(source.token(), () -> run(noisyTexts(3, 10_000), out)));
      assertEquals("in the last moment", thrown.reason().message());
    }
  }

  @Test
  void aQueryWithoutHitsHasNoZip() {
    var thrown =
        assertThrows(IOException.class, () -> run(new Texts(), new ByteArrayOutputStream()));
    assertTrue(String.valueOf(thrown.getMessage()).contains("no line contains"));
  }

  private static boolean packersRun() {
    return Thread.getAllStackTraces().keySet().stream()
        .anyMatch(thread -> thread.getName().startsWith("packer-"));
  }
}
