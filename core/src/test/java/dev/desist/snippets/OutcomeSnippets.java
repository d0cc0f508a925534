package dev.desist.snippets;

import dev.desist.CancellationReason;
import dev.desist.CancelledException;
import dev.desist.Outcome;
import java.util.concurrent.Callable;

final class OutcomeSnippets {
  private OutcomeSnippets() {}

  // @start region="match"
  static String describe(Callable<Integer> count) throws InterruptedException {
    return switch (Outcome.of(count)) {
      case Outcome.Success(Integer hits) -> hits + " hits";
      case Outcome.Cancelled(CancellationReason.Superseded _) -> "";
      case Outcome.Cancelled(CancellationReason reason) -> "stopped: " + reason.message();
      case Outcome.Failure(Throwable exception) -> "failed: " + exception.getMessage();
    };
  }

  // @end

  // @start region="find"
  /** For whoever tries again: not what was cancelled, whatever a layer below made of that. */
  static boolean isWorthAnotherTry(Throwable failure) {
    return CancelledException.find(failure).isEmpty();
  }
  // @end
}
