package dev.desist.snippets;

import dev.desist.concurrent.Latest;
import java.util.List;
import java.util.concurrent.Executor;

final class LatestSnippets {
  // @start region="search"
  static Latest<List<String>> searchBox(Executor userInterface, Page page) {
    return Latest.<List<String>>builder(userInterface, page::show, page::showFailure).build();
  }

  static void onKey(Latest<List<String>> search, String query) {
    search.submit(() -> find(query)); // the search before is cancelled, and never shown
  }

  // @end

  interface Page {
    void show(List<String> hits);

    void showFailure(Throwable failure);
  }

  static List<String> find(String query) {
    return List.of(query);
  }

  private LatestSnippets() {}
}
