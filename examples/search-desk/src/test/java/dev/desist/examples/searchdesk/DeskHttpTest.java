package dev.desist.examples.searchdesk;

import static dev.desist.examples.searchdesk.Eventually.eventually;
import static dev.desist.examples.searchdesk.Eventually.within;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.examples.searchdesk.LivePage.Answer;
import io.vertx.core.json.JsonObject;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/** The desk as a page sees it, through real HTTP, on a source whose scans take a while. */
@TestInstance(Lifecycle.PER_CLASS)
class DeskHttpTest {
  /** What a source that is scanned anyway contains many times, in any case. */
  private static final String COMMON = "co";

  private Optional<Source> source = Optional.empty();
  private Optional<Desk> desk = Optional.empty();
  private Optional<WebServer> web = Optional.empty();
  private Optional<LivePage> opened = Optional.empty();

  @BeforeAll
  void start() throws Exception {
    var options =
        new Options(0, Optional.empty(), Sources.CACHE, Duration.ofSeconds(1), false, false);
    source = Optional.of(Source.of(Sources.big()));
    desk = Optional.of(new Desk(source.get(), options, _ -> {}));
    web = Optional.of(new WebServer(desk.get(), 0));
    desk.get().indexJob().start();
    within(
        Duration.ofMinutes(3),
        "the source is read",
        () -> desk.get().indexJob().index().isPresent());
  }

  @AfterAll
  void stop() throws Exception {
    Desk.Stopped stopped = desk.orElseThrow().stop(Duration.ZERO);
    web.orElseThrow().close();
    source.orElseThrow().close();
    assertEquals(0, stopped.deaf());
  }

  @BeforeEach
  void openPage() throws Exception {
    opened = Optional.of(new LivePage(address()));
  }

  @AfterEach
  void closePage() throws Exception {
    page().close();
    eventually(
        "nothing runs",
        () -> desk.orElseThrow().picture().getJsonObject("counters").getInteger("running") == 0);
  }

  private URI address() {
    return URI.create("http://localhost:" + web.orElseThrow().port() + "/");
  }

  private LivePage page() {
    return opened.orElseThrow();
  }

  private String session() {
    return "session " + page().session();
  }

  @Test
  void aNewerRequestStopsTheOneBefore() throws Exception {
    try (Answer first = page().search(1, COMMON, "");
        Answer second = page().search(2, "completablefuture", "")) {
      JsonObject firstEnd = first.end();
      assertEquals("cancelled", firstEnd.getString("how"));
      assertEquals("superseded", firstEnd.getString("reason"));
      assertEquals("request 2 took its place", firstEnd.getString("message"));
      JsonObject secondEnd = second.end();
      assertEquals("complete", secondEnd.getString("how"));
      assertTrue(secondEnd.getLong("count") > 0);
    }
    eventually(
        "the tree shows both",
        () ->
            page().node(session(), "request 1").filter(hasState("cancelled")).isPresent()
                && page()
                    .node(session(), "request 2", "statement")
                    .filter(hasState("complete"))
                    .isPresent());
    JsonObject first = page().node(session(), "request 1").orElseThrow();
    assertEquals("superseded", first.getString("reason"));
    assertTrue(first.getDouble("stopMillis") >= 0);
  }

  @Test
  void withCancellationOffAllRunToTheirEnd() throws Exception {
    try (Answer first = page().search(1, COMMON, "&cancellation=off");
        Answer second = page().search(2, COMMON, "&cancellation=off")) {
      assertEquals("complete", first.end().getString("how"));
      assertEquals("complete", second.end().getString("how"));
    }
  }

  @Test
  void aRequestOvertakenOnTheWayDoesNotRun() throws Exception {
    try (Answer newer = page().search(8, COMMON, "");
        Answer older = page().search(7, COMMON, "")) {
      assertEquals("superseded", older.end().getString("reason"));
      assertEquals("complete", newer.end().getString("how"));
    }
  }

  @Test
  void aDeadlineEndsASearchAndIsNamed() throws Exception {
    try (Answer answer = page().search(1, COMMON, "&timeout=5")) {
      JsonObject end = answer.end();
      assertEquals("cancelled", end.getString("how"));
      assertEquals("deadline exceeded", end.getString("reason"));
      assertTrue(end.getString("message").contains("5 ms"), end::encode);
      assertTrue(end.getString("message").contains("request 1"), end::encode);
    }
  }

  /** All workers are busy, so it waits; its deadline passes, and it never starts. */
  @Test
  void workThatIsCancelledWhileItWaitsNeverStarts() throws Exception {
    var busy = new ArrayList<Answer>();
    for (int i = 1; i <= 3 * Runtime.getRuntime().availableProcessors(); i++) {
      busy.add(page().search(i, COMMON, "&cancellation=off"));
    }
    try (Answer answer = page().search(100, "waiting", "&cancellation=off&timeout=5")) {
      assertEquals("deadline exceeded", answer.end().getString("reason"));
    }
    eventually(
        "the tree shows it",
        () -> page().node(session(), "request 100").filter(hasState("cancelled")).isPresent());
    assertEquals(Optional.empty(), page().node(session(), "request 100", "statement"));
    for (Answer answer : busy) {
      answer.close();
    }
  }

