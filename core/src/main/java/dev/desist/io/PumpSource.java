package dev.desist.io;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.channels.AsynchronousCloseException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What a pump reads from: its thread alone reads, any thread may close. */
interface PumpSource extends Closeable {
  /** As {@link InputStream#read(byte[], int, int)}. */
  int read(byte[] bytes, int offset, int length) throws IOException;

  /** A stream that is there already. */
  record Open(InputStream stream) implements PumpSource {
    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      return stream.read(bytes, offset, length);
    }

    @Override
    public void close() throws IOException {
      stream.close();
    }
  }

  /** A file that the first read opens, which for a FIFO takes until somebody writes to it. */
  final class File implements PumpSource {
    private static final long NUDGE_SECONDS = 10;

    private final Path path;

    /** Open, or failed to. */
    private final CountDownLatch settled = new CountDownLatch(1);

    // Guarded by this.
    private @Nullable InputStream stream;
    private boolean opening;
    private boolean closed;

    File(Path path) {
      this.path = path;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      return open().read(bytes, offset, length);
    }

    private InputStream open() throws IOException {
      synchronized (this) {
        if (closed) {
          throw new AsynchronousCloseException();
        }
        if (stream != null) {
          return stream;
        }
        opening = true;
      }
      @Nullable InputStream opened = null;
      boolean late;
      try {
        opened = Files.newInputStream(path);
      } finally {
        synchronized (this) {
          opening = false;
          stream = opened;
          late = closed;
        }
        settled.countDown();
        if (late && opened != null) {
          opened.close(); // outside the monitor: it may be anybody's
        }
      }
      return opened;
    }

    /**
     * If the pump's thread is stuck in opening a FIFO, it is let through: a FIFO can be opened for
     * both directions without a wait, and that is the other end it waits for. Out of a read,
     * closing the stream lets it, which is a channel's.
     */
    @Override
    public void close() throws IOException {
      @Nullable InputStream mine;
      synchronized (this) {
        closed = true;
        mine = stream;
        if (mine == null && !opening) {
          return;
        }
      }
      if (mine != null) {
        mine.close();
      } else if (Files.readAttributes(path, BasicFileAttributes.class).isOther()) {
        try (var _ = new RandomAccessFile(path.toFile(), "rw")) {
          settled.await(NUDGE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }
}
