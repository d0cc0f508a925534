package dev.desist.snippets;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import java.time.Duration;
import java.util.function.Consumer;

final class SourceSnippets {
  // @start region="source"
  static void serve(CancellationToken server, Consumer<CancellationToken> handler) {
    try (CancellationSource request = server.child("request")) {
      request.cancelAfter(Duration.ofSeconds(5));
      handler.accept(request.token());
    } // whatever the handler left running under this token is told to stop
  }

  // @end

  private SourceSnippets() {}
}
