package dev.desist.examples.download;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One file, from a real server. */
@Timeout(60)
class TransferTest {
  private static final int SIZE = 3_000_000;
  private static final int HALF = SIZE / 2;

  @TempDir private Path directory = Path.of("");
  private final HttpClient client = HttpClient.newHttpClient();
  private final byte[] content = new byte[SIZE];
  private FileServer server = serve();
  private Path target = Path.of("");

  private FileServer serve() {
    new Random(7).nextBytes(content);
    try {
      return new FileServer(content);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @BeforeEach
  void findTarget() {
    target = directory.resolve("data.bin");
  }

  @AfterEach
  void close() {
    server.close();
    client.close();
  }

  private Path fetch(Duration patience) throws Exception {
    var progress = new Progress(new PrintStream(OutputStream.nullOutputStream()));
    return new Transfer(client, patience, progress).fetch(server.uri(), target);
  }

  private Path fetch() throws Exception {
    return fetch(Duration.ofSeconds(30));
  }

  /** Has the server send half, and cancels then. */
  private void stopHalfway() throws Exception {
    server.holdAfter = HALF;
    var source = CancellationSource.create();
    Thread canceller =
        Thread.startVirtualThread(
            () -> {
              await().until(() -> part().toFile().length() == HALF);
              source.cancel("Ctrl-C");
            });
    assertThrows(CancelledException.class, () -> Cancellation.call(source.token(), this::fetch));
    canceller.join();
    server.holdAfter = Integer.MAX_VALUE;
  }

  private Path part() {
    return directory.resolve("data.bin.part");
  }

  private void assertWhole() throws IOException {
    assertArrayEquals(server.content, Files.readAllBytes(target));
    try (var files = Files.list(directory)) {
      assertEquals(List.of(target), files.toList());
    }
  }

  @Test
  void a_file_arrives_whole_and_leaves_nothing_beside_it() throws Exception {
    assertEquals(target, fetch());
    assertWhole();
  }

  @Test
  void a_cancelled_one_keeps_what_it_has_and_the_next_goes_on_from_there() throws Exception {
    stopHalfway();
    assertFalse(Files.exists(target));
    assertEquals(HALF, Files.size(part()));
    fetch();
    assertWhole();
    assertEquals(List.of("all", "bytes=" + HALF + "-"), server.ranges);
  }

  @Test
  void of_another_version_everything_is_fetched_anew() throws Exception {
    stopHalfway();
    server.version = "\"v2\"";
    server.content = new byte[SIZE - 5];
    fetch();
    assertWhole();
  }

  @Test
  void from_a_server_without_ranges_everything_is_fetched_anew() throws Exception {
    stopHalfway();
    server.knowsRanges = false;
    fetch();
    assertWhole();
  }

  @Test
  void when_nothing_comes_for_too_long_it_fails_and_keeps_what_it_has() throws Exception {
    server.holdAfter = HALF;
    var thrown = assertThrows(IOException.class, () -> fetch(Duration.ofSeconds(1)));
    assertEquals("nothing came for 1 s", thrown.getMessage());
    assertEquals(HALF, Files.size(part()));
  }

  @Test
  void what_is_not_there_leaves_nothing() throws Exception {
    var progress = new Progress(new PrintStream(OutputStream.nullOutputStream()));
    var transfer = new Transfer(client, Duration.ofSeconds(30), progress);
    var thrown = assertThrows(IOException.class, () -> transfer.fetch(server.uri("/none"), target));
    assertEquals("the server answered 404", thrown.getMessage());
    assertTrue(directory.toFile().list().length == 0);
  }
}
