package dev.desist.io;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import java.io.IOException;

/** Calls with a current token that throw an IOException alone. */
final class Cancelled {
  interface Body<T> {
    T run() throws IOException;
  }

  private Cancelled() {}

  static <T> T run(CancellationToken token, Body<T> body) throws IOException {
    try {
      return Cancellation.call(token, body::run);
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
