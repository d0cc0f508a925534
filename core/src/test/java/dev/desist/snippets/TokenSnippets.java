package dev.desist.snippets;

import dev.desist.CancellationToken;
import java.util.List;

final class TokenSnippets {
  // @start region="loop"
  static long total(CancellationToken token, List<String> documents) {
    long words = 0;
    for (String document : documents) {
      token.throwIfCancelled(); // between items: a document is wholly counted or not at all
      words += document.split(" ", -1).length;
    }
    return words;
  }

  // @end

  private TokenSnippets() {}
}
