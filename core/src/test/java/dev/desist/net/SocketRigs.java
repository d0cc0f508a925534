package dev.desist.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.Deadline;
import dev.desist.support.Ends;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/** Connections, and what listens for them, as channels. */
final class SocketRigs {
  private SocketRigs() {}

  static final class Accept extends Rig {
    private final CancellableServerSocketChannel server;
    private @Nullable SocketChannel client;

    Accept(boolean unix) throws IOException {
      server = CancellableServerSocketChannel.open(local(unix));
    }

    @Override
    Object call(CancellationToken token) throws IOException {
      return keep(server.accept(token));
    }

    @Override
    Object call(CancellationToken token, Deadline deadline) throws IOException {
      return keep(server.accept(token, deadline));
    }

    @Override
    Object callWithoutToken() throws IOException {
      return keep(server.accept(Cancellation.current()));
    }

    @Override
    void let() throws IOException {
      client = keep(SocketChannel.open(server.localAddress()));
      client.write(ByteBuffer.wrap(bytes(7)));
    }

    @Override
    void check(Object result) throws IOException {
      ByteBuffer buffer = ByteBuffer.allocate(10);
      ((CancellableSocketChannel) result).read(buffer);
      checkBytes(buffer, 7);
    }

    @Override
    boolean isOpen() {
      return server.isOpen();
    }

    @Override
    void shut() throws IOException {
      server.close();
    }
  }

  static final class Read extends Rig {
    private final Ends ends;
    private final Operation operation;
    private final ByteBuffer buffer = ByteBuffer.allocate(20);
    private final ByteBuffer[] buffers = two();

    Read(boolean unix, Operation operation) throws IOException {
      ends = Ends.connect(local(unix));
      keep(ends.other());
      this.operation = operation;
    }

    @Override
    Object call(CancellationToken token) throws IOException {
      return switch (operation) {
        case SCATTER -> ends.mine().read(token, buffers);
        case STREAM_READ -> Cancellation.call(token, this::stream);
        default -> ends.mine().read(token, buffer);
      };
    }

    private Object stream() throws IOException {
      int count = ends.mine().inputStream().read(buffer.array(), 0, 20);
      buffer.position(count);
      return count;
    }

    @Override
    Object call(CancellationToken token, Deadline deadline) throws IOException {
      return ends.mine().read(token, buffer, deadline);
    }

    @Override
    Object callWithoutToken() throws IOException {
      return switch (operation) {
        case SCATTER -> ends.mine().read(buffers);
        case STREAM_READ -> stream();
        default -> ends.mine().read(buffer);
      };
    }

    @Override
    void let() throws IOException {
      ends.other().write(ByteBuffer.wrap(bytes(7)));
    }

    @Override
    void check(Object result) {
      assertEquals(7, ((Number) result).intValue());
      if (operation == Operation.SCATTER) {
        checkScattered(buffers);
      } else {
        checkBytes(buffer, 7);
      }
    }

    @Override
    boolean isOpen() {
      return ends.mine().isOpen();
    }

    @Override
    void shut() throws IOException {
      ends.mine().close();
    }
  }

  static final class Write extends Rig {
    private final Ends ends;
    private final Operation operation;
    private final ByteBuffer source = ByteBuffer.wrap(bytes(WHOLE));
    private final ByteBuffer[] sources = parts();
    private final Drain drain = new Drain();

    Write(boolean unix, Operation operation) throws IOException {
      ends = Ends.connect(local(unix));
      keep(ends.other());
      this.operation = operation;
    }

    @Override
    Object call(CancellationToken token) throws IOException {
      return switch (operation) {
        case GATHER -> ends.mine().write(token, sources);
        case STREAM_WRITE -> Cancellation.call(token, this::stream);
        default -> ends.mine().write(token, source);
      };
    }

    private Object stream() throws IOException {
      OutputStream out = ends.mine().outputStream();
      try {
        int count = source.remaining();
        out.write(source.array(), source.position(), count);
        source.position(source.limit());
        return count;
      } catch (InterruptedIOException e) {
        source.position(source.position() + e.bytesTransferred); // what a caller of streams does
        throw e;
      }
    }

    @Override
    Object call(CancellationToken token, Deadline deadline) throws IOException {
      return ends.mine().write(token, source, deadline);
    }

    @Override
    Object callWithoutToken() throws IOException {
      return switch (operation) {
        case GATHER -> ends.mine().write(sources);
        case STREAM_WRITE -> stream();
        default -> ends.mine().write(source);
      };
    }

    private long done() {
      return WHOLE - (operation == Operation.GATHER ? remaining(sources) : remaining(source));
    }

    @Override
    void let() throws IOException {
      ends.other().configureBlocking(true);
      drain.start(Channels.newInputStream(ends.other()));
    }

    @Override
    void check(Object result) throws Exception {
      assertTrue(((Number) result).longValue() > 0);
      assertEquals(WHOLE, done());
      ends.mine().shutdownOutput();
      drain.await();
    }

    @Override
    void checkBytes(InterruptedIOException e) {
      assertEquals(done(), e.bytesTransferred);
    }

    @Override
    boolean isOpen() {
      return ends.mine().isOpen();
    }

    @Override
    void shut() throws IOException {
      ends.mine().close();
    }
  }

  static final class Connecting extends Rig {
    private final ServerSocketChannel server =
        keep(ServerSocketChannel.open().bind(Ends.loopback(), 1));
    private final CancellableSocketChannel mine = CancellableSocketChannel.open();
    private int queued;

    Connecting() throws IOException {
      for (int i = 0; i < 2; i++) { // one more than the queue is said to take
        keep(SocketChannel.open(server.getLocalAddress()));
        queued++;
      }
    }

    SocketChannel channel() {
      return mine.channel();
    }

    @Override
    Object call(CancellationToken token) throws IOException {
      mine.connect(token, server.getLocalAddress());
      return mine;
    }

    @Override
    Object call(CancellationToken token, Deadline deadline) throws IOException {
      mine.connect(token, server.getLocalAddress(), deadline);
      return mine;
    }

    @Override
    Object callWithoutToken() throws IOException {
      mine.connect(Cancellation.current(), server.getLocalAddress());
      return mine;
    }

    @Override
    void let() throws IOException {
      for (; queued > 0; queued--) {
        keep(server.accept());
      }
    }

    @Override
    void check(Object result) throws IOException {
      assertTrue(mine.channel().isConnected());
      SocketChannel other = keep(server.accept());
      mine.write(ByteBuffer.wrap(bytes(7)));
      ByteBuffer buffer = ByteBuffer.allocate(10);
      other.read(buffer);
      checkBytes(buffer, 7);
    }

    @Override
    boolean isOpen() {
      return mine.isOpen();
    }

    @Override
    void shut() throws IOException {
      mine.close();
    }
  }
}
