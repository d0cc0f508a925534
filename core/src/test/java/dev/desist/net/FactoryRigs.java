package dev.desist.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;

/** What the factories make. */
final class FactoryRigs {
  private FactoryRigs() {}

  static final class SocketRead extends Rig {
    private final ServerSocket server =
        keep(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
    private final Socket mine =
        new CancellableSocketFactory().createSocket(server.getInetAddress(), server.getLocalPort());
    private final Socket other = keep(server.accept());
    private final byte[] bytes = new byte[20];

    SocketRead() throws IOException {}

    @Override
    Object call(CancellationToken token) throws IOException {
      return Cancellation.call(token, () -> mine.getInputStream().read(bytes));
    }

    @Override
    void let() throws IOException {
      other.getOutputStream().write(bytes(7));
    }

    @Override
    void check(Object result) {
      assertEquals(7, result);
      assertTrue(Arrays.equals(bytes(7), Arrays.copyOf(bytes, 7)));
    }

    @Override
    boolean isOpen() {
      return !mine.isClosed();
    }

    @Override
    void shut() throws IOException {
      mine.close();
    }
  }

  static final class SocketWrite extends Rig {
    private final ServerSocket server =
        keep(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
    private final Socket mine =
        new CancellableSocketFactory().createSocket(server.getInetAddress(), server.getLocalPort());
    private final Socket other = keep(server.accept());
    private final Drain drain = new Drain();
    private final byte[] whole = bytes(WHOLE);
    private int done;

    SocketWrite() throws IOException {}

    @Override
    Object call(CancellationToken token) throws IOException {
      try {
        Cancellation.call(
            token,
            () -> {
              mine.getOutputStream().write(whole, done, WHOLE - done);
              return done;
            });
        done = WHOLE;
        return done;
      } catch (InterruptedIOException e) {
        done += e.bytesTransferred;
        throw e;
      }
    }

    @Override
    void let() throws IOException {
      drain.start(other.getInputStream());
    }

    @Override
    void check(Object result) throws Exception {
      assertEquals(WHOLE, result);
      mine.shutdownOutput();
      drain.await();
    }

    @Override
    void checkBytes(InterruptedIOException e) {
      assertEquals(done, e.bytesTransferred);
    }

    @Override
    boolean isOpen() {
      return !mine.isClosed();
    }

    @Override
    void shut() throws IOException {
      mine.close();
    }
  }

  static final class ServerSocketAccept extends Rig {
    private final ServerSocket server =
        new CancellableServerSocketFactory()
            .createServerSocket(0, 5, InetAddress.getLoopbackAddress());

    ServerSocketAccept() throws IOException {}

    @Override
    Object call(CancellationToken token) throws IOException {
      return keep(Cancellation.call(token, server::accept));
    }

    @Override
    void let() throws IOException {
      Socket client = keep(new Socket(server.getInetAddress(), server.getLocalPort()));
      client.getOutputStream().write(bytes(7));
    }

    @Override
    void check(Object result) throws IOException {
      Socket accepted = assertInstanceOf(Socket.class, result);
      assertTrue(Arrays.equals(bytes(7), accepted.getInputStream().readNBytes(7)));
    }

    @Override
    boolean isOpen() {
      return !server.isClosed();
    }

    @Override
    void shut() throws IOException {
      server.close();
    }
  }
}
