package dev.desist.examples.searchdesk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.CancelledIOException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IndexerTest {
  private static final int FILES = 120;
  private static final int LINES = 1_000;

  @TempDir Path folder;
  private Path zip = Path.of("");
  private Path cache = Path.of("");
  private final List<String> notes = new ArrayList<>();
  private final List<IndexProgress> progress = new ArrayList<>();

  @BeforeEach
  void generate() throws IOException {
    zip = folder.resolve("some.zip");
    cache = folder.resolve("cache");
    Sources.generate(zip, FILES, LINES);
  }

  private Database run(CancellationToken token) throws Exception {
    try (Source source = Source.of(zip)) {
      List<Source.Entry> files = source.files();
      var database = new Database(cache, zip, source.stamp(files));
      new Indexer(source, files, database).run(token, notes::add, progress::add);
      return database;
    }
  }

  /** Stops reading after the first batch. */
  private void runOneBatch() {
    try (var source = CancellationSource.create("reading")) {
      assertThrows(
          CancelledException.class,
          () -> {
            try (Source zipSource = Source.of(zip)) {
              List<Source.Entry> files = zipSource.files();
              new Indexer(zipSource, files, new Database(cache, zip, zipSource.stamp(files)))
                  .run(source.token(), notes::add, _ -> source.cancel("enough"));
            }
          });
    }
  }

  private static void assertWhole(Database database) throws Exception {
    assertEquals(Database.State.COMPLETE, database.inspect());
    try (var index = new Index(database)) {
      assertEquals(FILES, index.files());
      assertEquals((long) FILES * LINES, index.lines());
      // Every line is there once, with its number.
      assertEquals(
          FILES, index.search(CancellationToken.none(), Query.of("line 999 "), (_, _, _) -> {}));
    }
  }

  @Test
  void readsEverythingAndTellsHowFarItIs() throws Exception {
    assertWhole(run(CancellationToken.none()));
    assertEquals(List.of(), notes);
    IndexProgress last = progress.getLast();
    assertEquals(FILES, last.files());
    assertEquals(1.0, last.fraction());
    assertTrue(progress.size() > 1, "several batches");
  }

  @Test
  void whatWasCancelledGoesOnAtTheNextStart() throws Exception {
    runOneBatch();
    assertWhole(run(CancellationToken.none()));
    assertEquals(List.of("An earlier start was stopped half-way; going on from there."), notes);
    assertTrue(progress.getFirst().files() > 20, "the first batch is not read again");
    assertTrue(progress.size() < 6, "only what was missing is read");
  }

  @Test
  void aCompleteDatabaseIsTakenAsItIs() throws Exception {
    run(CancellationToken.none());
    progress.clear();
    assertWhole(run(CancellationToken.none()));
    assertEquals(List.of(), progress);
  }

  /** Before the first line is read, which may take a while where there is much to look at. */
  @Test
  void lookingAroundListensToTheCurrentTokenToo() throws Exception {
    Database database = run(CancellationToken.none());
    try (Source source = Source.of(zip)) {
      CancellationToken cancelled =
          CancellationToken.cancelled(CancellationReason.requested("enough"));
      assertThrows(
          CancelledIOException.class, () -> Cancellation.call(cancelled, database::inspect));
      assertThrows(CancelledIOException.class, () -> Cancellation.call(cancelled, source::files));
    }
    assertWhole(database);
  }

  /** One flipped byte in the text of some line, which SQLite itself would not notice. */
  @Test
  void aDamagedDatabaseIsReadAnew() throws Exception {
    run(CancellationToken.none());
    try (var file = new RandomAccessFile(databaseFile().toFile(), "rw")) {
      file.seek(file.length() / 2);
      int before = file.read();
      file.seek(file.length() / 2);
      file.write(before ^ 1);
    }
    assertWhole(run(CancellationToken.none()));
    assertEquals(List.of("The cache is damaged; reading the source anew."), notes);
  }

  @Test
  void aTruncatedHalfWrittenDatabaseIsReadAnew() throws Exception {
    runOneBatch();
    try (var file = new RandomAccessFile(databaseFile().toFile(), "rw")) {
      file.setLength(file.length() / 2);
    }
    assertWhole(run(CancellationToken.none()));
    assertEquals(List.of("The cache is damaged; reading the source anew."), notes);
  }

  @Test
  void whatIsNoDatabaseIsReadAnew() throws Exception {
    run(CancellationToken.none());
    Files.writeString(databaseFile(), "not a database");
    assertWhole(run(CancellationToken.none()));
    assertEquals(List.of("The cache is damaged; reading the source anew."), notes);
  }

  /** Killed after the last transaction, before the checksum was written. */
  @Test
  void aMissingSealIsMadeUpForWithoutReadingAgain() throws Exception {
    run(CancellationToken.none());
    try (Stream<Path> files = Files.list(cache)) {
      Files.delete(
          files.filter(file -> file.toString().endsWith(".seal")).findFirst().orElseThrow());
    }
    progress.clear();
    assertWhole(run(CancellationToken.none()));
    assertEquals(List.of(), progress);
  }

  @Test
  void aChangedSourceIsReadAnew() throws Exception {
    run(CancellationToken.none());
    Files.setLastModifiedTime(zip, FileTime.fromMillis(1_000_000_000_000L));
    assertWhole(run(CancellationToken.none()));
    assertEquals(List.of("The source has changed; reading it anew."), notes);
  }

  @Test
  void twoCannotFillOneDatabase() throws Exception {
    try (Source source = Source.of(zip)) {
      List<Source.Entry> files = source.files();
      try (var _ = new Database(cache, zip, source.stamp(files)).lock()) {
        var refused = assertThrows(IOException.class, () -> run(CancellationToken.none()));
        assertTrue(
            String.valueOf(refused.getMessage()).startsWith("another search desk is filling"));
      }
    }
  }

  @Test
  void whatIsNotTextHasNoLines() throws Exception {
    Sources.write(
        zip,
        Map.of(
            "a.bin", new byte[] {'l', 'i', 'n', 'e', 0, 1},
            "b.txt", "line\r\nline\n\nline".getBytes(StandardCharsets.UTF_8),
            "c.latin1", new byte[] {'l', 'i', 'n', 'e', ' ', (byte) 0xe4}));
    try (var index = new Index(run(CancellationToken.none()))) {
      assertEquals(3, index.files());
      assertEquals(5, index.lines());
      assertEquals(4, index.search(CancellationToken.none(), Query.of("line"), (_, _, _) -> {}));
    }
  }

  @Test
  void anEmptyFolderIsSearchedInVain() throws Exception {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    try (var index = new Index(Sources.indexed(empty, cache))) {
      assertEquals(0, index.files());
      assertEquals(0, index.search(CancellationToken.none(), Query.of("x"), (_, _, _) -> {}));
    }
  }

  @Test
  void aFolderIsReadWithoutWhatIsHidden() throws Exception {
    Path tree = folder.resolve("tree");
    Files.createDirectories(tree.resolve(".git"));
    Files.writeString(tree.resolve(".git/config"), "secret\n");
    Files.writeString(tree.resolve("shown.txt"), "no secret\n");
    try (var index = new Index(Sources.indexed(tree, cache))) {
      assertEquals(1, index.files());
      assertEquals(1, index.search(CancellationToken.none(), Query.of("secret"), (_, _, _) -> {}));
    }
  }

  @Test
  void aFileThatIsNoZipIsRefusedInWords() throws IOException {
    Path file = Files.writeString(folder.resolve("plain.txt"), "hello");
    var refused = assertThrows(IOException.class, () -> Source.of(file).close());
    assertTrue(String.valueOf(refused.getMessage()).contains("neither a folder nor a zip"));
  }

  private Path databaseFile() throws IOException {
    try (Stream<Path> files = Files.list(cache)) {
      return files.filter(file -> file.toString().endsWith(".db")).findFirst().orElseThrow();
    }
  }
}
