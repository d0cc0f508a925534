package dev.desist.examples.searchdesk;

import dev.desist.examples.searchdesk.Query.Range;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Locale;

/** The answer to a search, in lines. */
final class SearchAnswer implements Search.Answer {
  private final JsonLines lines;
  private final Index index;

  SearchAnswer(JsonLines lines, Index index) {
    this.lines = lines;
    this.index = index;
  }

  /** Tells the page that its request arrived, before anything is found. */
  void begin() {
    lines.write(new JsonObject().put("type", "begin"), false);
  }

  @Override
  public void hits(List<Hit> hits, long count, long scanned) {
    var list = new JsonArray();
    hits.forEach(hit -> list.add(json(hit)));
    lines.write(
        new JsonObject()
            .put("type", "hits")
            .put("hits", list)
            .put("count", count)
            .put("scanned", (double) scanned / Math.max(1, index.lines())),
        false);
  }

  @Override
  public void end(Search.Ending ending) {
    lines.write(
        new JsonObject()
            .put("type", "end")
            .put("how", ending.how().name().toLowerCase(Locale.ROOT))
            .put("count", ending.count())
            .put("millis", ending.took().toMillis())
            .put("reason", ending.reason())
            .put("message", ending.message()),
        true);
  }

  private static JsonObject json(Hit hit) {
    var matches = new JsonArray();
    for (Range range : hit.matches()) {
      matches.add(new JsonArray().add(range.start()).add(range.end()));
    }
    return new JsonObject()
        .put("path", hit.path())
        .put("line", hit.line())
        .put("text", hit.text())
        .put("matches", matches)
        .put("cutBefore", hit.cutBefore())
        .put("cutAfter", hit.cutAfter());
  }
}
