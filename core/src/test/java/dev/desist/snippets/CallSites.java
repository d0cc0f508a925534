package dev.desist.snippets;

import dev.desist.CancellationSource;

/** A caller outside the library's package. */
public final class CallSites {
  /** Cancels from here. */
  public static void cancel(CancellationSource source) {
    source.cancel("from outside");
  }

  private CallSites() {}
}
