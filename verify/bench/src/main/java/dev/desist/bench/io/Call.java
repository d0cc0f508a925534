package dev.desist.bench.io;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.concurrent.Blocking;
import dev.desist.concurrent.Futures;
import dev.desist.io.CancellableFiles;
import dev.desist.io.CancellableInputStream;
import dev.desist.io.CancellableProcess;
import dev.desist.net.CancellableServerSocketChannel;
import dev.desist.net.CancellableSocketChannel;
import dev.desist.net.CancellableSocketFactory;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.concurrent.SynchronousQueue;

/** Calls that block until they are ended, and how that is done. */
abstract class Call implements Closeable {
  /** Before each round. */
  void prepare() throws Exception {}

  /** Blocks until it is ended, and throws then, or returns. */
  abstract void block(CancellationToken token) throws Exception;

  /** Ends what blocks. */
  void end(CancellationSource source, Thread caller) throws Exception {
    source.cancel();
  }

  @Override
  public void close() throws IOException {}

  // ---- a read from a connection ----

  static Call read(Server server) throws IOException {
    CancellableSocketChannel channel = CancellableSocketChannel.of(server.connect());
    ByteBuffer buffer = ByteBuffer.allocate(1);
    return new Call() {
      @Override
      void block(CancellationToken token) throws Exception {
        channel.read(token, buffer);
      }

      @Override
      public void close() throws IOException {
        channel.close();
      }
    };
  }

  /** The read of a socket as foreign code uses it. */
  static Call socketRead(Server server) throws IOException {
    Socket socket =
        CancellableSocketFactory.getDefault()
            .createSocket(server.address().getAddress(), server.address().getPort());
    InputStream in = socket.getInputStream();
    return new Call() {
      @Override
      void block(CancellationToken token) throws Exception {
        Cancellation.call(token, in::read);
      }

      @Override
      public void close() throws IOException {
        socket.close();
      }
    };
  }

  /** A plain read, which ends with its connection. */
  private abstract static class Destructive extends Call {
    private final Server server;
    private final ByteBuffer buffer = ByteBuffer.allocate(1);
    SocketChannel channel;

    Destructive(Server server) throws IOException {
      this.server = server;
      this.channel = server.connect();
    }

    @Override
    void prepare() throws Exception {
      close();
      channel = server.connect();
    }

    @Override
    void block(CancellationToken token) throws Exception {
      buffer.clear();
      channel.read(buffer);
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }

  static Call interruptedRead(Server server) throws IOException {
    return new Destructive(server) {
      @Override
      void end(CancellationSource source, Thread caller) {
        caller.interrupt();
      }
    };
  }

  static Call closedRead(Server server) throws IOException {
    return new Destructive(server) {
      @Override
      void end(CancellationSource source, Thread caller) throws Exception {
        channel.close();
      }
    };
  }

  static Call shutRead(Server server) throws IOException {
    return new Destructive(server) {
      @Override
      void end(CancellationSource source, Thread caller) throws Exception {
        channel.shutdownInput();
      }
    };
  }

  // ---- other calls on a connection ----

  static Call accept() throws IOException {
    CancellableServerSocketChannel listener =
        CancellableServerSocketChannel.open(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    return new Call() {
      @Override
      void block(CancellationToken token) throws Exception {
        listener.accept(token);
      }

      @Override
      public void close() throws IOException {
        listener.close();
      }
    };
  }

  /** To a peer that takes nothing: it has sent so much back that it is stuck itself. */
  static Call write(Server server) throws IOException {
    CancellableSocketChannel channel = CancellableSocketChannel.of(server.connect());
    ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
    return new Call() {
      @Override
      void block(CancellationToken token) throws Exception {
        while (true) {
          channel.write(token, buffer.clear());
        }
      }

      @Override
      public void close() throws IOException {
        channel.close();
      }
    };
  }

  /** A request that is never answered. */
  static Call exchange() throws IOException {
    var listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.startVirtualThread(() -> discard(listener));
    HttpClient client = HttpClient.newHttpClient();
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + listener.getLocalPort())).build();
    return new Call() {
      @Override
      void block(CancellationToken token) throws Exception {
        Futures.under(token, client.sendAsync(request, BodyHandlers.discarding())).get();
      }

      @Override
      public void close() throws IOException {
        listener.close();
        client.shutdownNow();
      }
    };
  }

  private static void discard(ServerSocket listener) {
    try {
      while (true) {
        try (Socket socket = listener.accept()) {
          socket.getInputStream().transferTo(OutputStream.nullOutputStream());
        }
      }
    } catch (IOException e) {
      // the listener was closed
    }
  }

  // ---- calls that listen to an interrupt ----

  static Call take() {
    var queue = new SynchronousQueue<Integer>();
    return new Call() {
      @Override
      void block(CancellationToken token) throws Exception {
        Blocking.interruptibly(token, queue::take);
      }
    };
  }

  static Call interruptedTake() {
    var queue = new SynchronousQueue<Integer>();
    return new Call() {
      @Override
      void block(CancellationToken token) throws Exception {
        queue.take();
      }

      @Override
      void end(CancellationSource source, Thread caller) {
        caller.interrupt();
      }
    };
  }

  static Call sleep() {
    return new Call() {
      @Override
      void block(CancellationToken token) throws Exception {
        Cancellation.call(
            token,
            () -> {
              Cancellation.sleep(Duration.ofHours(1));
              return null;
            });
      }
    };
  }

  // ---- files, streams, processes ----

  /** A read from a stream that nothing can end. */
  static Call pumped() throws IOException {
    var out = new PipedOutputStream();
    var in = CancellableInputStream.pumping(new PipedInputStream(out));
    return new Call() {
      @Override
      void block(CancellationToken token) throws Exception {
        in.read(token);
      }

      @Override
      public void close() throws IOException {
        out.close();
        in.close();
      }
    };
  }

  /** A copy that would take long: of a large file that is nothing but a hole. */
  static Call copy() throws IOException {
    Path source = Files.createTempFile("source", "");
    Path target = Files.createTempFile("target", "");
    try (var file = new RandomAccessFile(source.toFile(), "rw")) {
      file.setLength(1L << 36);
    }
    return new Call() {
      @Override
      void block(CancellationToken token) throws Exception {
        CancellableFiles.copy(token, source, target, StandardCopyOption.REPLACE_EXISTING);
      }

      @Override
      public void close() throws IOException {
        Files.delete(source);
        Files.delete(target);
      }
    };
  }

  /** A process that ends when it is asked to. */
  static Call process() {
    return new Call() {
      @Override
      void block(CancellationToken token) throws Exception {
        CancellableProcess.run(token, new ProcessBuilder("sleep", "1000"));
      }
    };
  }
}