  @Test
  void anAbortedRequestIsCancelled() throws Exception {
    page().search(1, COMMON, "").close();
    eventually(
        "the tree shows it",
        () -> page().node(session(), "request 1").filter(hasState("cancelled")).isPresent());
    JsonObject request = page().node(session(), "request 1").orElseThrow();
    assertEquals("disconnected", request.getString("reason"));
    assertEquals("the page gave up request 1", request.getString("message"));
  }

  /** Its requests go with it, those that asked for no cancellation too. */
  @Test
  void closingAPageCancelsItsWorkWithinASecond() throws Exception {
    var answers = new ArrayList<Answer>();
    var other = new LivePage(address());
    String session = "session " + other.session();
    for (int i = 1; i <= 12; i++) {
      answers.add(other.search(i, COMMON, "&cancellation=off"));
    }
    other.close();
    within(
        Duration.ofSeconds(1),
        "the closed page's session has stopped",
        () -> page().node(session).filter(hasState("cancelled")).isPresent());
    JsonObject node = page().node(session).orElseThrow();
    assertEquals("disconnected", node.getString("reason"));
    assertEquals("its page was closed", node.getString("message"));
    for (Answer answer : answers) {
      answer.close();
    }
  }

  @Test
  void oddInputIsAnsweredInWords() throws Exception {
    assertRefused(400, "spaces alone", page().path(1, "   "));
    assertRefused(
        400, "at most 200 characters, this one has 5,000", page().path(1, "x".repeat(5_000)));
    assertRefused(400, "U+0000", page().path(1, "a\u0000"));
    assertRefused(400, "session must be one", "api/search?session=none&sequence=1&q=a");
    assertRefused(
        400, "sequence must be a whole number", "api/search?session=" + page().session() + "&q=a");
    assertRefused(400, "timeout must be a whole number", page().path(1, "a") + "&timeout=-1");
    assertRefused(404, "There is nothing at /etc/passwd", "etc/passwd");
    assertRefused(
        404,
        "There is no line 1 in ../../etc/passwd",
        "api/file?session=" + page().session() + "&path=../../etc/passwd&line=1");
  }

  private void assertRefused(int status, String words, String path) throws Exception {
    HttpResponse<String> response = page().get(path, BodyHandlers.ofString());
    assertEquals(status, response.statusCode());
    String message = new JsonObject(response.body()).getString("message");
    assertTrue(message.contains(words), message);
  }

  @Test
  void aHitLeadsToItsFile() throws Exception {
    String line;
    try (Answer answer = page().search(1, "completablefuture", "")) {
      line =
          new String(answer.body().readAllBytes(), StandardCharsets.UTF_8)
              .lines()
              .filter(text -> text.contains("\"hits\":[{"))
              .findFirst()
              .orElseThrow();
    }
    JsonObject hit = new JsonObject(line).getJsonArray("hits").getJsonObject(0);
    String path =
        "api/file?session=%s&path=%s&line=%d"
            .formatted(page().session(), hit.getString("path"), hit.getLong("line"));
    JsonObject file = new JsonObject(page().get(path, BodyHandlers.ofString()).body());
    int at = (int) (hit.getLong("line") - file.getLong("first"));
    assertTrue(file.getJsonArray("lines").getString(at).contains(hit.getString("text")));
  }

  @Test
  void whatWasSavedIsKnownOnceSomethingWasComplete() throws Exception {
    try (Answer first = page().search(1, COMMON, "");
        Answer second = page().search(2, COMMON, "")) {
      first.end();
      second.end();
    }
    eventually(
        "the counters show it",
        () -> {
          JsonObject counters = page().last("desk").orElseThrow().getJsonObject("counters");
          return counters.getInteger("complete") > 0
              && counters.getInteger("cancelled") + counters.getInteger("neverStarted") > 0
              && counters.getDouble("secondsSaved") > 0
              && counters.getDouble("secondsSpent") > 0;
        });
  }

  @Test
  void pagesOfOtherSitesAreRefused() throws Exception {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), web.orElseThrow().port())) {
      socket
          .getOutputStream()
          .write(
              "GET /api/live HTTP/1.1\r\nHost: evil.example\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      var answer = new byte[12];
      assertEquals(12, socket.getInputStream().readNBytes(answer, 0, 12));
      assertEquals("HTTP/1.1 403", new String(answer, StandardCharsets.US_ASCII));
    }
  }

  private static Predicate<JsonObject> hasState(String state) {
    return node -> List.of(state).contains(node.getString("state"));
  }
}
