package dev.desist.net;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.Deadline;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.Pipe;
import java.nio.channels.ScatteringByteChannel;
import java.util.Objects;

/**
 * A pipe whose blocking calls end when a token is cancelled, and which stays whole then: the next
 * read gets the bytes that the cancelled one would have got.
 *
 * <p>All that is said of {@link CancellableSocketChannel} holds here: which thread waits how, what
 * an interrupt does, what a cancelled write says, and what closing does. For streams, give its ends
 * to {@link java.nio.channels.Channels}.
 *
 * <h2>General exceptions</h2>
 *
 * <p>Whatever waits when its end is closed by another thread throws an {@link
 * AsynchronousCloseException}. A null argument gives a {@link NullPointerException} that names the
 * parameter.
 */
public final class CancellablePipe implements Closeable {
  private final Source source;
  private final Sink sink;

  private CancellablePipe(Source source, Sink sink) {
    this.source = source;
    this.sink = sink;
  }

  /**
   * {@return a new pipe}
   *
   * @throws IOException if the system refuses
   */
  public static CancellablePipe open() throws IOException {
    Pipe made = Pipe.open();
    try {
      return new CancellablePipe(new Source(made.source()), new Sink(made.sink()));
    } catch (Throwable e) {
      try (var _ = made.source()) {
        made.sink().close();
      }
      throw e;
    }
  }

  /** {@return the end to read from} */
  public Source source() {
    return source;
  }

  /** {@return the end to write to} */
  public Sink sink() {
    return sink;
  }

  /** Closes both ends. */
  @Override
  public void close() throws IOException {
    try (source) {
      sink.close();
    }
  }

  /** {@return both ends, in words} */
  @Override
  public String toString() {
    return "CancellablePipe[" + source + ", " + sink + "]";
  }

  /** The end of a pipe that is read from. */
  public static final class Source implements ScatteringByteChannel {
    private final Pipe.SourceChannel channel;
    private final Readiness readiness;

    private Source(Pipe.SourceChannel channel) throws IOException {
      this.channel = channel;
      this.readiness = new Readiness(channel);
    }

    /**
     * {@return {@code channel} with cancellable calls} The channel is made non-blocking, and is to
     * be used and closed through the result from now on.
     *
     * @param channel open, of the default provider, registered nowhere
     * @throws IllegalArgumentException if it is of another provider
     * @throws IOException if it is closed
     */
    public static Source of(Pipe.SourceChannel channel) throws IOException {
      return new Source(Objects.requireNonNull(channel, "channel"));
    }

    @Override
    public int read(ByteBuffer destination) throws IOException {
      return read(Cancellation.current(), destination);
    }

    /**
     * Reads what is there, and waits until there is something.
     *
     * @param token what may end the wait
     * @param destination takes the bytes
     * @return how many bytes, at least 1 unless the buffer is full; or -1 if the other end is
     *     closed and all was read
     * @throws CancelledIOException if the token is or becomes cancelled; nothing has been read
     * @throws IOException if the system refuses
     */
    public int read(CancellationToken token, ByteBuffer destination) throws IOException {
      return ChannelTransfer.read(channel, readiness, token, destination, Deadline.none());
    }

    @Override
    public long read(ByteBuffer[] destinations) throws IOException {
      return read(Cancellation.current(), destinations);
    }

    @Override
    public long read(ByteBuffer[] destinations, int offset, int length) throws IOException {
      return ChannelTransfer.read(
          channel, readiness, Cancellation.current(), destinations, offset, length);
    }

    /**
     * Reads what is there into several buffers, one after the other, as {@link
     * #read(CancellationToken, ByteBuffer)} does.
     *
     * @param token what may end the wait
     * @param destinations take the bytes
     * @return how many bytes, at least 1 unless the buffers are full; or -1
     * @throws CancelledIOException if the token is or becomes cancelled; nothing has been read
     * @throws IOException if the system refuses
     */
    public long read(CancellationToken token, ByteBuffer[] destinations) throws IOException {
      Objects.requireNonNull(destinations, "destinations");
      return ChannelTransfer.read(channel, readiness, token, destinations, 0, destinations.length);
    }

    @Override
    public boolean isOpen() {
      return channel.isOpen();
    }

    /** Closes this end, and ends what waits here on other threads. */
    @Override
    public void close() throws IOException {
      readiness.close();
    }

    /** {@return the channel behind this one, in words} */
    @Override
    public String toString() {
      return "Cancellable" + channel;
    }
  }

  /** The end of a pipe that is written to. */
  public static final class Sink implements GatheringByteChannel {
    private final Pipe.SinkChannel channel;
    private final Readiness readiness;

    private Sink(Pipe.SinkChannel channel) throws IOException {
      this.channel = channel;
      this.readiness = new Readiness(channel);
    }

    /**
     * {@return {@code channel} with cancellable calls} The channel is made non-blocking, and is to
     * be used and closed through the result from now on.
     *
     * @param channel open, of the default provider, registered nowhere
     * @throws IllegalArgumentException if it is of another provider
     * @throws IOException if it is closed
     */
    public static Sink of(Pipe.SinkChannel channel) throws IOException {
      return new Sink(Objects.requireNonNull(channel, "channel"));
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
      return write(Cancellation.current(), source);
    }

    /**
     * Writes all that remains in the buffer, and waits until the system has taken it.
     *
     * @param token what may end the wait
     * @param source the bytes; its position is after those that were handed over, however this ends
     * @return how many bytes that was
     * @throws CancelledIOException if the token is or becomes cancelled; its {@link
     *     CancelledIOException#bytesTransferred} says how many bytes were handed over
     * @throws IOException if the other end is closed
     */
    public int write(CancellationToken token, ByteBuffer source) throws IOException {
      return ChannelTransfer.write(channel, readiness, token, source, Deadline.none());
    }

    @Override
    public long write(ByteBuffer[] sources) throws IOException {
      return write(Cancellation.current(), sources);
    }

    @Override
    public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
      return ChannelTransfer.write(
          channel, readiness, Cancellation.current(), sources, offset, length);
    }

    /**
     * Writes all that remains in several buffers, one after the other, as {@link
     * #write(CancellationToken, ByteBuffer)} does.
     *
     * @param token what may end the wait
     * @param sources the bytes
     * @return how many bytes were handed over
     * @throws CancelledIOException if the token is or becomes cancelled
     * @throws IOException if the other end is closed
     */
    public long write(CancellationToken token, ByteBuffer[] sources) throws IOException {
      Objects.requireNonNull(sources, "sources");
      return ChannelTransfer.write(channel, readiness, token, sources, 0, sources.length);
    }

    @Override
    public boolean isOpen() {
      return channel.isOpen();
    }

    /** Closes this end, and ends what waits here on other threads. */
    @Override
    public void close() throws IOException {
      readiness.close();
    }

    /** {@return the channel behind this one, in words} */
    @Override
    public String toString() {
      return "Cancellable" + channel;
    }
  }
}
