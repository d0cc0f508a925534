package dev.desist.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.Deadline;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** An operation that blocks, with all it needs to go on and to be checked. */
abstract class Rig implements Closeable {
  /** The operations. */
  enum Operation {
    ACCEPT,
    READ,
    SCATTER,
    WRITE,
    GATHER,
    STREAM_READ,
    STREAM_WRITE,
    UNIX_ACCEPT,
    UNIX_READ,
    UNIX_WRITE,
    RECEIVE,
    PIPE_READ,
    PIPE_SCATTER,
    PIPE_WRITE,
    PIPE_GATHER,
    SOCKET_READ,
    SOCKET_WRITE,
    SERVER_SOCKET_ACCEPT,
    CONNECT;

    /** Whether it belongs to a {@link Socket}, whose callers expect its exceptions. */
    boolean isSocket() {
      return name().contains("SOCKET");
    }

    /** Whether it has a form that takes a deadline. */
    boolean isTimed() {
      return switch (this) {
        case ACCEPT, READ, WRITE, UNIX_ACCEPT, UNIX_READ, UNIX_WRITE, RECEIVE, CONNECT -> true;
        default -> false;
      };
    }

    Rig rig() throws IOException {
      return switch (this) {
        case ACCEPT -> new Accept(false);
        case UNIX_ACCEPT -> new Accept(true);
        case READ, SCATTER, STREAM_READ -> new Read(false, this);
        case UNIX_READ -> new Read(true, this);
        case WRITE, GATHER, STREAM_WRITE -> new Write(false, this);
        case UNIX_WRITE -> new Write(true, this);
        case RECEIVE -> new Receive();
        case PIPE_READ, PIPE_SCATTER -> new PipeRead(this == PIPE_SCATTER);
        case PIPE_WRITE, PIPE_GATHER -> new PipeWrite(this == PIPE_GATHER);
        case SOCKET_READ -> new SocketRead();
        case SOCKET_WRITE -> new SocketWrite();
        case SERVER_SOCKET_ACCEPT -> new ServerSocketAccept();
        case CONNECT -> new Connecting();
      };
    }
  }

  private static final int WHOLE = 12_000_000;

  private final List<Closeable> opened = new ArrayList<>();

  <T extends Closeable> T keep(T made) {
    opened.add(made);
    return made;
  }

  /** Does it, with the form that takes a token if there is one. */
  abstract Object call(CancellationToken token) throws IOException;

  /** Does it with the form that takes none. */
  Object callWithoutToken() throws IOException {
    return call(Cancellation.current());
  }

  /** Does it with the form that takes a deadline, if there is one. */
  Object call(CancellationToken token, Deadline deadline) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** Makes it possible. */
  abstract void let() throws Exception;

  /** Checks what a call gave after {@link #let}. */
  abstract void check(Object result) throws Exception;

  /** Checks what a cancelled call says of the bytes. */
  void checkBytes(InterruptedIOException e) {
    assertEquals(0, e.bytesTransferred);
  }

  abstract boolean isOpen();

  /** Closes what is operated on. */
  abstract void shut() throws IOException;

  @Override
  public void close() throws IOException {
    shut();
    for (Closeable each : opened.reversed()) {
      each.close();
    }
  }

  // ---- addresses ----

  static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  SocketAddress local(boolean unix) throws IOException {
    if (!unix) {
      return loopback();
    }
    Path folder = Files.createTempDirectory("io");
    Path path = folder.resolve("s");
    keep(() -> Files.delete(folder));
    keep(() -> Files.deleteIfExists(path));
    return UnixDomainSocketAddress.of(path);
  }

  /** Two ends of a connection; the other one is an ordinary channel. */
  record Ends(CancellableSocketChannel mine, SocketChannel other) {}

  static Ends connect(SocketAddress local) throws IOException {
    boolean unix = local instanceof UnixDomainSocketAddress;
    try (ServerSocketChannel server =
        unix ? ServerSocketChannel.open(StandardProtocolFamily.UNIX) : ServerSocketChannel.open()) {
      server.bind(local);
      var mine = CancellableSocketChannel.open(server.getLocalAddress());
      return new Ends(mine, server.accept());
    }
  }

  // ---- bytes that show where they belong ----

  static byte at(long position) {
    return (byte) (position * 31 + (position >> 8) * 17 + (position >> 16));
  }

