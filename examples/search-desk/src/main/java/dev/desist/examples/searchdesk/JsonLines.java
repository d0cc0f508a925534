package dev.desist.examples.searchdesk;

import io.vertx.core.Context;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;

/** An answer on its way: one JSON object per line, from any thread, written on the event loop. */
final class JsonLines {
  private final Context context;
  private final HttpServerResponse response;

  /**
   * @param context of the event loop that has the response
   */
  JsonLines(Context context, HttpServerResponse response) {
    this.context = context;
    this.response = response;
    response.putHeader("Content-Type", "application/x-ndjson").setChunked(true);
  }

  /** Writes a line, unless the page no longer wants it. */
  void write(JsonObject line, boolean last) {
    String text = line.encode() + "\n";
    context.runOnContext(
        _ -> {
          if (response.ended() || response.closed()) {
            return;
          }
          if (last) {
            response.end(text);
          } else {
            response.write(text);
          }
        });
  }
}
