package dev.desist.snippets;

import dev.desist.CancellationToken;
import dev.desist.concurrent.Blocking;
import dev.desist.concurrent.Futures;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

final class FuturesSnippets {
  private FuturesSnippets() {}

  // @start region="submit"
  static CompletableFuture<Integer> count(
      CancellationToken token, Executor pool, Callable<String> page) {
    return Futures.submit(token, pool, page)
        .thenApply(String::length)
        .orTimeout(2, TimeUnit.SECONDS); // which now stops the work, too
  }

  // @end

  // @start region="under"
  static CompletableFuture<String> fetch(
      CancellationToken token, HttpClient client, HttpRequest request) {
    return Futures.under(token, client.sendAsync(request, HttpResponse.BodyHandlers.ofString()))
        .thenApply(HttpResponse::body);
  }

  // @end

  // @start region="download"
  static long download(
      CancellationToken token, HttpClient client, HttpRequest request, OutputStream target)
      throws Exception {
    var answer = client.sendAsync(request, HttpResponse.BodyHandlers.ofInputStream());
    try {
      InputStream body = Futures.awaitOrCancel(token, answer).body();
      return Blocking.closing(token, body, () -> body.transferTo(target));
    } finally {
      var _ = answer.thenAccept(late -> close(late.body())); // it may have come after the cancel
    }
  }

  // @end

  private static void close(InputStream body) {
    try {
      body.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
