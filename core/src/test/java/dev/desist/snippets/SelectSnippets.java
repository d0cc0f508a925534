package dev.desist.snippets;

import dev.desist.CancellationToken;
import dev.desist.Deadline;
import dev.desist.concurrent.Clause;
import dev.desist.concurrent.Select;
import dev.desist.concurrent.SelectableQueue;
import java.time.Duration;

final class SelectSnippets {
  // @start region="select"
  static String next(
      CancellationToken token, SelectableQueue<String> requests, CancellationToken shutdown)
      throws InterruptedException {
    var idle = Deadline.after(Duration.ofMinutes(1));
    return Select.biased(
            Clause.cancelled(shutdown, reason -> "goodbye, because " + reason.message()),
            Clause.taken(requests, request -> "the answer to " + request),
            Clause.passed(idle, () -> "are you still there?"))
        .await(token);
  }

  // @end

  // @start region="queues"
  static void work(
      CancellationToken token, SelectableQueue<Runnable> urgent, SelectableQueue<Runnable> normal)
      throws InterruptedException {
    var next =
        Select.biased(Clause.taken(urgent, task -> task), Clause.taken(normal, task -> task));
    while (true) {
      next.await(token).run(); // until the token is cancelled
    }
  }

  // @end

  private SelectSnippets() {}
}
