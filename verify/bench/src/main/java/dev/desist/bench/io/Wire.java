package dev.desist.bench.io;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.Deadline;
import dev.desist.net.CancellableSocketChannel;
import dev.desist.net.CancellableSocketFactory;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/** Ways to send a message over a connection and to wait for the answer. */
enum Wire {
  /** Under a token of the connection's own. */
  DESIST {
    @Override
    Connection open(Server server, CancellationToken above, int bytes) throws IOException {
      CancellableSocketChannel channel = CancellableSocketChannel.of(server.connect());
      CancellationToken token = above.child().token();
      ByteBuffer buffer = ByteBuffer.allocateDirect(bytes);
      return new Connection(
          channel,
          () -> {
            channel.write(token, buffer.clear());
            buffer.clear();
            while (buffer.hasRemaining()) {
              check(channel.read(token, buffer));
            }
          });
    }
  },

  /** Each exchange with a deadline of its own, for its calls. */
  DEADLINE {
    @Override
    Connection open(Server server, CancellationToken above, int bytes) throws IOException {
      CancellableSocketChannel channel = CancellableSocketChannel.of(server.connect());
      CancellationToken token = above.child().token();
      ByteBuffer buffer = ByteBuffer.allocateDirect(bytes);
      return new Connection(
          channel,
          () -> {
            Deadline deadline = Deadline.after(LONG);
            channel.write(token, buffer.clear(), deadline);
            buffer.clear();
            while (buffer.hasRemaining()) {
              check(channel.read(token, buffer, deadline));
            }
          });
    }
  },

  /** Each exchange under a token of its own, with a deadline. */
  TIMEOUT {
    @Override
    Connection open(Server server, CancellationToken above, int bytes) throws IOException {
      CancellableSocketChannel channel = CancellableSocketChannel.of(server.connect());
      ByteBuffer buffer = ByteBuffer.allocateDirect(bytes);
      return new Connection(
          channel,
          () -> {
            try (CancellationSource source = above.childWithTimeout(LONG)) {
              channel.write(source.token(), buffer.clear());
              buffer.clear();
              while (buffer.hasRemaining()) {
                check(channel.read(source.token(), buffer));
              }
            }
          });
    }
  },

  PLAIN {
    @Override
    Connection open(Server server, CancellationToken above, int bytes) throws IOException {
      return plain(server.connect(), bytes);
    }
  },

  /** The same once more: what the machine makes of it. */
  AGAIN {
    @Override
    Connection open(Server server, CancellationToken above, int bytes) throws IOException {
      return plain(server.connect(), bytes);
    }
  },

  /** A socket as foreign code uses it, with a timeout. */
  DESIST_SOCKET {
    @Override
    Connection open(Server server, CancellationToken above, int bytes) throws IOException {
      return stream(
          CancellableSocketFactory.getDefault()
              .createSocket(server.address().getAddress(), server.address().getPort()),
          bytes);
    }
  },

  PLAIN_SOCKET {
    @Override
    Connection open(Server server, CancellationToken above, int bytes) throws IOException {
      return stream(new Socket(server.address().getAddress(), server.address().getPort()), bytes);
    }
  };

  private static final Duration LONG = Duration.ofSeconds(30);

  /** Something to do that may fail. */
  interface Step {
    void run() throws IOException;
  }

  /**
   * One connection.
   *
   * @param channel to close at the end
   * @param exchange sends a message and waits for the whole answer
   */
  record Connection(Closeable channel, Step exchange) implements Closeable {
    @Override
    public void close() throws IOException {
      channel.close();
    }
  }

  /**
   * Connects.
   *
   * @param above what cancels all connections
   * @param bytes in a message
   */
  abstract Connection open(Server server, CancellationToken above, int bytes) throws IOException;

  private static Connection plain(SocketChannel channel, int bytes) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(bytes);
    return new Connection(
        channel,
        () -> {
          channel.write(buffer.clear());
          buffer.clear();
          while (buffer.hasRemaining()) {
            check(channel.read(buffer));
          }
        });
  }

  private static Connection stream(Socket socket, int bytes) throws IOException {
    socket.setTcpNoDelay(true);
    socket.setSoTimeout((int) LONG.toMillis());
    OutputStream out = socket.getOutputStream();
    var in = new DataInputStream(socket.getInputStream());
    var buffer = new byte[bytes];
    return new Connection(
        socket,
        () -> {
          out.write(buffer);
          in.readFully(buffer);
        });
  }

  private static void check(int count) throws IOException {
    if (count < 0) {
      throw new IOException("the server has gone");
    }
  }
}
