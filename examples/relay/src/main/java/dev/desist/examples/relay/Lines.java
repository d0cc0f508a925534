package dev.desist.examples.relay;

import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.Deadline;
import dev.desist.net.CancellableSocketChannel;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.net.ProtocolException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * A connection on which both sides send lines of UTF-8: messages that may come in any number of
 * pieces, and are never left in the middle. One thread may read and one may write at a time.
 */
final class Lines implements Closeable {
  /** Of a line with its end, in bytes. */
  static final int LONGEST = 16 * 1024;

  private final CancellableSocketChannel channel;

  // The reader's.
  private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();

  /** What was read, up to its position. */
  private ByteBuffer buffer = ByteBuffer.allocate(512);

  /** Where the next line begins. */
  private int start;

  /** Up to where there is no end of this line. */
  private int searched;

  /** When the line that has begun is the last: until when to wait for its end. */
  private @Nullable Deadline lastUntil;

  private boolean over;

  Lines(CancellableSocketChannel channel) {
    this.channel = channel;
  }

  /**
   * Reads a line.
   *
   * @param between ends the wait for the first byte of a line; if a line has begun, it is the last
   * @param within ends also the wait for the rest
   * @param toFinish how long the last line may take from then on
   * @return the line without its end, or null if the other side sends no more
   * @throws CancelledIOException if one of the tokens has ended it
   * @throws SocketTimeoutException if the last line did not come to its end in time
   * @throws EOFException if the other side sends no more, and has begun a line
   * @throws ProtocolException if it is too long, or not UTF-8
   */
  @Nullable String read(CancellationToken between, CancellationToken within, Duration toFinish)
      throws IOException {
    if (over) {
      throw new CancelledIOException(between);
    }
    while (!findEnd()) {
      makeRoom();
      if (fill(between, within, toFinish) < 0) {
        if (hasBegun()) {
          throw new EOFException("the connection ended inside a line");
        }
        return null;
      }
    }
    over = lastUntil != null;
    return takeLine();
  }

  /** Reads a line, as long as the token lets it. */
  @Nullable String read(CancellationToken token) throws IOException {
    return read(token, token, Duration.ZERO);
  }

  private boolean findEnd() {
    byte[] bytes = buffer.array();
    while (searched < buffer.position() && bytes[searched] != '\n') {
      searched++;
    }
    return searched < buffer.position();
  }

  private String takeLine() throws ProtocolException {
    byte[] bytes = buffer.array();
    int end = searched;
    if (end > start && bytes[end - 1] == '\r') {
      end--;
    }
    try {
      return decoder.decode(ByteBuffer.wrap(bytes, start, end - start)).toString();
    } catch (CharacterCodingException e) {
      throw new ProtocolException("a line must be UTF-8: " + e.getMessage());
    } finally {
      searched++;
      start = searched;
    }
  }

  private boolean hasBegun() {
    return buffer.position() > start;
  }

  private void makeRoom() throws ProtocolException {
    byte[] bytes = buffer.array();
    int rest = buffer.position() - start;
    if (rest == LONGEST) {
      throw new ProtocolException("a line must not be longer than %,d bytes".formatted(LONGEST));
    }
    if (start == 0 && rest == bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.min(LONGEST, 4 * bytes.length));
      buffer = ByteBuffer.wrap(bytes);
    } else {
      System.arraycopy(bytes, start, bytes, 0, rest);
      buffer.clear();
    }
    buffer.position(rest);
    start = 0;
    searched = rest;
  }

  private int fill(CancellationToken between, CancellationToken within, Duration toFinish)
      throws IOException {
    if (lastUntil == null) {
      try {
        return channel.read(between, buffer);
      } catch (CancelledIOException e) {
        if (!hasBegun() || within.isCancelled()) {
          throw e;
        }
        lastUntil = Deadline.after(toFinish);
      }
    }
    return channel.read(within, buffer, lastUntil);
  }

  /**
   * Reads on until the other side closes, and keeps nothing. Whoever closes a connection while
   * there is something to be read makes the system throw away what is on its way to the other side.
   */
  void discard(CancellationToken token) throws IOException {
    do {
      buffer.clear();
    } while (channel.read(token, buffer) >= 0);
  }

  /** Writes all of these, together one or more lines or a part of one. They stay as they are. */
  void write(CancellationToken token, Collection<ByteBuffer> lines) throws IOException {
    channel.write(token, lines.stream().map(ByteBuffer::duplicate).toArray(ByteBuffer[]::new));
  }

  /** Tells the other side that no more is sent. */
  void end() throws IOException {
    channel.shutdownOutput();
  }

  static ByteBuffer encode(String line) {
    return StandardCharsets.UTF_8.encode(line + '\n');
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
