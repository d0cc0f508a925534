package dev.desist.snippets;

import dev.desist.scope.Grace;
import dev.desist.scope.Joiner;
import dev.desist.scope.Subtask;
import dev.desist.scope.TaskScope;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

final class ScopeSnippets {
  private ScopeSnippets() {}

  record Offer(String price, String stock) {}

  // @start region="scope"
  static Offer offer(Callable<String> price, Callable<String> stock) throws Exception {
    try (var scope = TaskScope.<String>open()) {
      Subtask<String> first = scope.fork("price", price);
      Subtask<String> second = scope.fork("stock", stock);
      scope.join(); // if one fails, the other is cancelled, and join throws
      return new Offer(first.get(), second.get());
    } // nothing that was forked runs any more
  }

  // @end

  // @start region="configuration"
  static List<String> readAll(List<Callable<String>> pages) throws Exception {
    try (var scope =
        TaskScope.open(
            Joiner.<String>allSuccessfulOrThrow(),
            c -> c.withName("pages").withTimeout(Duration.ofSeconds(5)).withParallelism(8))) {
      for (Callable<String> page : pages) {
        scope.fork(page);
      }
      return scope.join();
    }
  }

  // @end

  // @start region="grace"
  static final Grace TWO_SECONDS =
      Grace.interruptAfter(Duration.ofSeconds(1)).thenLeaveAfter(Duration.ofSeconds(1));

  static void tidy(Callable<?> slow) throws Exception {
    try (var scope = TaskScope.open(c -> c.withName("tidy").withGrace(TWO_SECONDS))) {
      scope.fork(slow);
      scope.join();
    } // at most two seconds after a cancellation, whatever slow does
  }

  // @end

  // @start region="joiner"
  /** Stops at the first value that is long enough; gives all that came until then. */
  static final class UntilLong implements Joiner<String, List<String>> {
    private final List<String> values = new ArrayList<>();

    @Override
    public synchronized boolean onComplete(Subtask<? extends String> subtask) {
      if (subtask.state() != Subtask.State.SUCCESS) {
        return false;
      }
      values.add(subtask.get());
      return subtask.get().length() > 80;
    }

    @Override
    public synchronized List<String> result() {
      return List.copyOf(values);
    }
  }
  // @end
}
