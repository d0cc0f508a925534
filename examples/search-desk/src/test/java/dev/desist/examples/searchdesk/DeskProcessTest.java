package dev.desist.examples.searchdesk;

import static dev.desist.examples.searchdesk.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.examples.searchdesk.LivePage.Answer;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The desk's command line, exit codes and signals. */
class DeskProcessTest {
  @TempDir Path folder;

  private static DeskProcess start(String... more) throws Exception {
    var arguments =
        new ArrayList<String>(
            List.of(
                "--port",
                "0",
                "--source",
                Sources.big().toString(),
                "--cache",
                Sources.CACHE.toString()));
    arguments.addAll(List.of(more));
    return new DeskProcess(arguments.toArray(String[]::new));
  }

  @Test
  void theHeadlessCheckSearchesTwiceAndEndsWithZero() throws Exception {
    try (DeskProcess desk = start("--headless-check")) {
      assertEquals(0, desk.exitCode(), () -> desk.output().toString());
      assertTrue(
          printed(
              desk, "\"complet\": cancelled after .* \\(superseded: request 2 took its place\\)"),
          () -> desk.output().toString());
      assertTrue(
          printed(desk, "\"completablefuture\": complete, found [\\d,]+ lines in \\d+ ms"),
          () -> desk.output().toString());
    }
  }

  @Test
  void aMistakeOnTheCommandLineEndsWithTwo() throws Exception {
    try (var desk = new DeskProcess("--port", "http")) {
      assertEquals(2, desk.exitCode());
      assertEquals(
          "search-desk: --port must be a whole number from 0 to 65535: http",
          desk.output().getFirst());
    }
  }

