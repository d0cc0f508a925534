package dev.desist.snippets;

import dev.desist.CancellationReason;
import dev.desist.CancellationToken;
import dev.desist.Outcome;
import dev.desist.concurrent.Latest;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

final class LatestSnippets {
  private LatestSnippets() {}

  // @start region="search"
  static final class SearchBox implements AutoCloseable {
    private final Latest<List<String>> search;

    SearchBox(
        CancellationToken token,
        Executor ui,
        Consumer<List<String>> show,
        Consumer<String> complain) {
      search =
          Latest.open(
              token,
              ui,
              outcome -> {
                switch (outcome) {
                  case Outcome.Success(List<String> hits) -> show.accept(hits);
                  case Outcome.Failure(Throwable e) -> complain.accept(e.toString());
                  case Outcome.Cancelled(CancellationReason why) -> complain.accept(why.message());
                }
              });
    }

    /** On each keystroke: the search for the text before it is over. */
    void typed(String text) {
      search.submit(() -> find(text));
    }

    @Override
    public void close() {
      search.close();
    }
  }

  // @end

  private static List<String> find(String text) {
    return List.of(text);
  }
}
