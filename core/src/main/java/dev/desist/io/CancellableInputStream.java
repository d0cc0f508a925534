package dev.desist.io;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.internal.Arguments;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Objects;

/**
 * A stream over a source whose reads nothing can end, such as {@link System#in}, a FIFO, a device,
 * or the output of a process, whose own reads end when a token is cancelled. A cancelled read loses
 * nothing: the next one gets the bytes.
 *
 * {@snippet class="dev.desist.snippets.FileSnippets" region="stdin"}
 *
 * <p>Each reading method that is given a token obeys that, and the {@linkplain
 * Cancellation#current() current} one. The forms without a token are those of {@link InputStream}:
 * so foreign code to which it is given obeys the token of whoever calls it.
 *
 * <h2>Life cycle</h2>
 *
 * <p>Nothing is read, and no thread started, before the first read. From then on a thread reads
 * ahead, as much as the buffer holds. It ends with the source, or after a few seconds in which the
 * buffer was full, and is started again when it is needed. Give a source to one such stream only,
 * and read it nowhere else: what was read ahead is here. {@link System#in} is the exception, of
 * which there can be many streams, {@linkplain #systemIn() one after the other}.
 *
 * <h2>Which thread runs what, and what blocks</h2>
 *
 * <p>The source is opened and read by one <i>platform</i> daemon thread, because such a read holds
 * whatever thread it is on: two of them freeze all virtual threads of a machine with two cores.
 * Readers, on threads of either kind, wait for that thread; a virtual one holds no carrier.
 *
 * <h2>What happens on a cancellation</h2>
 *
 * <p>The call throws a {@link CancelledIOException}, and has read nothing; a token that is
 * cancelled already ends it even if there are bytes, and an end of the stream that the cancellation
 * has made is left for the next read. {@link #readNBytes} and {@link #readAllBytes}, which read
 * many times, put back what they had. An interrupt of a read that waits does the same, with an
 * {@link InterruptedIOException}, and the thread stays interrupted. The source is not told: its
 * thread reads on, for the next reader.
 *
 * <h2>The end, and failures</h2>
 *
 * <p>The end of the stream, and an exception of the source, reach one reader, after the bytes that
 * came before; whoever reads again asks the source again, as it would directly: a FIFO may have a
 * new writer, and a terminal goes on after an end of file.
 *
 * <h2>Closing</h2>
 *
 * <p>{@link #close} closes the source, except {@link System#in}, and throws away what was read
 * ahead. A reader that waits on another thread gets an {@link
 * java.nio.channels.AsynchronousCloseException}, and so does every later read. The thread that is
 * inside the source ends if closing ends the source's read, as it does for a file from {@link
 * #open} and for a socket. Out of {@link System#in}, and many another, nothing leads but a byte or
 * the end: there it stays, as a daemon that does not keep the process alive; what it gets it throws
 * away, or, for {@link System#in}, keeps for the next stream.
 *
 * <h2>Thread safety</h2>
 *
 * <p>All methods may be called from any thread. What several threads read at a time is divided
 * between them somehow.
 */
public final class CancellableInputStream extends InputStream {
  private static final int BUFFER = 64 * 1024;

  /**
   * The pumps of all streams that were {@link System#in} and were wrapped here: a program has one,
   * a test some. Guarded by itself.
   */
  private static final IdentityHashMap<InputStream, BytePump> STANDARD = new IdentityHashMap<>();

  private final BytePump pump;

  /** Others may use the pump, now or later. */
  private final boolean shared;

  /** Written by whoever closes, read by readers. */
  private volatile boolean closed;

  private CancellableInputStream(BytePump pump, boolean shared) {
    this.pump = pump;
    this.shared = shared;
  }

  // ---- making one ----

  /**
   * {@return a stream over {@code source}, with a buffer of 64 KiB} That is {@link #systemIn()} for
   * {@link System#in}, and {@code source} itself if it is such a stream.
   *
   * @param source is read by a thread of this stream alone from now on, and closed with it
   */
  public static CancellableInputStream pumping(InputStream source) {
    return pumping(source, BUFFER);
  }

