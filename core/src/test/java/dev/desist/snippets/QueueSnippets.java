package dev.desist.snippets;

import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.concurrent.Queues;
import java.util.concurrent.BlockingQueue;

final class QueueSnippets {
  // @start region="consumer"
  static void work(CancellationToken token, BlockingQueue<Runnable> jobs)
      throws InterruptedException {
    try {
      while (true) {
        Queues.take(token, jobs).run(); // taken and run, or still in the queue
      }
    } catch (CancelledException e) {
      // what is in the queue is the next worker's
    }
  }

  // @end

  private QueueSnippets() {}
}
