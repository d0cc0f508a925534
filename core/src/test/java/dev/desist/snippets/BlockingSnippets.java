package dev.desist.snippets;

import dev.desist.CancellationToken;
import dev.desist.concurrent.Blocking;
import java.util.concurrent.BlockingQueue;

final class BlockingSnippets {
  // @start region="take"
  static String next(CancellationToken token, BlockingQueue<String> queue) throws Exception {
    return Blocking.interruptibly(token, queue::take);
  }

  // @end

  private BlockingSnippets() {}
}
