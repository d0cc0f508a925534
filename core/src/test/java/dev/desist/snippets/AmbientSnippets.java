package dev.desist.snippets;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import java.time.Duration;
import java.util.concurrent.Executor;

final class AmbientSnippets {
  // @start region="ambient"
  static void handle(CancellationSource request, Executor pool) {
    Cancellation.run(
        request.token(),
        () -> {
          pool.execute(Cancellation.wrap(AmbientSnippets::step)); // carried to the pool's thread
          step();
        });
  }

  static void step() {
    Cancellation.checkpoint(); // throws CancelledException once the request is cancelled
  }

  // @end

  static void cleanUp() throws InterruptedException {
    Cancellation.sleep(Duration.ofMillis(1));
  }

  private AmbientSnippets() {}
}
