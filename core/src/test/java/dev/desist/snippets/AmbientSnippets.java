package dev.desist.snippets;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

final class AmbientSnippets {
  // @start region="ambient"
  static void handle(CancellationSource request, Executor pool) {
    Cancellation.run(
        request.token(),
        () -> {
          Cancellation.Carrier carried = Cancellation.carrier();
          pool.execute(() -> carried.call(AmbientSnippets::step)); // on the pool's thread
          step();
        });
  }

  static void step() {
    Cancellation.checkpoint(); // throws CancelledException once the request is cancelled
  }

  // @end

  // @start region="carry"
  static CompletableFuture<String> show(Executor pool, Supplier<String> load) {
    Cancellation.Carrier carried = Cancellation.carrier();
    return CompletableFuture.supplyAsync(() -> carried.call(load::get), pool)
        .thenApply(text -> carried.call(() -> layOut(text)));
  }

  // @end

  private static String layOut(String text) {
    Cancellation.checkpoint();
    return text.strip();
  }

  // @start region="shield"
  static void giveBack(Connection connection, List<String> log) throws SQLException {
    Cancellation.shielded(
        () -> {
          connection.rollback();
          log.add("given back");
        });
    Cancellation.shielded(connection::close);
  }

  // @end

  static void cleanUp() throws InterruptedException {
    Cancellation.sleep(Duration.ofMillis(1));
  }

  private AmbientSnippets() {}
}
