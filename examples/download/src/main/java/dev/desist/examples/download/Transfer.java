package dev.desist.examples.download;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.concurrent.Blocking;
import dev.desist.concurrent.Futures;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;

/**
 * Fetches one file, under the current token. If it is cancelled or fails on the way, what has come
 * is kept, and the next attempt goes on from there, provided that the server still has the same
 * version.
 */
final class Transfer {
  private final HttpClient client;
  private final Duration patience;
  private final Progress progress;

  /**
   * Made once for all files.
   *
   * @param patience how long nothing may come
   */
  Transfer(HttpClient client, Duration patience, Progress progress) {
    this.client = client;
    this.patience = patience;
    this.progress = progress;
  }

  Path fetch(URI uri, Path target) throws Exception {
    PartFile file = PartFile.of(target);
    try (var stall = Cancellation.current().child("patience")) {
      stall.cancelAfter(patience);
      return Cancellation.call(stall.token(), () -> fetch(uri, file, stall));
    } catch (CancelledException e) {
      if (e.reason() instanceof CancellationReason.DeadlineExceeded passed
          && "patience".equals(passed.owner())) {
        throw new IOException("nothing came for " + patience.toSeconds() + " s", e);
      }
      throw e;
    }
  }

  private Path fetch(URI uri, PartFile file, CancellationSource stall) throws Exception {
    long have = file.size();
    HttpRequest.Builder request = HttpRequest.newBuilder(uri);
    if (have > 0) {
      request.header("Range", "bytes=" + have + "-").header("If-Range", file.version());
    }
    HttpResponse<InputStream> response = send(request.build());
    try (InputStream body = response.body()) {
      switch (response.statusCode()) {
        case 200 -> have = 0;
        case 206 -> requireStart(response, have);
        case 416 -> {
          file.discard(); // more than there is: of another version, which had no other name
          return fetch(uri, file, stall);
        }
        default -> throw new IOException("the server answered " + response.statusCode());
      }
      long rest = response.headers().firstValueAsLong("Content-Length").orElse(-1);
      Progress.Bar bar = progress.bar(file.target(), have, rest < 0 ? -1 : have + rest);
      try (bar;
          OutputStream out = have > 0 ? file.goOn() : file.begin(version(response))) {
        long came =
            Blocking.closing(Cancellation.current(), body, () -> copy(body, out, bar, stall));
        if (rest >= 0 && came < rest) {
          throw new IOException("the connection ended after " + came + " of " + rest + " bytes");
        }
      }
    }
    file.finish();
    return file.target();
  }

  private HttpResponse<InputStream> send(HttpRequest request) throws Exception {
    var answer = client.sendAsync(request, BodyHandlers.ofInputStream());
    try {
      return Futures.awaitOrCancel(Cancellation.current(), answer);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException own) {
        throw own;
      }
      throw e;
    } catch (CancelledException | InterruptedException e) {
      var _ = answer.thenAccept(late -> close(late.body())); // it may have come after the cancel
      throw e;
    }
  }

  private static void close(InputStream late) {
    try {
      late.close();
    } catch (IOException e) {
      // nobody has asked for it any more
    }
  }

  private static void requireStart(HttpResponse<?> response, long start) throws IOException {
    String range = response.headers().firstValue("Content-Range").orElse("");
    if (!range.startsWith("bytes " + start + "-")) {
      throw new IOException("the server sent another part than was asked for: \"" + range + '"');
    }
  }

  /** What to ask for the same version by: a strong tag, or else the time of the last change. */
  private static Optional<String> version(HttpResponse<?> response) {
    return response
        .headers()
        .firstValue("ETag")
        .filter(tag -> !tag.startsWith("W/"))
        .or(() -> response.headers().firstValue("Last-Modified"));
  }

  private long copy(InputStream in, OutputStream out, Progress.Bar bar, CancellationSource stall)
      throws IOException {
    byte[] chunk = new byte[1 << 16];
    long came = 0;
    for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
      out.write(chunk, 0, n);
      came += n;
      bar.add(n);
      stall.cancelAfter(patience); // from now on
      Cancellation.checkpoint();
    }
    return came;
  }
}
