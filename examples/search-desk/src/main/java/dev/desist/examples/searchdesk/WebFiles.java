package dev.desist.examples.searchdesk;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;

/** The page itself, from the class path, kept in memory. */
final class WebFiles {
  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "js", "text/javascript; charset=utf-8",
          "svg", "image/svg+xml");

  private static final String[] NAMES = {
    "index.html",
    "desk.css",
    "icon.svg",
    "desk.js",
    "search.js",
    "download.js",
    "live.js",
    "viewer.js",
    "text.js"
  };

  private final Map<String, Buffer> contents;

  private WebFiles(Map<String, Buffer> contents) {
    this.contents = contents;
  }

  static WebFiles load() {
    var contents = new HashMap<String, Buffer>();
    for (String name : NAMES) {
      try (InputStream file = WebFiles.class.getResourceAsStream("/web/" + name)) {
        if (file == null) {
          throw new IllegalStateException("the page lacks " + name);
        }
        contents.put("/" + name, Buffer.buffer(file.readAllBytes()));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return new WebFiles(contents);
  }

  /** {@return whether there is such a file; if so, it is sent} */
  boolean send(String path, HttpServerResponse response) {
    String name = path.equals("/") ? "/index.html" : path;
    Buffer content = contents.get(name);
    if (content == null) {
      return false;
    }
    String extension = name.substring(name.lastIndexOf('.') + 1);
    response
        .putHeader("Content-Type", TYPES.getOrDefault(extension, "application/octet-stream"))
        .end(content);
    return true;
  }
}
