package dev.desist.snippets;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.Stride;

final class StrideSnippets {
  // @start region="each"
  static long collatz(CancellationToken token, long start) {
    Stride stride = Cancellation.every(token, 1_000);
    long steps = 0;
    for (long at = start; at != 1; at = at % 2 == 0 ? at / 2 : 3 * at + 1) {
      stride.checkpoint(); // or: if (stride.isCancelled()) break;
      steps++;
    }
    return steps;
  }

  // @end

  // @start region="block"
  static long sum(CancellationToken token, long[] values) {
    Stride stride = Cancellation.every(token, 1_000);
    long sum = 0;
    for (int i = 0, end; (end = stride.blockEnd(i, values.length)) > i; i = end) {
      for (int k = i; k < end; k++) {
        sum += values[k];
      }
    }
    return sum; // of all, or of those before the cancellation
  }

  // @end

  private StrideSnippets() {}
}
