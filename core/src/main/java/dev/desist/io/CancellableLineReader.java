package dev.desist.io;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.internal.Foreign;
import dev.desist.internal.Stack;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.InterruptedIOException;
import java.io.Reader;
import java.nio.charset.Charset;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Reads lines under a token. A cancelled read loses nothing: the beginning of a line that was there
 * is kept, and the next read gets it with the rest. (A {@link java.io.BufferedReader} would lose
 * it.)
 *
 * {@snippet class="dev.desist.snippets.FileSnippets" region="lines"}
 *
 * <p>A line ends with a line feed, a carriage return, or both, or with the stream. Bytes that the
 * charset has no character for become its replacement, as with {@link InputStreamReader}. The
 * reader reads ahead: keep one for a stream, and read that nowhere else.
 *
 * <h2>Thread safety</h2>
 *
 * <p>One thread may read at a time, and any may close. A second gets an {@link
 * IllegalStateException}.
 */
public final class CancellableLineReader implements Closeable {
  /**
   * What the decoder reads from, under the token of the call. Its {@code available()} stays zero:
   * so the decoder does not read on when it has characters, which it would lose if that failed.
   */
  private static final class Bytes extends InputStream {
    final InputStream source;

    /** The reading thread's. */
    CancellationToken token = CancellationToken.none();

    Bytes(InputStream source) {
      this.source = source;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (source instanceof CancellableInputStream cancellable) {
        return cancellable.read(token, bytes, offset, length);
      }
      return Transfer.under(token, () -> source.read(bytes, offset, length));
    }
  }

  private final Bytes bytes;
  private final Reader decoder;
  private final AtomicReference<@Nullable Thread> reading = new AtomicReference<>();

  // The reading thread's, handed on through `reading`.
  private final char[] chars = new char[4096];
  private int next;
  private int limit;
  private final StringBuilder line = new StringBuilder();

  /** The last line ended with a carriage return: a line feed that follows belongs to it. */
  private boolean skipLineFeed;

  /** The stream has ended, which nobody has been told yet. */
  private boolean ended;

  private CancellableLineReader(InputStream source, Charset charset) {
    this.bytes = new Bytes(source);
    this.decoder = new InputStreamReader(bytes, charset);
  }

  /**
   * {@return a reader of the lines of {@code source}}
   *
   * @param source a stream that obeys the {@linkplain Cancellation#current() current token} and
   *     loses nothing when its read is cancelled: a {@link CancellableInputStream}, or that of a
   *     {@code dev.desist.net.CancellableSocketChannel}
   * @param charset how the lines are encoded
   */
  public static CancellableLineReader of(InputStream source, Charset charset) {
    return new CancellableLineReader(
        Objects.requireNonNull(source, "source"), Objects.requireNonNull(charset, "charset"));
  }

  /**
   * Reads a line, and waits for its end.
   *
   * @param token what may end the wait
   * @return the line without its end, or null at the end of the stream
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws InterruptedIOException if the thread was or is interrupted while it waits; it stays so
   * @throws IllegalStateException if another thread is reading
   * @throws IOException what the source threw
   */
  public @Nullable String readLine(CancellationToken token) throws IOException {
    Objects.requireNonNull(token, "token");
    Thread me = Thread.currentThread();
    Stack.reserve();
    Thread other = reading.compareAndExchange(null, me);
    if (other != null) {
      throw new IllegalStateException(
          "lines are being read by "
              + Foreign.describe(other)
              + ", not by "
              + Foreign.describe(me));
    }
    try {
      CancellationToken obeyed = Cancellation.currentWith(token);
      CancelledIOException.throwIfCancelled(obeyed);
      bytes.token = obeyed;
      return next(obeyed);
    } finally {
      bytes.token = CancellationToken.none();
      reading.set(null);
    }
  }

  private @Nullable String next(CancellationToken token) throws IOException {
    while (true) {
      if (ended || (next == limit && !fill())) {
        ended = true;
        CancelledIOException.throwIfCancelled(token); // the cancellation may have made this end
        ended = false;
        return line.isEmpty() ? null : finish();
      }
      if (skipLineFeed) {
        skipLineFeed = false;
        if (chars[next] == '\n') {
          next++;
          continue;
        }
      }
      int end = next;
      while (end < limit && chars[end] != '\n' && chars[end] != '\r') {
        end++;
      }
      line.append(chars, next, end - next);
      next = end;
      if (end < limit) {
        skipLineFeed = chars[end] == '\r';
        next++;
        return finish();
      }
    }
  }

  private String finish() {
    String result = line.toString();
    line.setLength(0);
    return result;
  }

  /** Returns false at the end of the stream. */
  private boolean fill() throws IOException {
    int got = decoder.read(chars, 0, chars.length);
    next = 0;
    limit = Math.max(0, got);
    return got >= 0;
  }

  /** Closes the stream, and ends a read that waits on another thread. */
  @Override
  public void close() throws IOException {
    bytes.source.close();
  }
}
