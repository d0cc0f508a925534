package dev.desist.snippets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.net.CancellableSocketChannel;
import dev.desist.testkit.Hygiene;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** A conversation that is cancelled in the middle, as the guide has it, and its goodbye. */
@ExtendWith(Hygiene.class)
@Timeout(20)
class ConversationTest {
  @Test
  void promise19_a_cancelled_conversation_ends_with_a_goodbye_and_can_go_on() throws Exception {
    try (var listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        var mine =
            CancellableSocketChannel.open(
                Cancellation.current(), listener.getLocalSocketAddress());
        Socket other = listener.accept()) {
      var heard = new BufferedReader(new InputStreamReader(other.getInputStream(), UTF_8));
      var source = CancellationSource.create("tab");
      var asking = new FutureTask<>(() -> SocketSnippets.ask(source.token(), mine, "how far?\n"));
      Thread.startVirtualThread(asking);
      assertEquals("how far?", heard.readLine());
      source.cancel("the tab was closed");
      assertEquals("stop: the tab was closed", heard.readLine());
      other.getOutputStream().write("stopped\n".getBytes(UTF_8));
      var thrown = assertThrows(ExecutionException.class, () -> asking.get(10, TimeUnit.SECONDS));
      assertInstanceOf(CancelledIOException.class, thrown.getCause());

      // The same connection serves the next question.
      var again =
          new FutureTask<>(() -> SocketSnippets.ask(CancellationToken.none(), mine, "and now?\n"));
      Thread.startVirtualThread(again);
      assertEquals("and now?", heard.readLine());
      other.getOutputStream().write("here\n".getBytes(UTF_8));
      assertEquals("here\n", again.get(10, TimeUnit.SECONDS));
    }
  }
}
