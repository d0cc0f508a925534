package dev.desist.examples.searchdesk;

import static dev.desist.examples.searchdesk.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.examples.searchdesk.LivePage.Answer;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Downloads as a page sees them, through real HTTP; a gate holds them up where that is needed. */
class DownloadHttpTest {
  /** In one line of each file. */
  private static final String QUERY = "line 7 ";

  private static final int FILES = 300;

  @TempDir private static Path folder;

  private final Gate gate = new Gate();
  private Optional<Source> source = Optional.empty();
  private Optional<Desk> started = Optional.empty();
  private Optional<WebServer> web = Optional.empty();
  private Optional<LivePage> opened = Optional.empty();

  @BeforeAll
  static void generate() throws Exception {
    Sources.generate(zip(), FILES, 50);
  }

  private static Path zip() {
    return folder.resolve("some.zip");
  }

  private static Path cache() {
    return folder.resolve("cache");
  }

  @BeforeEach
  void start() throws Exception {
    var options = new Options(0, Optional.empty(), cache(), Duration.ofSeconds(1), false, false);
    source = Optional.of(Source.of(zip()));
    started = Optional.of(new Desk(source.get(), options, _ -> {}, gate));
    web = Optional.of(new WebServer(desk(), 0));
    desk().indexJob().start();
    eventually("the source is read", () -> desk().indexJob().index().isPresent());
    opened = Optional.of(new LivePage(address()));
  }

  /** Whatever a test did, nothing of it may be left. */
  @AfterEach
  void stop() throws Exception {
    page().close();
    assertEquals(0, desk().stop(Duration.ZERO).deaf());
    web.orElseThrow().close();
    source.orElseThrow().close();
    try (Stream<Path> left = Files.list(cache().resolve("downloads"))) {
      assertEquals(List.of(), left.toList());
    }
  }

  private Desk desk() {
    return started.orElseThrow();
  }

  private LivePage page() {
    return opened.orElseThrow();
  }

  private URI address() {
    return URI.create("http://localhost:" + web.orElseThrow().port() + "/");
  }

  /** {@return the names of all files of downloads, complete or not} */
  private static List<String> files() throws IOException {
    try (Stream<Path> found = Files.walk(cache().resolve("downloads"))) {
      return found
          .filter(file -> Files.isRegularFile(file) && !file.toString().endsWith(".lock"))
          .map(file -> file.getFileName().toString())
          // What is written has a random part in its name.
          .map(name -> name.replaceFirst("^\\.(.+)\\.[0-9a-z]+\\.part$", "$1.part"))
          .sorted()
          .toList();
    }
  }

  private String part(int id) {
    return "session-%s-download-%d.zip.part".formatted(page().session(), id);
  }

  /** Starts a download that stops by itself behind 20 files. */
  private Answer startAndHold(String more) throws Exception {
    gate.shutAfter(20);
    int before = gate.held();
    Answer answer = page().download(QUERY, more);
    assertEquals("begin", answer.next().getString("type"));
    eventually("it is held up", () -> gate.held() > before);
    return answer;
  }

  private JsonObject complete(String query) throws Exception {
    try (Answer answer = page().download(query, "")) {
      JsonObject end = answer.end();
      assertEquals("complete", end.getString("how"), end::encode);
      return end;
    }
  }

  private HttpResponse<byte[]> fetch(int id) throws Exception {
    return page().get(filePath(id), BodyHandlers.ofByteArray());
  }

  private String filePath(int id) {
    return "api/zip/" + id + "?session=" + page().session();
  }

