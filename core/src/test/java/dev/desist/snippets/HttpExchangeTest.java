package dev.desist.snippets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.concurrent.Blocking;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Exchanges of the JDK's HttpClient, as the guide makes them: the server sees them end. */
@ExtendWith(Hygiene.class)
@Timeout(60)
class HttpExchangeTest {
  /** More than the system keeps of what nobody reads. */
  private static final int MUCH = 12_000_000;

  /** A server that answers as far as it is told. */
  private static final class Server implements Closeable {
    private final ServerSocket listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());

    Server() throws IOException {
      listener.setSoTimeout(20_000);
    }

    HttpRequest request() {
      return HttpRequest.newBuilder(URI.create("http://localhost:" + listener.getLocalPort()))
          .build();
    }

    /** Takes a new connection, and reads the request on it. */
    Socket accept() throws IOException {
      Socket connection = listener.accept();
      connection.setSoTimeout(20_000);
      var said = new StringBuilder();
      InputStream in = connection.getInputStream();
      while (said.indexOf("\r\n\r\n") < 0) {
        said.append((char) in.read());
      }
      return connection;
    }

    @Override
    public void close() throws IOException {
      listener.close();
    }
  }

  private static void answer(Socket connection, int length, int sent) throws IOException {
    String head = "HTTP/1.1 200 OK\r\nContent-Length: " + length + "\r\n\r\n";
    OutputStream out = connection.getOutputStream();
    out.write(head.getBytes(UTF_8));
    byte[] body = new byte[sent];
    Arrays.fill(body, (byte) 'x');
    out.write(body);
  }

  private static void awaitEnd(Socket connection) throws IOException {
    try {
      assertEquals(-1, connection.getInputStream().read());
    } catch (SocketException e) {
      // reset: an end as well
    }
  }

  /** How far the exchange is when it is ended. */
  enum Point {
    BEFORE_THE_ANSWER,
    IN_THE_BODY;

    void reach(Socket connection) throws IOException {
      if (this == IN_THE_BODY) {
        answer(connection, 2 * MUCH, MUCH); // comes back when the client has read some of it
      }
    }
  }

  /** How the exchange is made. */
  enum Way {
    FUTURE,
    SEND,
    BODY;

    CompletableFuture<?> start(
        boolean virtual, CancellationToken token, HttpClient client, HttpRequest request) {
      return switch (this) {
        case FUTURE -> FuturesSnippets.fetch(token, client, request);
        case SEND ->
            call(
                virtual,
                () ->
                    Blocking.interruptibly(
                        token, () -> client.send(request, BodyHandlers.ofString())));
        case BODY ->
            call(
                virtual,
                () ->
                    FuturesSnippets.download(
                        token, client, request, OutputStream.nullOutputStream()));
      };
    }

    private static CompletableFuture<?> call(boolean virtual, Callable<?> body) {
      var result = new CompletableFuture<Object>();
      Runnable task =
          () -> {
            try {
              result.complete(body.call());
            } catch (Exception e) {
              result.completeExceptionally(e);
            }
          };
      var _ = virtual ? Thread.startVirtualThread(task) : Thread.ofPlatform().start(task);
      return result;
    }
  }

  private static CancelledException cancellation(CompletableFuture<?> exchange) {
    var thrown = assertThrows(Exception.class, () -> exchange.get(20, TimeUnit.SECONDS));
    return assertInstanceOf(CancelledException.class, CancelledException.unwrap(thrown));
  }

  static Stream<Arguments> exchanges() {
    return Stream.of(Way.values())
        .flatMap(way -> Stream.of(Point.values()).map(point -> Arguments.of(way, point)))
        .flatMap(
            each ->
                Stream.of(false, true)
                    .map(kind -> Arguments.of(each.get()[0], each.get()[1], kind)));
  }

  /** A cancel ends it wherever it is, and the client makes the next one, on a new connection. */
  @ParameterizedTest
  @MethodSource("exchanges")
  void the_server_sees_a_cancelled_exchange_end_and_the_client_goes_on(
      Way way, Point point, boolean virtual) throws Exception {
    try (var server = new Server();
        var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      var source = CancellationSource.create("tab");
      var exchange = way.start(virtual, source.token(), client, server.request());
      try (Socket connection = server.accept()) {
        point.reach(connection);
        source.cancel("closed");
        awaitEnd(connection);
      }
      assertEquals("closed", cancellation(exchange).reason().message());
      assertUsable(client, server);
    }
  }

  /** A deadline of the token is a cancellation like any other. */
  @ParameterizedTest
  @MethodSource("exchanges")
  void promise17_a_deadline_ends_an_exchange(Way way, Point point, boolean virtual)
      throws Exception {
    var time = new ManualTime();
    try (var server = new Server();
        var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        var source =
            time.call(() -> CancellationToken.none().childWithTimeout(Duration.ofHours(1)))) {
      var exchange = way.start(virtual, source.token(), client, server.request());
      try (Socket connection = server.accept()) {
        point.reach(connection);
        time.advance(Duration.ofHours(1));
        awaitEnd(connection);
      }
      assertInstanceOf(CancellationReason.DeadlineExceeded.class, cancellation(exchange).reason());
      assertUsable(client, server);
    }
  }

  /** A stage that depends on the answer reaches the exchange, also in the middle of the body. */
  @ParameterizedTest
  @EnumSource
  void cancelling_a_dependent_stage_ends_the_exchange(Point point) throws Exception {
    try (var server = new Server();
        var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      var stage =
          FuturesSnippets.fetch(CancellationToken.none(), client, server.request())
              .thenApply(String::length);
      try (Socket connection = server.accept()) {
        point.reach(connection);
        stage.cancel(true);
        awaitEnd(connection);
      }
      assertUsable(client, server);
    }
  }

  private static void assertUsable(HttpClient client, Server server) throws Exception {
    var next = FuturesSnippets.fetch(CancellationToken.none(), client, server.request());
    try (Socket connection = server.accept()) {
      answer(connection, 5, 5);
      assertEquals("xxxxx", next.get(20, TimeUnit.SECONDS));
    }
  }

  /** An answer that arrives just when it is cancelled is closed as well. */
  @Test
  void promise20_an_answer_that_comes_at_the_moment_of_the_cancel_ends_too() throws Exception {
    try (var server = new Server();
        var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      for (int i = 0; i < 300; i++) {
        var source = CancellationSource.create();
        var exchange = Way.BODY.start(true, source.token(), client, server.request());
        try (Socket connection = server.accept()) {
          answer(connection, 1000, 10);
          long until = System.nanoTime() + ThreadLocalRandom.current().nextLong(1_000_000);
          while (System.nanoTime() < until) {
            Thread.onSpinWait();
          }
          source.cancel();
          awaitEnd(connection);
        }
        cancellation(exchange);
      }
    }
  }
}
