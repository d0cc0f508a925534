package dev.desist.snippets;

import dev.desist.Deadline;
import dev.desist.concurrent.Clause;
import dev.desist.concurrent.Event;
import dev.desist.concurrent.Select;
import dev.desist.concurrent.SelectableQueue;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

final class SelectSnippets {
  // @start region="select"
  static String quote(CompletableFuture<String> fresh, Event<String> cached)
      throws InterruptedException {
    var patience = Deadline.after(Duration.ofMillis(200));
    return Select.biased(
            Clause.completed(fresh, price -> price),
            Clause.set(cached, price -> price + " (of yesterday)"),
            Clause.passed(patience, () -> "not known"))
        .await();
  }

  // @end

  // @start region="queues"
  static void work(SelectableQueue<Runnable> urgent, SelectableQueue<Runnable> normal)
      throws InterruptedException {
    var next =
        Select.biased(Clause.taken(urgent, task -> task), Clause.taken(normal, task -> task));
    while (true) {
      next.await().run(); // until the current token is cancelled
    }
  }

  // @end

  private SelectSnippets() {}
}