  private static Map<String, byte[]> unpacked(byte[] content) throws IOException {
    var files = new LinkedHashMap<String, byte[]>();
    try (var in = new ZipInputStream(new ByteArrayInputStream(content))) {
      for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        files.put(entry.getName(), in.readAllBytes());
      }
    }
    return files;
  }

  private static void assertEnd(JsonObject end, String how, String reason, String message) {
    assertEquals(how, end.getString("how"), end::encode);
    assertEquals(reason, end.getString("reason"));
    assertEquals(message, end.getString("message"));
  }

  private void assertInTree(String name, String state, String reason) {
    String session = "session " + page().session();
    eventually(
        name + " is " + state,
        () ->
            page()
                .node(session, name)
                .filter(node -> state.equals(node.getString("state")))
                .isPresent());
    assertEquals(reason, page().node(session, name).orElseThrow().getString("reason", ""));
  }

  /** The paths of the hits, as the page gets them. */
  private Set<String> pathsShown(String query) throws Exception {
    var paths = new LinkedHashSet<String>();
    try (Answer answer = page().search(1, query, "")) {
      new String(answer.body().readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .map(JsonObject::new)
          .filter(line -> line.getString("type").equals("hits"))
          .flatMap(line -> line.getJsonArray("hits").stream())
          .forEach(hit -> paths.add(((JsonObject) hit).getString("path")));
    }
    return paths;
  }

  @Test
  void theZipHoldsTheFilesOfTheHitsShownAndNoOthers() throws Exception {
    Set<String> shown = pathsShown(QUERY);
    assertEquals(Index.SHOWN, shown.size());
    JsonObject end = complete(QUERY);
    assertEquals(shown.size(), end.getInteger("files"));
    HttpResponse<byte[]> response = fetch(1);
    assertEquals(200, response.statusCode());
    assertEquals(
        "attachment; filename=\"search-desk-line-7.zip\"",
        response.headers().firstValue("Content-Disposition").orElse(""));
    assertEquals("application/zip", response.headers().firstValue("Content-Type").orElse(""));
    assertEquals(
        response.body().length, response.headers().firstValueAsLong("Content-Length").orElse(0));
    assertEquals(response.body().length, end.getInteger("bytes"));
    Map<String, byte[]> unpacked = unpacked(response.body());
    assertEquals(List.copyOf(shown), List.copyOf(unpacked.keySet()));
    try (var original = new ZipFile(zip().toFile())) {
      for (var file : unpacked.entrySet()) {
        byte[] text = original.getInputStream(original.getEntry(file.getKey())).readAllBytes();
        assertArrayEquals(text, file.getValue(), file.getKey());
      }
    }
    assertInTree("download 1", "complete", "");
  }

  /** 200 lines of four files. */
  @Test
  void aFileWithManyHitsIsThereOnce() throws Exception {
    assertEquals(4, complete("line").getInteger("files"));
    assertEquals(pathsShown("line"), unpacked(fetch(1).body()).keySet());
  }

  @Test
  void progressIsToldFromTheStart() throws Exception {
    try (Answer answer = startAndHold("")) {
      JsonObject first = answer.next();
      assertEquals("progress", first.getString("type"));
      assertEquals(0, first.getInteger("files"));
      assertEquals(Index.SHOWN, first.getInteger("totalFiles"));
      assertEquals(List.of(part(1)), files());
      assertInTree("download 1", "running", "");
      gate.open();
      JsonObject end = answer.end();
      assertEquals(Index.SHOWN, end.getInteger("files"));
      assertEquals(1.0, end.getDouble("fraction"));
    }
  }

  @Test
  void closingTheConnectionCancelsIt() throws Exception {
    Answer answer = startAndHold("");
    assertEquals(List.of(part(1)), files());
    answer.close();
    assertInTree("download 1", "cancelled", "disconnected");
    assertEquals(
        "the page gave up download 1",
        page()
            .node("session " + page().session(), "download 1")
            .orElseThrow()
            .getString("message"));
    assertEquals(List.of(), files());
  }

  /** When the page is told, everything is gone already. */
  @Test
  void cancelStopsItAndLeavesNothing() throws Exception {
    try (Answer answer = startAndHold("")) {
      assertEquals(List.of(part(1)), files());
      assertEquals(204, page().send("DELETE", filePath(1), BodyHandlers.discarding()).statusCode());
      assertEnd(answer.end(), "cancelled", "requested", "somebody pressed Cancel in the page");
      assertEquals(List.of(), files());
    }
    assertEquals(404, fetch(1).statusCode());
    assertInTree("download 1", "cancelled", "requested");
  }

  @Test
  void cancelRemovesAlsoAFileThatIsReady() throws Exception {
    complete(QUERY);
    assertEquals(1, files().size());
    assertEquals(204, page().send("DELETE", filePath(1), BodyHandlers.discarding()).statusCode());
    assertEquals(List.of(), files());
    assertEquals(404, page().send("DELETE", filePath(1), BodyHandlers.discarding()).statusCode());
  }

  @Test
  void anotherDownloadTakesThePlaceOfTheOneBefore() throws Exception {
    try (Answer first = startAndHold("");
        Answer second = page().download(QUERY, "")) {
      assertEnd(first.end(), "cancelled", "superseded", "download 2 took its place");
      gate.open();
      assertEquals("complete", second.end().getString("how"));
    }
    assertEquals(Index.SHOWN, unpacked(fetch(2).body()).size());
    assertInTree("download 1", "cancelled", "superseded");
    assertInTree("download 2", "complete", "");
  }

  @Test
  void aNewerSearchDoesNotDisturbIt() throws Exception {
    try (Answer answer = startAndHold("")) {
      assertEquals(Index.SHOWN, pathsShown(QUERY).size());
      assertInTree("download 1", "running", "");
      gate.open();
      assertEquals("complete", answer.end().getString("how"));
    }
  }

  @Test
  void theDownloadOfAnotherPageDoesNotDisturbItEither() throws Exception {
    try (var other = new LivePage(address());
        Answer answer = startAndHold("")) {
      gate.open();
      try (Answer others = other.download(QUERY, "")) {
        assertEquals("complete", others.end().getString("how"));
      }
      assertEquals("complete", answer.end().getString("how"));
    }
  }

  @Test
  void aDeadlineEndsItAndIsNamed() throws Exception {
    gate.shutAfter(20);
    try (Answer answer = page().download(QUERY, "&timeout=100")) {
      assertEnd(
          answer.end(),
          "cancelled",
          "deadline exceeded",
          "the 100 ms deadline of \"download 1\" passed");
      assertEquals(List.of(), files());
    }
    assertInTree("download 1", "cancelled", "deadline exceeded");
  }

  @Test
  void whatFailsIsSaidAndLeavesNothing() throws Exception {
    try (Answer answer = startAndHold("")) {
      gate.breakOpen();
      assertEnd(answer.end(), "failed", "", "java.sql.SQLException: the disk is on fire");
      assertEquals(List.of(), files());
    }
    assertInTree("download 1", "failed", "");
  }

  @Test
  void closingThePageCancelsItsDownload() throws Exception {
    var other = new LivePage(address());
    String session = "session " + other.session();
    gate.shutAfter(20);
    try (Answer _ = other.download(QUERY, "")) {
      eventually("it is held up", () -> gate.held() > 0);
      assertEquals(1, files().size());
      other.close();
      eventually(
          "the page's session has ended",
          () ->
              page()
                  .node(session)
                  .filter(node -> "cancelled".equals(node.getString("state")))
                  .isPresent());
    }
    JsonObject download = page().node(session, "download 1").orElseThrow();
    assertEquals("disconnected", download.getString("reason"));
    assertEquals(List.of(), files());
  }

  @Test
  void aFileThatIsNeverFetchedGoesWithItsPage() throws Exception {
    var other = new LivePage(address());
    try (Answer answer = other.download(QUERY, "")) {
      assertEquals("complete", answer.end().getString("how"));
    }
    assertEquals(List.of("session-%s-download-1.zip".formatted(other.session())), files());
    other.close();
    eventually("its file is gone", () -> files().isEmpty());
  }

  @Test
  void aFileIsGoneOnceItWasFetched() throws Exception {
    complete(QUERY);
    assertEquals(1, files().size());
    assertEquals(200, fetch(1).statusCode());
    eventually("its file is gone", () -> files().isEmpty());
    HttpResponse<byte[]> again = fetch(1);
    assertEquals(404, again.statusCode());
    assertEquals(
        "There is no download 1, or not any more.",
        new JsonObject(new String(again.body(), StandardCharsets.UTF_8)).getString("message"));
  }

  /** The connection on which the page heard that it is ready is of no use any more. */
  @Test
  void aFileOutlivesTheConnectionThatAskedForIt() throws Exception {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), address().getPort())) {
      String request =
          "POST /%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
              .formatted(page().downloadPath(QUERY));
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(answer.contains("\"how\":\"complete\""), answer);
    }
    assertEquals(Index.SHOWN, unpacked(fetch(1).body()).size());
  }

  @Test
  void twoAfterEachOtherAreBothThere() throws Exception {
    complete(QUERY);
    complete("line 8 ");
    assertEquals(Index.SHOWN, unpacked(fetch(1).body()).size());
    assertEquals(Index.SHOWN, unpacked(fetch(2).body()).size());
  }

  @Test
  void theDeskStopsADownloadInHandAndCountsIt() throws Exception {
    try (Answer answer = startAndHold("")) {
      assertEquals(List.of(part(1)), files());
      Desk.Stopped stopped = desk().stop(Duration.ZERO);
      assertEquals(1, stopped.inHand());
      assertEquals(1, stopped.downloads());
      assertEquals(1, stopped.cancelled());
      assertEquals(0, stopped.deaf());
      assertEquals(List.of(), files());
      assertEnd(answer.end(), "cancelled", "shutdown", "the search desk is stopping");
    }
  }

  @Test
  void theDeskGivesADownloadItsGraceTime() throws Exception {
    try (Answer answer = startAndHold("")) {
      var stopped = new CompletableFuture<Desk.Stopped>();
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  stopped.complete(desk().stop(Eventually.BOUND));
                } catch (InterruptedException e) {
                  stopped.completeExceptionally(e);
                }
              });
      eventually("it stops", () -> desk().isStopping());
      HttpResponse<String> refused =
          page().send("POST", page().downloadPath(QUERY), BodyHandlers.ofString());
      assertEquals(503, refused.statusCode());
      gate.open();
      assertEquals("complete", answer.end().getString("how"));
      assertEquals(1, stopped.get().inHand());
      assertEquals(0, stopped.get().cancelled());
    }
    assertEquals(List.of(), files());
  }

  @Test
  void oddInputIsAnsweredInWords() throws Exception {
    var refused = new ArrayList<String>();
    for (String path :
        List.of(
            "POST api/zip?session=none&q=a",
            "POST " + page().downloadPath("   "),
            "POST " + page().downloadPath("a") + "&timeout=soon",
            "GET api/zip/1?session=none",
            "GET " + filePath(1),
            "GET api/zip/..%2F..%2Fetc?session=" + page().session(),
            "GET api/zip/99999999999?session=" + page().session(),
            "DELETE " + filePath(1),
            "PUT " + filePath(1),
            "GET " + page().downloadPath("a"))) {
      String[] parts = path.split(" ", 2);
      HttpResponse<String> response = page().send(parts[0], parts[1], BodyHandlers.ofString());
      assertTrue(new JsonObject(response.body()).getString("message").length() > 20);
      refused.add(response.statusCode() + " " + parts[0]);
    }
    assertEquals(
        List.of(
            "400 POST",
            "400 POST",
            "400 POST",
            "400 GET",
            "404 GET",
            "404 GET",
            "404 GET",
            "404 DELETE",
            "404 PUT",
            "404 GET"),
        refused);
    try (Answer answer = page().download("nothing like it", "")) {
      assertEnd(answer.end(), "failed", "", "no line contains “nothing like it”");
    }
  }
}