  /**
   * {@return a stream over {@code source}} That is {@link #systemIn()} for {@link System#in}, and
   * {@code source} itself if it is such a stream.
   *
   * @param source is read by a thread of this stream alone from now on, and closed with it
   * @param bufferSize how many bytes to read ahead at most
   * @throws IllegalArgumentException if {@code bufferSize} is not positive
   */
  public static CancellableInputStream pumping(InputStream source, int bufferSize) {
    Objects.requireNonNull(source, "source");
    Arguments.positive(bufferSize, "bufferSize");
    if (source instanceof CancellableInputStream made) {
      return made;
    }
    if (source == System.in) {
      return systemIn();
    }
    return named(source, source.getClass().getSimpleName(), bufferSize);
  }

  static CancellableInputStream named(InputStream source, String name) {
    return named(source, name, BUFFER);
  }

  private static CancellableInputStream named(InputStream source, String name, int bufferSize) {
    return new CancellableInputStream(
        new BytePump(new PumpSource.Open(source), name, bufferSize), false);
  }

  /**
   * {@return a stream over the file at {@code path}, such as a FIFO or a device} The first read
   * opens it, which for a FIFO takes until somebody writes; that wait ends with the token, too, and
   * the next read waits on. That there is no such file is found by the read as well.
   *
   * @param path of a file that can be read
   */
  public static CancellableInputStream open(Path path) {
    Objects.requireNonNull(path, "path");
    return new CancellableInputStream(
        new BytePump(new PumpSource.File(path), String.valueOf(path.getFileName()), BUFFER), false);
  }

  /**
   * {@return a stream over what {@link System#in} is now} All of them share one thread and one
   * buffer, so what a cancelled read of one of them left is there for the next. Closing one closes
   * neither the source nor the others.
   */
  public static CancellableInputStream systemIn() {
    InputStream source = System.in;
    if (source instanceof CancellableInputStream made) {
      return new CancellableInputStream(made.pump, true);
    }
    synchronized (STANDARD) {
      BytePump pump =
          STANDARD.computeIfAbsent(
              source, key -> new BytePump(new PumpSource.Open(key), "System.in", BUFFER));
      return new CancellableInputStream(pump, true);
    }
  }

  // ---- reading ----

  /**
   * Reads one byte under the current token.
   *
   * @throws CancelledIOException if the token is or becomes cancelled; nothing was read
   * @throws InterruptedIOException if the thread was or is interrupted while it waits; it stays so
   */
  @Override
  public int read() throws IOException {
    return read(Cancellation.current());
  }

  /**
   * Reads one byte.
   *
   * @param token what may end the wait
   * @return the byte, or -1 at the end of the stream
   * @throws CancelledIOException if the token is or becomes cancelled; nothing was read
   * @throws InterruptedIOException if the thread was or is interrupted while it waits; it stays so
   * @throws IOException what the source threw
   */
  public int read(CancellationToken token) throws IOException {
    byte[] one = new byte[1];
    return read(token, one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  /**
   * Reads what is there, or waits for it, under the current token, as {@link
   * #read(CancellationToken, byte[], int, int)} does.
   */
  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    return read(Cancellation.current(), bytes, offset, length);
  }

  /**
   * Reads what is there, or waits until there is something.
   *
   * @param token what may end the wait
   * @param bytes gets it
   * @return how many bytes, at least one unless {@code bytes} is empty; -1 at the end of the stream
   * @throws CancelledIOException if the token is or becomes cancelled; nothing was read
   * @throws InterruptedIOException if the thread was or is interrupted while it waits; it stays so
   * @throws IOException what the source threw
   */
  public int read(CancellationToken token, byte[] bytes) throws IOException {
    Objects.requireNonNull(bytes, "bytes");
    return read(token, bytes, 0, bytes.length);
  }

  /**
   * Reads what is there, or waits until there is something.
   *
   * @param token what may end the wait
   * @param bytes gets it
   * @param offset from here on
   * @param length how many bytes at most
   * @return how many bytes, at least one unless {@code length} is zero; -1 at the end of the stream
   * @throws CancelledIOException if the token is or becomes cancelled; nothing was read
   * @throws InterruptedIOException if the thread was or is interrupted while it waits; it stays so
   * @throws IOException what the source threw
   */
  public int read(CancellationToken token, byte[] bytes, int offset, int length)
      throws IOException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(bytes, "bytes");
    Objects.checkFromIndexSize(offset, length, bytes.length);
    CancellationToken obeyed = Cancellation.currentWith(token);
    CancelledIOException.throwIfCancelled(obeyed); // if nothing is to be read, too
    return length == 0 ? 0 : pump.read(obeyed, bytes, offset, length, () -> closed);
  }

