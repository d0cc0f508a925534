package dev.desist.net;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.support.Call;
import dev.desist.support.Call.Kind;
import dev.desist.testkit.Hygiene;
import fi.iki.elonen.NanoHTTPD;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A server that knows nothing of tokens, over sockets of ours. */
@ExtendWith(Hygiene.class)
@Timeout(60)
class HttpServerTest {
  private static final InetAddress HERE = InetAddress.getLoopbackAddress();

  /** Answers each connection on a thread of its own, under a token. */
  private static final class Server extends NanoHTTPD {
    final CancellationSource source = CancellationSource.create("server");
    final Set<Thread> threads = ConcurrentHashMap.newKeySet();

    Server(Kind kind) throws IOException {
      super(HERE.getHostAddress(), 0);
      setServerSocketFactory(new CancellableServerSocketFactory()::createServerSocket);
      setAsyncRunner(
          new AsyncRunner() {
            @Override
            public void exec(ClientHandler code) {
              threads.add(
                  kind.start(
                      () -> {
                        Cancellation.run(source.token(), code);
                        threads.remove(Thread.currentThread());
                      }));
            }

            @Override
            public void closeAll() {}

            @Override
            public void closed(ClientHandler clientHandler) {}
          });
      start(0, true);
    }

    @Override
    public Response serve(IHTTPSession session) {
      return newFixedLengthResponse("you asked for " + session.getUri());
    }
  }

  private static String ask(Socket client, String path) throws IOException {
    client
        .getOutputStream()
        .write(("GET " + path + " HTTP/1.1\r\nHost: here\r\n\r\n").getBytes(UTF_8));
    String expected = "you asked for " + path;
    var said = new StringBuilder();
    InputStream in = client.getInputStream();
    while (!said.toString().endsWith(expected)) {
      int next = in.read();
      assertTrue(next >= 0, said::toString);
      said.append((char) next);
    }
    return said.toString();
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void promise19_cancelling_ends_the_connections_that_wait_and_the_server_goes_on(Kind kind)
      throws Exception {
    var server = new Server(kind);
    try (Socket idle = new Socket(HERE, server.getListeningPort());
        Socket silent = new Socket(HERE, server.getListeningPort())) {
      assertTrue(ask(idle, "/a").startsWith("HTTP/1.1 200"));
      ask(idle, "/b"); // the same connection: kept alive
      await().until(() -> server.threads.size() == 2);
      for (Thread each : server.threads) {
        Call.awaitWaiting(each);
      }
      server.source.cancel("for today");
      assertEquals(-1, idle.getInputStream().read());
      assertEquals(-1, silent.getInputStream().read());
      await().until(server.threads::isEmpty);
      try (Socket late = new Socket(HERE, server.getListeningPort())) {
        // Accepted all the same, since the listener's thread has no token; closed at once.
        assertEquals(-1, late.getInputStream().read());
      }
    } finally {
      server.stop();
    }
  }
}
