package dev.desist.io;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.CancelledIOException;
import dev.desist.support.Fifo;
import dev.desist.support.Threads;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.MalformedInputException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are written whole or not at all, on a real file system. */
@ExtendWith(Hygiene.class)
@Timeout(30)
class CancellableFilesTest {
  private static final CancellationToken NONE = CancellationToken.none();
  private static final CancellationToken CANCELLED =
      CancellationToken.cancelled(CancellationReason.requested("before"));

  @TempDir private Path directory;

  @AfterEach
  void no_part_is_left() throws IOException {
    try (Stream<Path> left = Files.walk(directory)) {
      assertEquals(List.of(), left.filter(path -> path.toString().endsWith(".part")).toList());
    }
    Threads.awaitNone("desist-pump-");
  }

  private Path file(String name, byte[] bytes) throws IOException {
    return Files.write(directory.resolve(name), bytes);
  }

  private static byte[] random(int size) {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return bytes;
  }

  // ---- copying ----

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 9_999, 10_000, 10_001, 1_000_000})
  void a_copy_has_the_bytes(int size) throws Exception {
    byte[] bytes = random(size);
    Path source = file("source", bytes);
    Path target = directory.resolve("target");
    assertEquals(
        size,
        CancellableFiles.copy(
            Cancellation.current(), source, target, TransferOption.chunkSize(10_000)));
    assertArrayEquals(bytes, Files.readAllBytes(target));
    assertArrayEquals(bytes, CancellableFiles.readAllBytes(Cancellation.current(), target));
  }

  @ParameterizedTest
  @EnumSource
  void a_cancelled_copy_leaves_the_old_target_and_says_how_far_it_was(Threads threads)
      throws Exception {
    Path source = file("source", random(100_000));
    Path target = file("target", new byte[] {1, 2, 3});
    try (var cancel = CancellationSource.create()) {
      var copying =
          threads.start(
              () ->
                  CancellableFiles.copy(
                      cancel.token(),
                      source,
                      target,
                      REPLACE_EXISTING,
                      TransferOption.chunkSize(1000),
                      TransferOption.progress(
                          progress -> {
                            if (progress.done() == 42_000) {
                              cancel.cancel("enough");
                            }
                          },
                          Duration.ZERO)));
      var thrown = assertInstanceOf(CancelledIOException.class, copying.failure());
      assertEquals(42_000, thrown.bytesTransferred);
      assertEquals("enough", thrown.reason().message());
    }
    assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(target));
  }

  @Test
  void a_cancelled_copy_leaves_nothing_where_nothing_was() throws Exception {
    Path source = file("source", random(10));
    Path target = directory.resolve("target");
    assertThrows(
        CancelledIOException.class, () -> CancellableFiles.copy(CANCELLED, source, target));
    try (var cancel = CancellationSource.create()) {
      var late =
          TransferOption.progress(
              progress -> {
                if (progress.fraction().orElseThrow() == 1) {
                  cancel.cancel();
                }
              });
      var thrown =
          assertThrows(
              CancelledIOException.class,
              () -> CancellableFiles.copy(cancel.token(), source, target, late));
      assertEquals(10, thrown.bytesTransferred);
    }
    assertFalse(Files.exists(target));
  }

  @Test
  void the_target_is_not_to_be_seen_before_it_is_whole() throws Exception {
    Path source = file("source", random(5000));
    Path target = directory.resolve("target");
    CancellableFiles.copy(
        Cancellation.current(),
        source,
        target,
        TransferOption.chunkSize(100),
        TransferOption.progress(_ -> assertFalse(Files.exists(target)), Duration.ZERO));
    assertTrue(Files.exists(target));
  }

  @Test
  void an_existing_target_is_replaced_only_if_asked() throws Exception {
    Path source = file("source", new byte[] {1});
    Path target = file("target", new byte[] {2});
    assertThrows(
        FileAlreadyExistsException.class,
        () -> CancellableFiles.copy(Cancellation.current(), source, target));
    assertThrows(
        FileAlreadyExistsException.class,
        () ->
            CancellableFiles.copy(
                Cancellation.current(), new ByteArrayInputStream(new byte[] {3}), target));
    assertArrayEquals(new byte[] {2}, Files.readAllBytes(target));
    CancellableFiles.copy(Cancellation.current(), source, target, REPLACE_EXISTING, ATOMIC_MOVE);
    assertArrayEquals(new byte[] {1}, Files.readAllBytes(target));
    assertEquals(0, CancellableFiles.copy(Cancellation.current(), source, source));
  }

  @Test
  void a_target_that_came_meanwhile_is_not_overwritten() throws Exception {
    Path source = file("source", new byte[] {1});
    Path target = directory.resolve("target");
    var intruder =
        TransferOption.progress(
            _ -> {
              try {
                Files.write(target, new byte[] {9});
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    assertThrows(
        FileAlreadyExistsException.class,
        () -> CancellableFiles.copy(Cancellation.current(), source, target, intruder));
    assertArrayEquals(new byte[] {9}, Files.readAllBytes(target));
  }

  @Test
  void a_directory_is_neither_copied_nor_replaced() throws Exception {
    Path source = file("source", new byte[] {1});
    Path folder = Files.createDirectory(directory.resolve("folder"));
    assertThrows(
        FileSystemException.class,
        () -> CancellableFiles.copy(Cancellation.current(), folder, directory.resolve("x")));
    assertThrows(
        FileSystemException.class,
        () -> CancellableFiles.copy(Cancellation.current(), source, folder, REPLACE_EXISTING));
    assertTrue(Files.isDirectory(folder));
  }

  @Test
  void permissions_and_times_are_copied() throws Exception {
    Path source = file("source", random(10));
    Files.setPosixFilePermissions(source, PosixFilePermissions.fromString("r-x------"));
    var old = FileTime.from(Instant.parse("2001-02-03T04:05:06Z"));
    Files.setLastModifiedTime(source, old);
    Path plain = directory.resolve("plain");
    CancellableFiles.copy(Cancellation.current(), source, plain);
    assertEquals("r-x------", PosixFilePermissions.toString(Files.getPosixFilePermissions(plain)));
    assertTrue(Files.getLastModifiedTime(plain).compareTo(old) > 0);
    Path exact = directory.resolve("exact");
    CancellableFiles.copy(
        Cancellation.current(), source, exact, COPY_ATTRIBUTES, TransferOption.sync());
    assertEquals("r-x------", PosixFilePermissions.toString(Files.getPosixFilePermissions(exact)));
    assertEquals(old, Files.getLastModifiedTime(exact));
  }

  @Test
  void links_are_followed_copied_and_replaced_as_by_the_jdk() throws Exception {
    Path source = file("source", new byte[] {1});
    Path link = Files.createSymbolicLink(directory.resolve("link"), Path.of("source"));
    Path followed = directory.resolve("followed");
    CancellableFiles.copy(Cancellation.current(), link, followed);
    assertTrue(Files.isRegularFile(followed, LinkOption.NOFOLLOW_LINKS));
    Path copied = directory.resolve("copied");
    CancellableFiles.copy(Cancellation.current(), link, copied, LinkOption.NOFOLLOW_LINKS);
    assertEquals(Path.of("source"), Files.readSymbolicLink(copied));
    CancellableFiles.writeString(Cancellation.current(), link, "through");
    assertTrue(Files.isSymbolicLink(link));
    assertEquals("through", Files.readString(source));
    CancellableFiles.copy(Cancellation.current(), followed, link, REPLACE_EXISTING);
    assertFalse(Files.isSymbolicLink(link));
    assertEquals("through", Files.readString(source));
  }

  @ParameterizedTest
  @EnumSource
  void an_interrupt_neither_ends_a_copy_nor_is_lost(Threads threads) throws Exception {
    Path source = file("source", random(100_000));
    Path target = directory.resolve("target");
    var copying =
        threads.start(
            () -> {
              Thread.currentThread().interrupt();
              long done =
                  CancellableFiles.copy(
                      Cancellation.current(), source, target, TransferOption.sync());
              assertTrue(Thread.interrupted());
              return done;
            });
    assertEquals(100_000, copying.get());
  }

  @ParameterizedTest
  @EnumSource
  void a_copy_that_waits_for_a_fifo_ends(Threads threads) throws Exception {
    Path fifo = Fifo.make(directory, "fifo");
    Path target = directory.resolve("target");
    try (var cancel = CancellationSource.create()) {
      var copying = threads.start(() -> CancellableFiles.copy(cancel.token(), fifo, target));
      try (OutputStream out = Files.newOutputStream(fifo)) {
        out.write(new byte[10]);
        copying.awaitParked();
        await()
            .until(() -> copying.thread().getState() == Thread.State.WAITING && partSize() == 10);
        cancel.cancel();
        var thrown = assertInstanceOf(CancelledIOException.class, copying.failure());
        assertEquals(10, thrown.bytesTransferred);
      }
    }
    assertFalse(Files.exists(target));
  }

  /** What hangs in the system is not ended; what is written after the cancel is one chunk. */
  @Test
  void a_write_that_hangs_in_the_system_goes_on_to_the_end_of_the_chunk() throws Exception {
    Path source = file("source", new byte[300_000]);
    Path fifo = Fifo.make(directory, "fifo");
    var seen = new ArrayList<Long>();
    var after = TransferOption.progress(progress -> seen.add(progress.done()), Duration.ZERO);
    try (var cancel = CancellationSource.create()) {
      var copying =
          Threads.PLATFORM.start(
              () -> {
                try (OutputStream out = Files.newOutputStream(fifo)) {
                  return CancellableFiles.copy(cancel.token(), source, out, after);
                }
              });
      try (InputStream in = Files.newInputStream(fifo)) {
        assertEquals(0, in.read()); // it has begun, and a pipe holds 64 KiB
        cancel.cancel();
        assertEquals(128 * 1024 - 1, in.readAllBytes().length);
      }
      var thrown = assertInstanceOf(CancelledIOException.class, copying.failure());
      assertEquals(128 * 1024, thrown.bytesTransferred);
      assertEquals(List.of(0L, 128 * 1024L), seen, "one chunk");
    }
  }

  /** The read has taken the byte that came after the cancel, and so was not ended by it. */
  @Test
  void a_read_that_hangs_in_the_system_is_not_ended() throws Exception {
    Path fifo = Fifo.make(directory, "fifo");
    Path target = directory.resolve("target");
    var opening = Threads.PLATFORM.start(() -> Files.newOutputStream(fifo));
    try (var cancel = CancellationSource.create();
        InputStream in = Files.newInputStream(fifo);
        OutputStream out = opening.get()) {
      var copying = Threads.PLATFORM.start(() -> CancellableFiles.copy(cancel.token(), in, target));
      await().until(() -> partSize() == 0);
      cancel.cancel();
      out.write('a');
      assertInstanceOf(CancelledIOException.class, copying.failure());
      out.write('b');
      assertEquals('b', in.read());
    }
    assertFalse(Files.exists(target));
  }

  private long partSize() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path each : files.toList()) {
        if (each.toString().endsWith(".part")) {
          return Files.size(each);
        }
      }
    }
    return -1;
  }

  @Test
  void a_stream_is_read_under_the_token() throws Exception {
    Path target = directory.resolve("target");
    var seen = new ArrayList<CancellationToken>();
    try (var cancel = CancellationSource.create()) {
      var in =
          new ByteArrayInputStream(new byte[100]) {
            @Override
            public int read(byte[] bytes) throws IOException {
              seen.add(Cancellation.current());
              return super.read(bytes);
            }
          };
      assertEquals(100, CancellableFiles.copy(cancel.token(), in, target));
      assertSame(cancel.token(), seen.getFirst());
      var out = new ByteArrayOutputStream();
      assertEquals(100, CancellableFiles.copy(cancel.token(), target, out));
      assertEquals(100, out.size());
    }
  }

  @Test
  void progress_is_throttled_and_complete() throws Exception {
    Path source = file("source", random(10_000));
    var time = new ManualTime();
    var seen = new ArrayList<TransferProgress>();
    var slow =
        new OutputStream() {
          @Override
          public void write(int one) {
            throw new AssertionError();
          }

          @Override
          public void write(byte[] bytes, int offset, int length) {
            time.advance(Duration.ofMillis(40));
          }
        };
    time.call(
        () ->
            CancellableFiles.copy(
                Cancellation.current(),
                source,
                slow,
                TransferOption.chunkSize(1000),
                TransferOption.progress(seen::add)));
    assertEquals(
        List.of(0L, 3000L, 6000L, 9000L, 10_000L),
        seen.stream().map(TransferProgress::done).toList());
    assertEquals(OptionalLong.of(10_000), seen.get(1).total());
    assertEquals(OptionalDouble.of(0.3), seen.get(1).fraction());
  }

  @Test
  void a_listener_that_fails_fails_the_copy() throws Exception {
    Path source = file("source", random(10));
    Path target = directory.resolve("target");
    var failing =
        TransferOption.progress(
            _ -> {
              throw new IllegalStateException("mine");
            });
    assertThrows(
        IllegalStateException.class,
        () -> CancellableFiles.copy(Cancellation.current(), source, target, failing));
    assertFalse(Files.exists(target));
  }

  @Test
  void a_file_system_that_is_no_directory_on_disk_will_do() throws Exception {
    Path archive = directory.resolve("archive.zip");
    Path source = file("source", random(300_000));
    try (var zip = FileSystems.newFileSystem(archive, Map.of("create", "true"))) {
      Path inside = zip.getPath("/inside");
      CancellableFiles.copy(Cancellation.current(), source, inside);
      assertArrayEquals(
          random(300_000), CancellableFiles.readAllBytes(Cancellation.current(), inside));
      CancellableFiles.copy(Cancellation.current(), inside, directory.resolve("back"));
      CancellableFiles.writeString(Cancellation.current(), inside, "other");
      assertEquals("other", CancellableFiles.readString(Cancellation.current(), inside));
      try (Stream<Path> files = Files.list(zip.getPath("/"))) {
        assertEquals(List.of(inside), files.toList());
      }
    }
    assertArrayEquals(random(300_000), Files.readAllBytes(directory.resolve("back")));
  }

  // ---- writing and reading ----

  @Test
  void write_creates_and_replaces_and_keeps_permissions() throws Exception {
    Path target = directory.resolve("target");
    assertSame(target, CancellableFiles.writeString(Cancellation.current(), target, "grün"));
    assertEquals("grün", CancellableFiles.readString(Cancellation.current(), target));
    Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rw-rw-rw-"));
    CancellableFiles.write(
        Cancellation.current(), target, new byte[] {(byte) 0xff}, TransferOption.sync());
    assertEquals("rw-rw-rw-", PosixFilePermissions.toString(Files.getPosixFilePermissions(target)));
    assertThrows(
        MalformedInputException.class,
        () -> CancellableFiles.readString(Cancellation.current(), target));
  }

  @Test
  void options_of_the_jdk_mean_what_they_mean_there() throws Exception {
    Path target = directory.resolve("target");
    byte[] bytes = {1};
    assertThrows(
        NoSuchFileException.class,
        () ->
            CancellableFiles.write(
                Cancellation.current(), target, bytes, StandardOpenOption.TRUNCATE_EXISTING));
    CancellableFiles.write(
        Cancellation.current(),
        target,
        bytes,
        StandardOpenOption.CREATE_NEW,
        StandardOpenOption.SYNC);
    assertThrows(
        FileAlreadyExistsException.class,
        () ->
            CancellableFiles.write(
                Cancellation.current(), target, bytes, StandardOpenOption.CREATE_NEW));
    for (OpenOption option :
        new OpenOption[] {StandardOpenOption.APPEND, StandardOpenOption.DELETE_ON_CLOSE}) {
      assertThrows(
          UnsupportedOperationException.class,
          () -> CancellableFiles.write(Cancellation.current(), target, bytes, option));
    }
    assertThrows(IllegalArgumentException.class, () -> TransferOption.chunkSize(0));
  }

  @Test
  void a_cancelled_write_leaves_the_old_content() throws Exception {
    Path target = file("target", new byte[] {1});
    try (var cancel = CancellationSource.create()) {
      var thrown =
          assertThrows(
              CancelledIOException.class,
              () ->
                  CancellableFiles.write(
                      cancel.token(),
                      target,
                      out -> {
                        out.write(new byte[700]);
                        assertSame(cancel.token(), Cancellation.current());
                        cancel.cancel();
                        out.write(new byte[700]);
                      }));
      assertEquals(700, thrown.bytesTransferred);
    }
    assertArrayEquals(new byte[] {1}, Files.readAllBytes(target));
  }

  @Test
  void one_big_write_is_cut_into_chunks() throws Exception {
    Path target = directory.resolve("target");
    try (var cancel = CancellationSource.create()) {
      var thrown =
          assertThrows(
              CancelledIOException.class,
              () ->
                  CancellableFiles.write(
                      cancel.token(),
                      target,
                      new byte[1_000_000],
                      TransferOption.chunkSize(1000),
                      TransferOption.progress(
                          progress -> {
                            if (progress.done() > 5000) {
                              cancel.cancel();
                            }
                          },
                          Duration.ZERO)));
      assertEquals(6000, thrown.bytesTransferred);
    }
    assertFalse(Files.exists(target));
  }

  @Test
  void a_failure_that_the_content_swallows_is_one_all_the_same() throws Exception {
    Path target = directory.resolve("target");
    try (var cancel = CancellationSource.create()) {
      assertThrows(
          CancelledIOException.class,
          () ->
              CancellableFiles.write(
                  cancel.token(),
                  target,
                  out -> {
                    var print = new PrintStream(out, true, UTF_8);
                    print.println("one");
                    cancel.cancel();
                    print.println("two"); // never throws
                    print.close();
                    assertTrue(Thread.interrupted(), "a PrintStream makes an interrupt of it");
                  }));
    }
    assertFalse(Files.exists(target));
  }

  /** Such as what a query throws whose rows are written. */
  @Test
  void what_the_content_throws_comes_through_as_it_is() throws Exception {
    Path target = file("target", new byte[] {1});
    try (var source = CancellationSource.create()) {
      for (CancellationToken token : List.of(Cancellation.current(), source.token())) {
        var failure = new TimeoutException("no row came");
        var thrown =
            assertThrows(TimeoutException.class, () -> writeAndFail(token, target, failure));
        assertSame(failure, thrown);
      }
    }
    assertArrayEquals(new byte[] {1}, Files.readAllBytes(target));
  }

  /** Compiles because no other kind of exception has to be declared. */
  private static void writeAndFail(CancellationToken token, Path target, TimeoutException failure)
      throws IOException, TimeoutException {
    CancellableFiles.write(
        token,
        target,
        out -> {
          out.write(2);
          throw failure;
        });
  }

  @Test
  void a_long_name_is_written_too() throws Exception {
    Path target = directory.resolve("ä".repeat(127));
    CancellableFiles.writeString(Cancellation.current(), target, "x");
    assertEquals("x", Files.readString(target));
  }

  @Test
  void a_cancelled_read_says_how_far_it_was() throws Exception {
    Path source = file("source", random(10_000));
    try (var cancel = CancellationSource.create()) {
      var stop =
          TransferOption.progress(
              progress -> {
                if (progress.done() == 3000) {
                  cancel.cancel();
                }
              },
              Duration.ZERO);
      var thrown =
          assertThrows(
              CancelledIOException.class,
              () ->
                  CancellableFiles.readAllBytes(
                      cancel.token(), source, TransferOption.chunkSize(1000), stop));
      assertEquals(3000, thrown.bytesTransferred);
    }
  }

  // ---- walking ----

  @Test
  void a_walk_ends_between_two_paths() throws Exception {
    for (int i = 0; i < 10; i++) {
      file("file-" + i, new byte[0]);
    }
    var seen = new ArrayList<Path>();
    try (var cancel = CancellationSource.create();
        Stream<Path> paths = CancellableFiles.walk(cancel.token(), directory)) {
      assertThrows(
          CancelledException.class,
          () ->
              paths.forEach(
                  path -> {
                    seen.add(path);
                    if (seen.size() == 4) {
                      cancel.cancel();
                    }
                  }));
    }
    assertEquals(4, seen.size());
    try (Stream<Path> paths = CancellableFiles.walk(Cancellation.current(), directory)) {
      assertEquals(11, paths.count());
    }
    assertThrows(
        CancelledIOException.class, () -> CancellableFiles.walk(CANCELLED, directory).close());
  }

  @Test
  void a_visit_ends_between_two_calls() throws Exception {
    Files.createDirectories(directory.resolve("a/b/c"));
    file("a/b/file", new byte[0]);
    try (var cancel = CancellationSource.create()) {
      var visitor =
          new SimpleFileVisitor<Path>() {
            private int calls;

            @Override
            public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
              if (++calls == 3) {
                cancel.cancel();
              }
              return FileVisitResult.CONTINUE;
            }
          };
      assertThrows(
          CancelledIOException.class,
          () -> CancellableFiles.walkFileTree(cancel.token(), directory, visitor));
      assertEquals(3, visitor.calls);
    }
    assertSame(
        directory, CancellableFiles.walkFileTree(NONE, directory, new SimpleFileVisitor<>() {}));
  }
}