  /**
   * Reads {@code length} bytes under the current token, fewer only at the end of the stream. If
   * that is cancelled, interrupted or fails, what was read is put back.
   */
  @Override
  public byte[] readNBytes(int length) throws IOException {
    return readNBytes(Cancellation.current(), length);
  }

  /**
   * Reads {@code length} bytes, fewer only at the end of the stream. If that is cancelled,
   * interrupted or fails, what was read is put back.
   *
   * @param token what may end the wait
   * @param length how many
   * @return the bytes
   * @throws IllegalArgumentException if {@code length} is negative
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws InterruptedIOException if the thread was or is interrupted while it waits; it stays so
   * @throws IOException what the source threw
   */
  public byte[] readNBytes(CancellationToken token, int length) throws IOException {
    Objects.requireNonNull(token, "token");
    Arguments.notNegative(length, "length");
    CancellationToken obeyed = Cancellation.currentWith(token); // linked once
    CancelledIOException.throwIfCancelled(obeyed);
    byte[] bytes = new byte[Math.min(length, BUFFER)];
    var back = new BytePump.Returned();
    int done = 0;
    boolean whole = false;
    try {
      while (done < length) {
        if (done == bytes.length) {
          bytes = Arrays.copyOf(bytes, (int) Math.min(length, 2L * done));
        }
        int got = read(obeyed, bytes, done, bytes.length - done);
        if (got < 0) {
          break;
        }
        done += got;
      }
      byte[] result = done == bytes.length ? bytes : Arrays.copyOf(bytes, done);
      whole = true;
      return result;
    } finally {
      if (!whole && done > 0) {
        pump.giveBack(back, bytes, done);
      }
    }
  }

  /** As {@link InputStream#readNBytes(byte[], int, int)}; what was read is put back if it fails. */
  @Override
  public int readNBytes(byte[] bytes, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    byte[] read = readNBytes(length);
    System.arraycopy(read, 0, bytes, offset, read.length);
    return read.length;
  }

  /**
   * Reads to the end of the stream under the current token. If that is cancelled, interrupted or
   * fails, what was read is put back.
   */
  @Override
  public byte[] readAllBytes() throws IOException {
    return readNBytes(Integer.MAX_VALUE);
  }

  /**
   * Reads to the end of the stream. If that is cancelled, interrupted or fails, what was read is
   * put back.
   *
   * @param token what may end the wait
   * @return the bytes
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws InterruptedIOException if the thread was or is interrupted while it waits; it stays so
   * @throws IOException what the source threw
   */
  public byte[] readAllBytes(CancellationToken token) throws IOException {
    return readNBytes(token, Integer.MAX_VALUE);
  }

  /** Skips what one read would have got, under the current token. */
  @Override
  public long skip(long count) throws IOException {
    if (count <= 0) {
      return 0;
    }
    int skipped = read(new byte[(int) Math.min(count, 8192)]);
    if (skipped < 0) {
      pump.giveBackEnd(); // zero does not tell it: the next read does
      return 0;
    }
    return skipped;
  }

  /**
   * {@return the lines of this stream} Closing either closes both.
   *
   * @param charset how they are encoded
   */
  public CancellableLineReader lines(Charset charset) {
    return CancellableLineReader.of(this, charset);
  }

  /** {@return how many bytes were read ahead} What the source still has is not counted. */
  @Override
  public int available() throws IOException {
    return closed ? 0 : pump.available();
  }

  /** Has the source read to its end, though nobody reads here any more. */
  void discard() {
    pump.discard();
  }

  /**
   * Closes the stream, and ends what waits for it on other threads; see above. Does not wait for a
   * read of the source that is under way.
   */
  @Override
  public void close() throws IOException {
    closed = true;
    if (shared) {
      pump.wake();
    } else {
      pump.close();
    }
  }

  /** {@return the source, in words} */
  @Override
  public String toString() {
    return "CancellableInputStream[" + pump + (closed ? ", closed]" : "]");
  }
}
