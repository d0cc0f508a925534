package dev.desist.snippets;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;

/** A caller outside the library's package. */
public final class CallSites {
  /** Cancels from here. */
  public static void cancel(CancellationSource source) {
    source.cancel("from outside");
  }

  /** Makes a child from here. */
  public static CancellationSource child(CancellationToken parent, String name) {
    return parent.child(name);
  }

  private CallSites() {}
}
