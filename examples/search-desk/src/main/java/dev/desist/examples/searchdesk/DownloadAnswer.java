package dev.desist.examples.searchdesk;

import io.vertx.core.json.JsonObject;
import java.util.Locale;

/** What the page hears of a download, in lines: begin, progress, and how it ended. */
final class DownloadAnswer implements Download.Answer {
  private final JsonLines lines;

  DownloadAnswer(JsonLines lines) {
    this.lines = lines;
  }

  @Override
  public void begin(int id, String name) {
    lines.write(new JsonObject().put("type", "begin").put("id", id).put("name", name), false);
  }

  @Override
  public void progress(DownloadProgress progress) {
    lines.write(progress.toJson().put("type", "progress"), false);
  }

  @Override
  public void end(Download.Ending ending) {
    lines.write(
        ending
            .packed()
            .toJson()
            .put("type", "end")
            .put("how", ending.how().name().toLowerCase(Locale.ROOT))
            .put("reason", ending.reason())
            .put("message", ending.message()),
        true);
  }
}
