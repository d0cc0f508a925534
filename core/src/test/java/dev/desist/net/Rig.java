package dev.desist.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.Deadline;
import dev.desist.support.Ends;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
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
  static final int WHOLE = 12_000_000;

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

  SocketAddress local(boolean unix) throws IOException {
    if (!unix) {
      return Ends.loopback();
    }
    Path folder = Files.createTempDirectory("io");
    Path path = folder.resolve("s");
    keep(() -> Files.delete(folder));
    keep(() -> Files.deleteIfExists(path));
    return UnixDomainSocketAddress.of(path);
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
  static final class Drain {
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
  static ByteBuffer[] parts() {
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

  static long remaining(ByteBuffer... buffers) {
    return Arrays.stream(buffers).mapToLong(ByteBuffer::remaining).sum();
  }

  /** Checks what a read into a buffer of 2 and one of 10 gave. */
  static void checkScattered(ByteBuffer[] scattered) {
    ByteBuffer all = ByteBuffer.allocate(20);
    for (ByteBuffer each : scattered) {
      all.put(each.flip());
    }
    checkBytes(all, 7);
  }

  static ByteBuffer[] two() {
    return new ByteBuffer[] {ByteBuffer.allocate(2), ByteBuffer.allocate(10)};
  }
}
