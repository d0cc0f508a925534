package dev.desist.examples.searchdesk;

import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
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
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Uses the desk as a page does, through HTTP: opens a session, searches, and while that runs
 * searches again.
 */
final class HeadlessCheck {
  private static final String FIRST = "complet";
  private static final String SECOND = "completablefuture";

  private final String address;
  private final Consumer<String> output;

  HeadlessCheck(String address, Consumer<String> output) {
    this.address = address;
    this.output = output;
  }

  /** {@return whether the desk did what it should} */
  boolean passes() throws InterruptedException {
    try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        InputStream live = get(client, "api/live", BodyHandlers.ofInputStream()).body()) {
      String session = session(live);
      // The answer's head arrives before anything is found; its lines are read below.
      try (Stream<String> first = search(client, session, 1, FIRST);
          Stream<String> second = search(client, session, 2, SECOND)) {
        JsonObject firstEnd = report(FIRST, first);
        JsonObject secondEnd = report(SECOND, second);
        return firstEnd.getString("how").matches("cancelled|complete")
            && secondEnd.getString("how").equals("complete");
      }
    } catch (IOException e) {
      output.accept("The check failed: " + e);
      return false;
    }
  }

  private static String session(InputStream live) throws IOException {
    var lines = new BufferedReader(new InputStreamReader(live, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.startsWith("data: ")) {
        return new JsonObject(line.substring("data: ".length())).getString("session");
      }
    }
    throw new IOException("the live feed ended before it said hello");
  }

  private Stream<String> search(HttpClient client, String session, int sequence, String text)
      throws IOException, InterruptedException {
    String path =
        "api/search?session=%s&sequence=%d&q=%s"
            .formatted(session, sequence, URLEncoder.encode(text, StandardCharsets.UTF_8));
    return get(client, path, BodyHandlers.ofLines()).body();
  }

  private <T> HttpResponse<T> get(
      HttpClient client, String path, HttpResponse.BodyHandler<T> handler)
      throws IOException, InterruptedException {
    HttpResponse<T> response =
        client.send(HttpRequest.newBuilder(URI.create(address + path)).build(), handler);
    if (response.statusCode() != 200) {
      throw new IOException(path + " was answered with " + response.statusCode());
    }
    return response;
  }

  private JsonObject report(String text, Stream<String> answer) throws IOException {
    JsonObject end =
        answer
            .map(JsonObject::new)
            .filter(line -> line.getString("type").equals("end"))
            .findFirst()
            .orElseThrow(() -> new IOException("the answer to \"" + text + "\" has no end"));
    output.accept(
        switch (end.getString("how")) {
          case "complete" ->
              "\"%s\": complete, found %,d lines in %d ms"
                  .formatted(text, end.getLong("count"), end.getLong("millis"));
          case "cancelled" ->
              "\"%s\": cancelled after %d ms (%s: %s)"
                  .formatted(
                      text,
                      end.getLong("millis"),
                      end.getString("reason"),
                      end.getString("message"));
          default -> "\"%s\": failed: %s".formatted(text, end.getString("message"));
        });
    return end;
  }
}
