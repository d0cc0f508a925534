package dev.desist.examples.download;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;

/**
 * Serves one file at {@code /data.bin}, with ranges and versions, and can be made to hold back what
 * comes after a certain number of bytes.
 */
final class FileServer implements AutoCloseable {
  private final HttpServer server;
  final List<String> ranges = new CopyOnWriteArrayList<>();
  volatile byte[] content;
  volatile String version = "\"v1\"";
  volatile boolean knowsRanges = true;

  /** After so many bytes of an answer, the server waits for {@link #release}. */
  volatile int holdAfter = Integer.MAX_VALUE;

  final CountDownLatch release = new CountDownLatch(1);

  FileServer(byte[] content) throws IOException {
    this.content = content;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 5);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/data.bin", this::answer);
    server.start();
  }

  URI uri() {
    return uri("/data.bin");
  }

  URI uri(String path) {
    return URI.create("http://localhost:" + server.getAddress().getPort() + path);
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String range = exchange.getRequestHeaders().getFirst("Range");
      String condition = exchange.getRequestHeaders().getFirst("If-Range");
      ranges.add(range == null ? "all" : range);
      exchange.getResponseHeaders().set("ETag", version);
      int start = 0;
      if (range != null && knowsRanges && version.equals(condition)) {
        start = Integer.parseInt(range.substring("bytes=".length(), range.length() - 1));
        exchange
            .getResponseHeaders()
            .set(
                "Content-Range",
                "bytes " + start + "-" + (content.length - 1) + "/" + content.length);
      }
      int rest = content.length - start;
      exchange.sendResponseHeaders(start > 0 ? 206 : 200, rest);
      int first = Math.min(rest, holdAfter);
      OutputStream out = exchange.getResponseBody();
      out.write(content, start, first);
      out.flush();
      if (first < rest) {
        release.await();
        out.write(content, start + first, rest - first);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    release.countDown();
    server.stop(0);
  }
}
