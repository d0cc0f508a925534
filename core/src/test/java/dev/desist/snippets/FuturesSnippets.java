package dev.desist.snippets;

import dev.desist.CancellationToken;
import dev.desist.concurrent.Futures;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

final class FuturesSnippets {
  // @start region="supply"
  static CompletableFuture<String> title(CancellationToken token, Executor pool, Report report) {
    return Futures.supplyAsync(token, pool, report::load)
        .thenApply(String::strip)
        .orTimeout(2, TimeUnit.SECONDS); // stops the loading too
  }

  // @end

  // @start region="link"
  static CompletableFuture<HttpResponse<String>> fetch(
      CancellationToken token, HttpClient client, HttpRequest request) {
    return Futures.cancelWith(token, client.sendAsync(request, BodyHandlers.ofString()));
  }

  // @end

  interface Report {
    String load() throws Exception;
  }

  private FuturesSnippets() {}
}
