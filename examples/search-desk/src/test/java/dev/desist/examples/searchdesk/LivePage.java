package dev.desist.examples.searchdesk;

import static dev.desist.examples.searchdesk.Eventually.eventually;

import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** A page without a browser: holds the live feed open and searches. */
final class LivePage implements AutoCloseable {
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final URI address;
  private final InputStream feed;
  private final Map<String, JsonObject> last = new ConcurrentHashMap<>();

  LivePage(URI address) throws IOException, InterruptedException {
    this.address = address;
    this.feed = get("api/live", BodyHandlers.ofInputStream()).body();
    Thread.ofVirtual().start(this::read);
    eventually("the desk says hello", () -> last.containsKey("hello"));
  }

  private void read() {
    try (var lines = new BufferedReader(new InputStreamReader(feed, StandardCharsets.UTF_8))) {
      String event = "";
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("event: ")) {
          event = line.substring("event: ".length());
        } else if (line.startsWith("data: ")) {
          last.put(event, new JsonObject(line.substring("data: ".length())));
        }
      }
    } catch (IOException _) {
      // Closed, by this page or by the desk.
    }
  }

  String session() {
    return last("hello").orElseThrow().getString("session");
  }

  /** {@return the data of the newest event of this kind} */
  Optional<JsonObject> last(String event) {
    return Optional.ofNullable(last.get(event));
  }

  /** {@return the newest picture of a node, found by the names from the server down to it} */
  Optional<JsonObject> node(String... names) {
    Optional<JsonObject> node = last("desk").map(desk -> desk.getJsonObject("tree"));
    for (String name : names) {
      node = node.flatMap(above -> child(above, name));
    }
    return node;
  }

  private static Optional<JsonObject> child(JsonObject node, String name) {
    return children(node).filter(child -> child.getString("name").equals(name)).findFirst();
  }

  private static Stream<JsonObject> children(JsonObject node) {
    return node.getJsonArray("children").stream().map(JsonObject.class::cast);
  }

  /** {@return whether, as far as this page was told, no request of any page waits or runs} */
  boolean isIdle() {
    return last("desk").stream()
        .flatMap(desk -> children(desk.getJsonObject("tree")))
        .flatMap(LivePage::children)
        .allMatch(
            request ->
                Set.of("complete", "cancelled", "failed").contains(request.getString("state")));
  }

  int counter(String name) {
    return last("desk").map(desk -> desk.getJsonObject("counters").getInteger(name)).orElse(0);
  }

  /** An answer on its way; closing it closes the connection, as a browser that aborts does. */
  record Answer(InputStream body) implements AutoCloseable {
    /** {@return the next line, waited for} */
    JsonObject next() throws IOException {
      var line = new ByteArrayOutputStream();
      for (int c = body.read(); c != '\n'; c = body.read()) {
        if (c < 0) {
          throw new EOFException("the answer has ended");
        }
        line.write(c);
      }
      return new JsonObject(line.toString(StandardCharsets.UTF_8));
    }

    /** {@return the last line} */
    JsonObject end() throws IOException {
      String[] lines = new String(body.readAllBytes(), StandardCharsets.UTF_8).split("\n", -1);
      return new JsonObject(lines[lines.length - 2]);
    }

    @Override
    public void close() throws IOException {
      body.close();
    }
  }

  Answer search(int sequence, String query, String more) throws IOException, InterruptedException {
    return new Answer(get(path(sequence, query) + more, BodyHandlers.ofInputStream()).body());
  }

  String path(int sequence, String query) {
    return "api/search?session=%s&sequence=%d&q=%s"
        .formatted(session(), sequence, URLEncoder.encode(query, StandardCharsets.UTF_8));
  }

  /** Starts a download. */
  Answer download(String query, String more) throws IOException, InterruptedException {
    return new Answer(
        send("POST", downloadPath(query) + more, BodyHandlers.ofInputStream()).body());
  }

  String downloadPath(String query) {
    return "api/zip?session=%s&q=%s"
        .formatted(session(), URLEncoder.encode(query, StandardCharsets.UTF_8));
  }

  <T> HttpResponse<T> send(String method, String path, HttpResponse.BodyHandler<T> handler)
      throws IOException, InterruptedException {
    return client.send(
        HttpRequest.newBuilder(address.resolve("/" + path))
            .method(method, HttpRequest.BodyPublishers.noBody())
            .build(),
        handler);
  }

  <T> HttpResponse<T> get(String path, HttpResponse.BodyHandler<T> handler)
      throws IOException, InterruptedException {
    return send("GET", path, handler);
  }

  @Override
  public void close() throws IOException {
    feed.close();
    client.shutdownNow();
  }
}
