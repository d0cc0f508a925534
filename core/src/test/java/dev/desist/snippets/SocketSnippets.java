package dev.desist.snippets;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.io.CancellableSocketChannel;
import dev.desist.io.CancellableSocketFactory;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;

final class SocketSnippets {
  // @start region="goodbye"
  static String answer(CancellationToken token, CancellableSocketChannel connection)
      throws IOException {
    ByteBuffer answer = ByteBuffer.allocate(1000);
    try {
      connection.read(token, answer);
      return UTF_8.decode(answer.flip()).toString();
    } catch (CancelledIOException e) {
      // The connection is as good as before. The goodbye has a token of its own, or none.
      connection.write(CancellationToken.none(), UTF_8.encode("bye\n"));
      throw e;
    }
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
