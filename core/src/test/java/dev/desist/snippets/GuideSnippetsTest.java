package dev.desist.snippets;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.scope.Tasks;
import dev.desist.testkit.ManualTime;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

class GuideSnippetsTest {
  private static final System.Logger LOG = System.getLogger("guide");

  static void copy(CancellationToken token, Socket socket) throws IOException {
    try (CancellationRegistration _ =
        token.onCancel(Cancellation.dispatcher(), () -> closeQuietly(socket))) {
      socket.getInputStream().transferTo(OutputStream.nullOutputStream());
    } // from here on the callback is not running and never will
  }

  private static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Optional<String> lookUp(CancellationToken token, String key) throws ExecutionException {
    try {
      return Optional.of(Tasks.within(token, Duration.ofMillis(300), () -> slowLookUp(key)));
    } catch (TimeoutException e) {
      return Optional.empty(); // our own 300 ms; an outer cancellation would pass through as it is
    }
  }

  private static String slowLookUp(String key) {
    Cancellation.checkpoint();
    return key;
  }

  static void explain(CancellationToken token) {
    try {
      work(token);
    } catch (CancelledException e) {
      switch (e.reason()) {
        case CancellationReason.Superseded _ -> {} // nobody wants the answer
        case CancellationReason.DeadlineExceeded d -> LOG.log(WARNING, d.message());
        default -> LOG.log(INFO, e.getMessage());
      }
    }
  }

  private static void work(CancellationToken token) {
    token.throwIfCancelled();
  }

  @Test
  void a_lookup_gives_up_after_its_deadline() throws Exception {
    var time = new ManualTime();
    CancellationSource lookup = time.call(() -> CancellationSource.create("lookup"));
    lookup.cancelAfter(Duration.ofMinutes(5));
    time.advance(Duration.ofMinutes(5)); // what is due runs here, callbacks included
    assertTrue(lookup.isCancelled());
  }
}
