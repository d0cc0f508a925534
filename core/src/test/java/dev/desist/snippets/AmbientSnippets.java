package dev.desist.snippets;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
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

  // @start region="shield"
  static void giveBack(Connection connection, List<String> log) throws Exception {
    Cancellation.shielded(
        () -> {
          connection.rollback(); // has two forms: connection::rollback would be ambiguous
          connection.close(); // throws SQLException, which a Runnable must not
          return null;
        });
    Cancellation.shielded(
        () -> {
          log.add("given back"); // as a block it is a Runnable; () -> log.add("…") is a Callable
        });
  }

  // @end

  static void cleanUp() throws InterruptedException {
    Cancellation.sleep(Duration.ofMillis(1));
  }

  private AmbientSnippets() {}
}