  @Test
  void aPortInUseIsNamed() throws Exception {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        DeskProcess desk = start("--port", String.valueOf(taken.getLocalPort()))) {
      assertEquals(1, desk.exitCode());
      assertEquals(
          "search-desk: port %d is in use; --port 0 takes any that is free"
              .formatted(taken.getLocalPort()),
          desk.output().getFirst());
    }
  }

  /** What is in hand may end in its grace time; nothing new is let in; the last line tells. */
  @Test
  void terminateStopsInOrderAndEndsWithZero() throws Exception {
    try (DeskProcess desk = start("--grace", "60000");
        var page = new LivePage(desk.ready())) {
      List<Answer> answers = keepBusy(page, 6);
      desk.terminate();
      eventually("the page is told", () -> page.last("goodbye").isPresent());
      HttpResponse<String> refused = page.get(page.path(1000, "late"), BodyHandlers.ofString());
      assertEquals(503, refused.statusCode());
      assertEquals(
          "The search desk is stopping and takes no new searches.",
          new JsonObject(refused.body()).getString("message"));
      for (Answer answer : answers) {
        assertEquals("complete", answer.end().getString("how"));
      }
      assertEquals(0, desk.exitCode());
      assertTrue(
          printed(
              desk,
              "search-desk: stopped in [\\d.]+ s: of \\d searches in hand, \\d ended in time and 0"
                  + " had to be cancelled; pages told: 1\\."),
          () -> desk.output().toString());
    }
  }

  @Test
  void whatOutlastsTheGraceTimeIsCancelled() throws Exception {
    try (DeskProcess desk = start("--grace", "0");
        var page = new LivePage(desk.ready())) {
      List<Answer> answers = keepBusy(page, 20);
      desk.terminate();
      JsonObject last = answers.getLast().end();
      assertEquals("cancelled", last.getString("how"));
      assertEquals("shutdown", last.getString("reason"));
      assertEquals("the search desk is stopping", last.getString("message"));
      assertEquals(0, desk.exitCode());
      assertTrue(
          printed(
              desk,
              "search-desk: stopped in [\\d.]+ s: .* [1-9]\\d* had to be cancelled; pages told:"
                  + " 1\\."),
          () -> desk.output().toString());
    }
  }

  @Test
  void aSecondSignalEndsItAtOnce() throws Exception {
    try (DeskProcess desk = start("--grace", "600000");
        var page = new LivePage(desk.ready())) {
      keepBusy(page, 200);
      desk.terminate();
      eventually("the page is told", () -> page.last("goodbye").isPresent());
      assertTrue(desk.isAlive());
      desk.terminate();
      assertEquals(130, desk.exitCode());
    }
  }

  /** Ctrl-C while the source is read keeps what was read, and the next start goes on from there. */
  @Test
  void readingStopsBetweenTwoBatchesAndGoesOnLater() throws Exception {
    Path zip = folder.resolve("many.zip");
    Sources.generate(zip, 800, 1_000);
    String[] arguments = {
      "--port", "0", "--source", zip.toString(), "--cache", folder.resolve("cache").toString()
    };
    try (var desk = new DeskProcess(arguments);
        var page = new LivePage(desk.address())) {
      eventually(
          "it reads",
          () -> page.last("index").filter(index -> index.getInteger("files") > 0).isPresent());
      desk.terminate();
      assertEquals(0, desk.exitCode());
      assertTrue(
          printed(
              desk,
              "search-desk: stopped in .* Reading stopped at \\d+ of 800 files; the next start goes"
                  + " on from there\\."),
          () -> desk.output().toString());
    }
    try (var desk = new DeskProcess(arguments)) {
      desk.ready();
      assertTrue(printed(desk, "An earlier start was stopped half-way; going on from there\\."));
      assertTrue(printed(desk, "Ready: 800 files, 800,000 lines of many.zip"));
    }
  }

  /** A ready file that nobody fetched, since nobody got round to it. */
  @Test
  void whatAKilledDeskLeftOfDownloadsIsRemovedAtTheNextStart() throws Exception {
    Path zip = folder.resolve("small.zip");
    Sources.generate(zip, 20, 20);
    Path cache = folder.resolve("cache");
    String[] arguments = {"--port", "0", "--source", zip.toString(), "--cache", cache.toString()};
    try (var desk = new DeskProcess(arguments);
        var page = new LivePage(desk.ready())) {
      try (Answer answer = page.download("line 7 ", "")) {
        assertEquals("complete", answer.end().getString("how"));
      }
      assertEquals(1, downloads(cache).size());
      desk.kill();
      assertEquals(1, downloads(cache).size());
    }
    try (var desk = new DeskProcess(arguments)) {
      desk.ready();
      assertEquals(List.of(), downloads(cache));
    }
  }

  /** One that is busy for a while, looking through everything for the files. */
  @Test
  void aDownloadInHandIsCountedAtTheEnd() throws Exception {
    try (DeskProcess desk = start("--grace", "0");
        var page = new LivePage(desk.ready());
        Answer answer = page.download("nowhere to be found", "")) {
      assertEquals("begin", answer.next().getString("type"));
      desk.terminate();
      assertEquals(0, desk.exitCode());
      assertEquals("shutdown", answer.end().getString("reason"));
      assertTrue(
          printed(desk, "search-desk: stopped in .*: of 1 download in hand, .*"),
          () -> desk.output().toString());
    }
  }

  private static List<Path> downloads(Path cache) throws IOException {
    try (Stream<Path> found = Files.walk(cache.resolve("downloads"))) {
      return found.filter(file -> file.toString().contains(".zip")).toList();
    }
  }

  /** Puts in more work than the workers get done soon. */
  private static List<Answer> keepBusy(LivePage page, int searches) throws Exception {
    var answers = new ArrayList<Answer>();
    for (int i = 1; i <= searches; i++) {
      answers.add(page.search(i, "co", "&cancellation=off"));
    }
    return answers;
  }

  private static boolean printed(DeskProcess desk, String pattern) {
    return desk.output().stream().anyMatch(line -> line.matches(pattern));
  }
}
