package dev.desist.snippets;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.net.CancellableSocketChannel;
import dev.desist.net.CancellableSocketFactory;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;

final class SocketSnippets {
  // @start region="goodbye"
  static String ask(CancellationToken token, CancellableSocketChannel connection, String question)
      throws IOException {
    ByteBuffer answer = ByteBuffer.allocate(1000);
    try {
      connection.write(token, UTF_8.encode(question));
      connection.read(token, answer);
    } catch (CancelledIOException e) {
      // The connection is as good as before. The goodbye has a second, in a shield: whatever token
      // is current here may be cancelled, too.
      Cancellation.shielded(
          () -> {
            try (var goodbye = CancellationSource.create("goodbye", Duration.ofSeconds(1))) {
              CancellationToken brief = goodbye.token();
              connection.write(brief, UTF_8.encode("stop: " + e.reason().message() + '\n'));
              connection.read(brief, answer.clear()); // until the other side has heard it
            }
          });
      throw e;
    }
    return UTF_8.decode(answer.flip()).toString();
  }

  // @end

  // @start region="factory"
  static byte[] page(CancellationToken token, String host) throws Exception {
    // Any code that takes a SocketFactory, such as a database driver, can be given this one.
    return Cancellation.call(
        token,
        () -> {
          try (Socket socket = new CancellableSocketFactory().createSocket(host, 80)) {
            socket.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes(UTF_8));
            return socket.getInputStream().readAllBytes();
          }
        });
  }

  // @end

  private SocketSnippets() {}
}
