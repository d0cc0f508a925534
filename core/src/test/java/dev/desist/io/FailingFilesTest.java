package dev.desist.io;

import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationToken;
import dev.desist.support.Descriptors;
import dev.desist.testkit.Hygiene;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whole or not at all, whichever step of a foreign file system fails, and whatever with: each
 * operation as often as it has steps, one of which fails each time.
 */
@ExtendWith(Hygiene.class)
@Timeout(60)
class FailingFilesTest {
  private static final CancellationToken NONE = CancellationToken.none();

  @TempDir private Path directory;

  private interface Body {
    void run(Path source, Path target) throws Exception;
  }

  /** What leaves a file by the name of the target. */
  @SuppressWarnings("ImmutableEnumChecker") // they keep nothing
  enum Operation {
    COPY((source, target) -> CancellableFiles.copy(NONE, source, target), false),
    COPY_OVER(
        (source, target) ->
            CancellableFiles.copy(NONE, source, target, REPLACE_EXISTING, COPY_ATTRIBUTES),
        true),
    COPY_STREAM(
        (_, target) ->
            CancellableFiles.copy(
                NONE, new ByteArrayInputStream(new byte[] {'n', 'e', 'w'}), target),
        false),
    COPY_STREAM_OVER(
        (_, target) ->
            CancellableFiles.copy(
                NONE,
                new ByteArrayInputStream(new byte[] {'n', 'e', 'w'}),
                target,
                REPLACE_EXISTING),
        true),
    WRITE((_, target) -> CancellableFiles.writeString(NONE, target, "new"), true),
    WRITE_NEW(
        (_, target) ->
            CancellableFiles.writeString(NONE, target, "new", StandardOpenOption.CREATE_NEW),
        false),
    COPY_NOT_FOLLOWING(
        (source, target) -> CancellableFiles.copy(NONE, source, target, LinkOption.NOFOLLOW_LINKS),
        false);

    private final Body body;
    private final boolean over;

    Operation(Body body, boolean over) {
      this.body = body;
      this.over = over;
    }
  }

  static Stream<Arguments> all() {
    return Arrays.stream(Operation.values())
        .flatMap(
            each ->
                Arrays.stream(FailingFiles.Failure.values()).map(how -> Arguments.of(each, how)));
  }

  @ParameterizedTest
  @MethodSource("all")
  void whole_or_not_at_all_whichever_step_fails(Operation operation, FailingFiles.Failure how)
      throws Exception {
    Path source = Files.writeString(directory.resolve("source"), "new");
    Path target = directory.resolve("target");
    var files = new FailingFiles(directory, how);
    long before = Descriptors.count();
    var walked = new TreeSet<String>();
    boolean done = false;
    for (int count = 0; !done; count++) {
      Files.deleteIfExists(target);
      if (operation.over) {
        Files.writeString(target, "old");
      }
      files.failAfter(count);
      boolean thrown = false;
      try {
        operation.body.run(files.of(source), files.of(target));
      } catch (Exception | StackOverflowError e) {
        thrown = true;
      }
      String failed = String.valueOf(files.failed);
      String at = failed + ", the last of " + files.steps();
      walked.add(failed);
      done = files.failed == null;
      String found = Files.exists(target) ? Files.readString(target) : "";
      if (!thrown) {
        assertEquals("new", found, at);
      } else if (!failed.equals("delete")) {
        assertEquals(operation.over ? "old" : "", found, at);
      } else { // the second name for what is whole, which could not be taken away
        assertEquals("new", found, at);
      }
      var parts = new ArrayList<Path>();
      try (var there = Files.list(directory)) {
        there.filter(each -> each.toString().endsWith(".part")).forEach(parts::add);
      }
      if (failed.equals("delete")) {
        for (Path part : parts) {
          Files.delete(part);
        }
      } else {
        assertEquals(List.of(), parts, at);
      }
    }
    assertTrue(walked.size() > 5, walked::toString);
    assertTrue(
        walked.containsAll(Set.of("open", "channel.write", "channel.close")), walked::toString);
    Descriptors.awaitAtMost(before);
  }

  @ParameterizedTest
  @EnumSource
  void a_read_gives_all_or_fails_whichever_step_fails(FailingFiles.Failure how) throws Exception {
    Path source = Files.writeString(directory.resolve("source"), "bytes");
    var files = new FailingFiles(directory, how);
    long before = Descriptors.count();
    boolean done = false;
    for (int count = 0; !done; count++) {
      files.failAfter(count);
      var out = new ByteArrayOutputStream();
      try {
        assertEquals(5, CancellableFiles.copy(NONE, files.of(source), out));
        done = files.failed == null;
      } catch (Exception | StackOverflowError e) {
        assertTrue(files.failed != null, () -> "not one that was made to fail: " + e);
      }
    }
    Descriptors.awaitAtMost(before);
  }

  /** A service that fails ends no later wait, and loses no change. */
  @ParameterizedTest
  @EnumSource
  void a_watch_goes_on_whichever_step_of_its_service_fails(FailingFiles.Failure how)
      throws Exception {
    var walked = new TreeSet<String>();
    for (int count = 0; count < 12; count++) {
      Path watched = Files.createDirectory(directory.resolve("watched-" + count));
      var files = new FailingFiles(directory, how);
      try (var watch = DirectoryWatch.of(files.of(watched))) {
        files.failAfter(count);
        var seen = new TreeSet<String>();
        for (int round = 0; round < 3; round++) {
          String name = "file-" + round;
          Files.createFile(watched.resolve(name));
          while (!seen.contains(name)) {
            try {
              for (var change : watch.poll(NONE, Duration.ofSeconds(20))) {
                seen.add(String.valueOf(change.path().getFileName()));
              }
            } catch (Exception | StackOverflowError e) {
              assertTrue(files.failed != null, () -> "not one that was made to fail: " + e);
            }
          }
        }
      }
      walked.add(String.valueOf(files.failed));
    }
    assertTrue(walked.containsAll(Set.of("poll", "take")), walked::toString);
  }
}
