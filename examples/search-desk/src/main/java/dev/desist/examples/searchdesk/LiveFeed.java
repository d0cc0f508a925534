package dev.desist.examples.searchdesk;

import dev.desist.CancellationReason;
import io.vertx.core.CompositeFuture;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;

/**
 * Keeps every open page informed, by server-sent events, and notices when one is closed: a session
 * lasts as long as its connection. All state belongs to the event loop, of which there is one.
 */
final class LiveFeed {
  private static final long PACE_MILLIS = 100;

  /** Written when nothing else was for so long, so that a dead connection is noticed. */
  private static final int QUIET_TICKS = 100;

  private final Context context;
  private final Desk desk;
  private final Map<String, Page> pages = new HashMap<>();

  LiveFeed(Vertx vertx, Desk desk) {
    this.context = vertx.getOrCreateContext();
    this.desk = desk;
    context.runOnContext(_ -> vertx.setPeriodic(PACE_MILLIS, _ -> tick()));
  }

  private static final class Page {
    private final HttpServerResponse response;
    private final Map<String, String> last = new HashMap<>();
    private int quiet;

    Page(HttpServerResponse response) {
      this.response = response;
    }

    /** Sends an event, unless the page knows it already. */
    void send(String event, JsonObject data) {
      String text = data.encode();
      if (!text.equals(last.put(event, text))) {
        response.write("event: " + event + "\ndata: " + text + "\n\n");
        quiet = 0;
      } else if (++quiet >= QUIET_TICKS) {
        response.write(": still here\n\n");
        quiet = 0;
      }
    }
  }

  /** Opens a session for the page that asks; it ends with the connection. */
  void open(HttpServerResponse response) {
    String id = desk.openSession();
    response
        .putHeader("Content-Type", "text/event-stream")
        .putHeader("Cache-Control", "no-store")
        .setChunked(true);
    response.closeHandler(
        _ -> {
          pages.remove(id);
          desk.closeSession(id, CancellationReason.disconnected("its page was closed"));
        });
    var page = new Page(response);
    pages.put(id, page);
    page.send(
        "hello",
        new JsonObject()
            .put("session", id)
            .put("source", desk.source().title())
            .put("classesOnly", desk.source().isClassesOnly())
            .put("shown", Index.SHOWN)
            .put("longest", Query.LONGEST));
    inform(page);
  }

  private void tick() {
    pages.values().forEach(this::inform);
  }

  private void inform(Page page) {
    JsonObject index = desk.indexJob().status().toJson();
    desk.indexJob()
        .index()
        .ifPresent(ready -> index.put("files", ready.files()).put("lines", ready.lines()));
    page.send("index", index);
    page.send("desk", desk.picture());
  }

  /** {@return when every page was sent a goodbye} */
  Future<CompositeFuture> sayGoodbye(String message) {
    Promise<CompositeFuture> said = Promise.promise();
    context.runOnContext(
        _ -> {
          var writes = new ArrayList<Future<Void>>();
          String data = new JsonObject().put("message", message).encode();
          pages
              .values()
              .forEach(
                  page ->
                      writes.add(page.response.write("event: goodbye\ndata: " + data + "\n\n")));
          Future.join(writes).onComplete(said);
        });
    return said.future();
  }
}