  static byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    for (int i = 0; i < count; i++) {
      bytes[i] = at(i);
    }
    return bytes;
  }

  static void checkBytes(ByteBuffer read, int count) {
    read.flip();
    assertEquals(count, read.remaining());
    for (int i = 0; i < count; i++) {
      assertEquals(at(i), read.get(i));
    }
  }

  /** A stream that must give the whole and then end. */
  private static final class Drain {
    private @Nullable FutureTask<Void> task;

    void start(InputStream from) {
      var made =
          new FutureTask<Void>(
              () -> {
                assertTrue(Arrays.equals(bytes(WHOLE), from.readNBytes(WHOLE)), "the bytes differ");
                assertEquals(-1, from.read());
                return null;
              });
      task = made;
      Thread.ofPlatform().daemon().start(made);
    }

    void await() throws Exception {
      FutureTask<Void> started = task;
      if (started != null) {
        started.get(20, TimeUnit.SECONDS);
      }
    }
  }

  /** The whole in three buffers, of which the middle one is direct. */
  private static ByteBuffer[] parts() {
    byte[] whole = bytes(WHOLE);
    ByteBuffer middle = ByteBuffer.allocateDirect(1_000_000);
    middle.put(whole, 10, 1_000_000).flip();
    return new ByteBuffer[] {
      ByteBuffer.wrap(whole, 0, 10),
      middle,
      ByteBuffer.allocate(0),
      ByteBuffer.wrap(whole, 1_000_010, WHOLE - 1_000_010)
    };
  }

  private static long remaining(ByteBuffer... buffers) {
    return Arrays.stream(buffers).mapToLong(ByteBuffer::remaining).sum();
  }

  /** Checks what a read into a buffer of 2 and one of 10 gave. */
  private static void checkScattered(ByteBuffer[] scattered) {
    ByteBuffer all = ByteBuffer.allocate(20);
    for (ByteBuffer each : scattered) {
      all.put(each.flip());
    }
    checkBytes(all, 7);
  }

  private static ByteBuffer[] two() {
    return new ByteBuffer[] {ByteBuffer.allocate(2), ByteBuffer.allocate(10)};
  }

  // ---- the operations ----

  private static final class Accept extends Rig {
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
      return keep(server.accept());
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

  private static final class Read extends Rig {
    private final Ends ends;
    private final Operation operation;
    private final ByteBuffer buffer = ByteBuffer.allocate(20);
    private final ByteBuffer[] buffers = two();

    Read(boolean unix, Operation operation) throws IOException {
      ends = connect(local(unix));
      keep(ends.other);
      this.operation = operation;
    }

    @Override
    Object call(CancellationToken token) throws IOException {
      return switch (operation) {
        case SCATTER -> ends.mine.read(token, buffers);
        case STREAM_READ -> Cancelled.run(token, this::stream);
        default -> ends.mine.read(token, buffer);
      };
    }

    private Object stream() throws IOException {
      int count = ends.mine.inputStream().read(buffer.array(), 0, 20);
      buffer.position(count);
      return count;
    }

    @Override
    Object call(CancellationToken token, Deadline deadline) throws IOException {
      return ends.mine.read(token, buffer, deadline);
    }

    @Override
    Object callWithoutToken() throws IOException {
      return switch (operation) {
        case SCATTER -> ends.mine.read(buffers);
        case STREAM_READ -> stream();
        default -> ends.mine.read(buffer);
      };
    }

    @Override
    void let() throws IOException {
      ends.other.write(ByteBuffer.wrap(bytes(7)));
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
      return ends.mine.isOpen();
    }

    @Override
    void shut() throws IOException {
      ends.mine.close();
    }
  }

  private static final class Write extends Rig {
    private final Ends ends;
    private final Operation operation;
    private final ByteBuffer source = ByteBuffer.wrap(bytes(WHOLE));
    private final ByteBuffer[] sources = parts();
    private final Drain drain = new Drain();

    Write(boolean unix, Operation operation) throws IOException {
      ends = connect(local(unix));
      keep(ends.other);
      this.operation = operation;
    }

    @Override
    Object call(CancellationToken token) throws IOException {
      return switch (operation) {
        case GATHER -> ends.mine.write(token, sources);
        case STREAM_WRITE -> Cancelled.run(token, this::stream);
        default -> ends.mine.write(token, source);
      };
    }

    private Object stream() throws IOException {
      OutputStream out = ends.mine.outputStream();
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
      return ends.mine.write(token, source, deadline);
    }

    @Override
    Object callWithoutToken() throws IOException {
      return switch (operation) {
        case GATHER -> ends.mine.write(sources);
        case STREAM_WRITE -> stream();
        default -> ends.mine.write(source);
      };
    }

    private long done() {
      return WHOLE - (operation == Operation.GATHER ? remaining(sources) : remaining(source));
    }

    @Override
    void let() throws IOException {
      ends.other.configureBlocking(true);
      drain.start(Channels.newInputStream(ends.other));
    }

    @Override
    void check(Object result) throws Exception {
      assertTrue(((Number) result).longValue() > 0);
      assertEquals(WHOLE, done());
      ends.mine.shutdownOutput();
      drain.await();
    }

    @Override
    void checkBytes(InterruptedIOException e) {
      assertEquals(done(), e.bytesTransferred);
    }

    @Override
    boolean isOpen() {
      return ends.mine.isOpen();
    }

    @Override
    void shut() throws IOException {
      ends.mine.close();
    }
  }

  private static final class Receive extends Rig {
    private final CancellableDatagramChannel mine = CancellableDatagramChannel.open(loopback());
    private final DatagramChannel other = keep(DatagramChannel.open().bind(loopback()));
    private final ByteBuffer buffer = ByteBuffer.allocate(20);

    Receive() throws IOException {}

    @Override
    Object call(CancellationToken token) throws IOException {
      return mine.receive(token, buffer);
    }

    @Override
    Object call(CancellationToken token, Deadline deadline) throws IOException {
      return mine.receive(token, buffer, deadline);
    }

    @Override
    Object callWithoutToken() throws IOException {
      return mine.receive(buffer);
    }

    @Override
    void let() throws IOException {
      other.send(ByteBuffer.wrap(bytes(7)), mine.localAddress());
    }

    @Override
    void check(Object result) throws IOException {
      assertEquals(other.getLocalAddress(), result);
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

  private static final class PipeRead extends Rig {
    private final CancellablePipe pipe = keep(CancellablePipe.open());
    private final ByteBuffer buffer = ByteBuffer.allocate(20);
    private final ByteBuffer[] buffers = two();
    private final boolean scatter;

    PipeRead(boolean scatter) throws IOException {
      this.scatter = scatter;
    }

    @Override
    Object call(CancellationToken token) throws IOException {
      return scatter ? pipe.source().read(token, buffers) : pipe.source().read(token, buffer);
    }

    @Override
    Object callWithoutToken() throws IOException {
      return scatter ? pipe.source().read(buffers) : pipe.source().read(buffer);
    }

    @Override
    void let() throws IOException {
      pipe.sink().write(ByteBuffer.wrap(bytes(7)));
    }

    @Override
    void check(Object result) {
      assertEquals(7, ((Number) result).intValue());
      if (scatter) {
        checkScattered(buffers);
      } else {
        checkBytes(buffer, 7);
      }
    }

    @Override
    boolean isOpen() {
      return pipe.source().isOpen();
    }

    @Override
    void shut() throws IOException {
      pipe.source().close();
    }
  }

  private static final class PipeWrite extends Rig {
    private final CancellablePipe pipe = keep(CancellablePipe.open());
    private final ByteBuffer source = ByteBuffer.wrap(bytes(WHOLE));
    private final ByteBuffer[] sources = parts();
    private final Drain drain = new Drain();
    private final boolean gather;

    PipeWrite(boolean gather) throws IOException {
      this.gather = gather;
    }

    @Override
    Object call(CancellationToken token) throws IOException {
      return gather ? pipe.sink().write(token, sources) : pipe.sink().write(token, source);
    }

    @Override
    Object callWithoutToken() throws IOException {
      return gather ? pipe.sink().write(sources) : pipe.sink().write(source);
    }

    private long done() {
      return WHOLE - (gather ? remaining(sources) : remaining(source));
    }

    @Override
    void let() {
      drain.start(Channels.newInputStream(pipe.source()));
    }

    @Override
    void check(Object result) throws Exception {
      assertTrue(((Number) result).longValue() > 0);
      assertEquals(WHOLE, done());
      pipe.sink().close();
      drain.await();
    }

    @Override
    void checkBytes(InterruptedIOException e) {
      assertEquals(done(), e.bytesTransferred);
    }

    @Override
    boolean isOpen() {
      return pipe.sink().isOpen();
    }

    @Override
    void shut() throws IOException {
      pipe.sink().close();
    }
  }

  private static final class SocketRead extends Rig {
    private final ServerSocket server =
        keep(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
    private final Socket mine =
        new CancellableSocketFactory().createSocket(server.getInetAddress(), server.getLocalPort());
    private final Socket other = keep(server.accept());
    private final byte[] bytes = new byte[20];

    SocketRead() throws IOException {}

    @Override
    Object call(CancellationToken token) throws IOException {
      return Cancelled.run(token, () -> mine.getInputStream().read(bytes));
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

  private static final class SocketWrite extends Rig {
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
        Cancelled.run(
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

  private static final class ServerSocketAccept extends Rig {
    private final ServerSocket server =
        new CancellableServerSocketFactory()
            .createServerSocket(0, 5, InetAddress.getLoopbackAddress());

    ServerSocketAccept() throws IOException {}

    @Override
    Object call(CancellationToken token) throws IOException {
      return keep(Cancelled.run(token, server::accept));
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

  /** To a listener whose queue is full: goes on when the system tries again, after a second. */
  static final class Connecting extends Rig {
    private final ServerSocketChannel server = keep(ServerSocketChannel.open().bind(loopback(), 1));
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
      mine.connect(server.getLocalAddress());
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
      assertTrue(mine.isConnected());
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
