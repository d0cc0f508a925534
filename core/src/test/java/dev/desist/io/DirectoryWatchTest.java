package dev.desist.io;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancelledIOException;
import dev.desist.support.Threads;
import dev.desist.testkit.Hygiene;
import java.io.InterruptedIOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Directories, watched under a token. */
@ExtendWith(Hygiene.class)
@Timeout(60)
class DirectoryWatchTest {
  @TempDir private Path directory;

  @ParameterizedTest
  @EnumSource
  void promise20_a_cancelled_wait_loses_nothing(Threads threads) throws Exception {
    try (var watch = DirectoryWatch.of(directory);
        var source = CancellationSource.create()) {
      var waiting = threads.start(() -> watch.take(source.token()));
      waiting.awaitParked();
      source.cancel("enough");
      var thrown = assertInstanceOf(CancelledIOException.class, waiting.failure());
      assertEquals("enough", thrown.reason().message());
      assertEquals(List.of(), watch.poll(Cancellation.current(), Duration.ZERO));
      Path file = Files.createFile(directory.resolve("file"));
      assertThrows(CancelledIOException.class, () -> watch.take(source.token()));
      var taken = threads.start(() -> watch.take(Cancellation.current())).get();
      assertEquals(new DirectoryWatch.Change(DirectoryWatch.Kind.CREATED, file), taken.getFirst());
    }
  }

  @Test
  void several_directories_and_their_loss_are_told() throws Exception {
    Path lost = Files.createDirectory(directory.resolve("lost"));
    try (var watch = DirectoryWatch.of(directory)) {
      watch.add(lost);
      Path file = Files.createFile(lost.resolve("file"));
      Files.delete(file);
      Files.delete(lost);
      var changes = new ArrayList<DirectoryWatch.Change>();
      await()
          .until(
              () -> {
                changes.addAll(watch.poll(Cancellation.current(), Duration.ofMillis(100)));
                return changes.contains(new DirectoryWatch.Change(DirectoryWatch.Kind.LOST, lost))
                    && changes.contains(
                        new DirectoryWatch.Change(DirectoryWatch.Kind.DELETED, lost));
              });
      assertTrue(changes.contains(new DirectoryWatch.Change(DirectoryWatch.Kind.DELETED, file)));
    }
  }

  /** A directory inside is an entry, and what happens in it is not told until it is added. */
  @Test
  void what_happens_further_down_is_not_told() throws Exception {
    Path inside = Files.createDirectory(directory.resolve("inside"));
    try (var watch = DirectoryWatch.of(directory)) {
      Path missed = Files.createFile(inside.resolve("missed"));
      Path last = Files.createFile(directory.resolve("last"));
      var changes = new ArrayList<DirectoryWatch.Change>();
      await()
          .until(
              () -> {
                changes.addAll(watch.poll(Cancellation.current(), Duration.ofMillis(100)));
                return changes.contains(
                    new DirectoryWatch.Change(DirectoryWatch.Kind.CREATED, last));
              });
      assertFalse(changes.stream().anyMatch(change -> change.path().equals(missed)));
    }
  }

  @ParameterizedTest
  @EnumSource
  void closing_ends_a_wait(Threads threads) throws Exception {
    var watch = DirectoryWatch.of(directory);
    var waiting = threads.start(() -> watch.take(Cancellation.current()));
    waiting.awaitParked();
    watch.close();
    assertInstanceOf(ClosedWatchServiceException.class, waiting.failure());
    assertThrows(
        ClosedWatchServiceException.class, () -> watch.poll(Cancellation.current(), Duration.ZERO));
  }

  @ParameterizedTest
  @EnumSource
  void an_interrupt_ends_a_wait_and_stays(Threads threads) throws Exception {
    try (var watch = DirectoryWatch.of(directory)) {
      var waiting =
          threads.start(
              () -> {
                assertThrows(
                    InterruptedIOException.class, () -> watch.take(Cancellation.current()));
                return Thread.currentThread().isInterrupted();
              });
      waiting.awaitParked();
      waiting.thread().interrupt();
      assertTrue(waiting.get());
      Files.createFile(directory.resolve("file"));
      assertEquals(
          DirectoryWatch.Kind.CREATED, watch.take(Cancellation.current()).getFirst().kind());
    }
  }

  @Test
  void polling_needs_no_thread() throws Exception {
    try (var watch = DirectoryWatch.of(directory)) {
      Files.createFile(directory.resolve("file"));
      await().until(() -> !watch.poll(Cancellation.current(), Duration.ZERO).isEmpty());
    }
  }

  @Test
  void what_is_no_directory_is_refused() throws Exception {
    Path file = Files.createFile(directory.resolve("file"));
    assertThrows(NotDirectoryException.class, () -> DirectoryWatch.of(file));
  }
}
