package dev.desist.net;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.Deadline;
import dev.desist.internal.Stack;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.ScatteringByteChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A connection, by TCP or a Unix-domain socket, whose blocking calls end when a token is cancelled,
 * and which stays open and usable then: the next read gets the bytes that the cancelled one would
 * have got, and a goodbye can still be written.
 *
 * {@snippet class="dev.desist.snippets.SocketSnippets" region="goodbye"}
 *
 * <p>Each blocking method obeys the token that it is given, and the {@linkplain
 * Cancellation#current() current} one: to send a goodbye under a current token that is cancelled,
 * write it in a {@linkplain Cancellation#shielded(dev.desist.Action) shield}. The forms without a
 * token are those of {@link java.nio.channels.ByteChannel}: so foreign code to which one is given
 * obeys the token of whoever calls it.
 *
 * <h2>What happens on a cancellation</h2>
 *
 * <p>The call throws a {@link CancelledIOException}. A token that is cancelled already ends it
 * before anything is read or written, even if it would not have had to wait. A cancelled read has
 * read nothing, and never gives an end of the stream that the cancellation has made. A cancelled
 * write has handed over the bytes up to the buffer's position, whose number, up to {@link
 * Integer#MAX_VALUE}, is in {@link CancelledIOException#bytesTransferred}: write the rest of the
 * buffer to go on. A cancelled {@code connect} is still under way: call it again, for the same
 * address, to wait for its end, or close.
 *
 * <p>Connecting, reading and writing can be given a {@link Deadline}, too. When it passes, the call
 * throws a {@link SocketTimeoutException}, which is no cancellation; everything else is as after
 * one.
 *
 * <p>An interrupt does not close the connection either: a call that has to wait throws an {@link
 * java.io.InterruptedIOException}, and the thread stays interrupted.
 *
 * <h2>What blocks, and what it holds</h2>
 *
 * <p>A virtual thread that waits holds no carrier and no descriptor; a few loops of this library
 * wait for all of them. A platform thread waits in a selector of its own, one for each direction of
 * the channel, which takes two descriptors until the channel is closed. A channel that is forgotten
 * and not closed is kept. Closing what {@link #channel()} gives wakes nobody who waits here.
 *
 * <h2>Thread safety</h2>
 *
 * <p>One thread may read while another writes, and any thread may close or cancel. What several
 * threads read at a time is divided between them somehow; what several write is mixed.
 *
 * <h2>General exceptions</h2>
 *
 * <p>Whatever waits when the channel is closed by another thread throws an {@link
 * AsynchronousCloseException}. A null argument gives a {@link NullPointerException} that names the
 * parameter.
 */
public final class CancellableSocketChannel implements ScatteringByteChannel, GatheringByteChannel {
  private final SocketChannel channel;
  private final Readiness readiness;

  private CancellableSocketChannel(SocketChannel channel) throws IOException {
    this.channel = channel;
    this.readiness = new Readiness(channel);
  }

  /**
   * {@return a new TCP channel, not connected}
   *
   * @throws IOException if the system refuses
   */
  public static CancellableSocketChannel open() throws IOException {
    return owning(SocketChannel.open());
  }

  /**
   * {@return a new channel, not connected}
   *
   * @param family such as {@link StandardProtocolFamily#UNIX}
   * @throws IOException if the system refuses
   */
  public static CancellableSocketChannel open(ProtocolFamily family) throws IOException {
    return owning(SocketChannel.open(Objects.requireNonNull(family, "family")));
  }

  /**
   * {@return a new channel, connected to {@code remote}} If that fails or is cancelled, nothing is
   * left open.
   *
   * @param token what may end the wait
   * @param remote whom to connect to, by TCP or, for a {@link UnixDomainSocketAddress}, by that
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws IOException if there is no connection to be had
   */
  public static CancellableSocketChannel open(CancellationToken token, SocketAddress remote)
      throws IOException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(remote, "remote");
    CancellableSocketChannel made =
        owning(
            remote instanceof UnixDomainSocketAddress
                ? SocketChannel.open(StandardProtocolFamily.UNIX)
                : SocketChannel.open());
    try {
      made.connect(token, remote);
      return made;
    } catch (Throwable e) {
      made.close();
      throw e;
    }
  }

  /**
   * {@return {@code channel} with cancellable calls} The channel is made non-blocking, and is to be
   * used and closed through the result from now on.
   *
   * @param channel open, of the default provider, registered nowhere
   * @throws IllegalArgumentException if it is of another provider
   * @throws IOException if it is closed
   */
  public static CancellableSocketChannel of(SocketChannel channel) throws IOException {
    return new CancellableSocketChannel(Objects.requireNonNull(channel, "channel"));
  }

  /** As {@link #of}; if that fails, nothing is left open. */
  static CancellableSocketChannel owning(SocketChannel made) throws IOException {
    try {
      return new CancellableSocketChannel(made);
    } catch (Throwable e) {
      made.close();
      throw e;
    }
  }

  /**
   * {@return the channel behind this one, non-blocking: for its addresses and options} Close this
   * channel rather than that one, or those who wait do not learn of it.
   */
  public SocketChannel channel() {
    return channel;
  }

  // ---- connecting ----

  /**
   * Connects. If an earlier call was cancelled, waits for the connection that it began.
   *
   * @param token what may end the wait
   * @param remote whom to connect to
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws IOException if there is no connection to be had; the channel is closed then
   */
  public void connect(CancellationToken token, SocketAddress remote) throws IOException {
    connect(token, remote, Deadline.none());
  }

  /**
   * Connects, as {@link #connect(CancellationToken, SocketAddress)} does, but waits no longer than
   * until {@code deadline}.
   *
   * @param token what may end the wait
   * @param remote whom to connect to
   * @param deadline when to stop waiting
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws SocketTimeoutException if the deadline has passed; the connection is still under way
   * @throws IOException if there is no connection to be had; the channel is closed then
   */
  public void connect(CancellationToken token, SocketAddress remote, Deadline deadline)
      throws IOException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(remote, "remote");
    Objects.requireNonNull(deadline, "deadline");
    Stack.reserve();
    CancellationToken obeyed = Cancellation.currentWith(token);
    CancelledIOException.throwIfCancelled(obeyed);
    try {
      if (!channel.isConnectionPending() && channel.connect(remote)) {
        return;
      }
      while (!channel.finishConnect()) {
        readiness.await(SelectionKey.OP_CONNECT, obeyed, deadline, 0);
      }
      readiness.connected();
    } finally {
      if (!channel.isOpen()) {
        close(); // by a connect that failed: lets go of the rest
      }
    }
  }

  // ---- reading ----

  /** Reads under the current token, as {@link #read(CancellationToken, ByteBuffer)} does. */
  @Override
  public int read(ByteBuffer destination) throws IOException {
    return read(Cancellation.current(), destination);
  }

  /**
   * Reads what is there, and waits until there is something.
   *
   * @param token what may end the wait
   * @param destination takes the bytes
   * @return how many bytes, at least 1 unless the buffer is full; or -1 at the end of the stream
   * @throws CancelledIOException if the token is or becomes cancelled; nothing has been read
   * @throws IOException if the connection fails
   */
  public int read(CancellationToken token, ByteBuffer destination) throws IOException {
    return read(token, destination, Deadline.none());
  }

  /**
   * Reads what is there, as {@link #read(CancellationToken, ByteBuffer)} does, but waits no longer
   * than until {@code deadline}.
   *
   * @param token what may end the wait
   * @param destination takes the bytes
   * @param deadline when to stop waiting
   * @return how many bytes, at least 1 unless the buffer is full; or -1 at the end of the stream
   * @throws CancelledIOException if the token is or becomes cancelled; nothing has been read
   * @throws SocketTimeoutException if the deadline has passed; nothing has been read
   * @throws IOException if the connection fails
   */
  public int read(CancellationToken token, ByteBuffer destination, Deadline deadline)
      throws IOException {
    return ChannelTransfer.read(channel, readiness, token, destination, deadline);
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
   * @return how many bytes, at least 1 unless the buffers are full; or -1 at the end of the stream
   * @throws CancelledIOException if the token is or becomes cancelled; nothing has been read
   * @throws IOException if the connection fails
   */
  public long read(CancellationToken token, ByteBuffer[] destinations) throws IOException {
    Objects.requireNonNull(destinations, "destinations");
    return ChannelTransfer.read(channel, readiness, token, destinations, 0, destinations.length);
  }

  // ---- writing ----

  /** Writes under the current token, as {@link #write(CancellationToken, ByteBuffer)} does. */
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
   * @throws IOException if the connection fails
   */
  public int write(CancellationToken token, ByteBuffer source) throws IOException {
    return write(token, source, Deadline.none());
  }

  /**
   * Writes all that remains in the buffer, as {@link #write(CancellationToken, ByteBuffer)} does,
   * but waits no longer than until {@code deadline}.
   *
   * @param token what may end the wait
   * @param source the bytes; its position is after those that were handed over, however this ends
   * @param deadline when to stop waiting
   * @return how many bytes that was
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws SocketTimeoutException if the deadline has passed; its {@code bytesTransferred} says
   *     how many bytes were handed over
   * @throws IOException if the connection fails
   */
  public int write(CancellationToken token, ByteBuffer source, Deadline deadline)
      throws IOException {
    return ChannelTransfer.write(channel, readiness, token, source, deadline);
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
   * @throws IOException if the connection fails
   */
  public long write(CancellationToken token, ByteBuffer[] sources) throws IOException {
    Objects.requireNonNull(sources, "sources");
    return ChannelTransfer.write(channel, readiness, token, sources, 0, sources.length);
  }

  // ---- the rest ----

  /**
   * {@return this end's address, or null if it has none yet}
   *
   * @throws IOException if the channel is closed
   */
  public @Nullable SocketAddress localAddress() throws IOException {
    return channel.getLocalAddress();
  }

  /**
   * {@return the other end's address, or null if there is no connection}
   *
   * @throws IOException if the channel is closed
   */
  public @Nullable SocketAddress remoteAddress() throws IOException {
    return channel.getRemoteAddress();
  }

  /**
   * Tells the peer that nothing more comes. What it sends can still be read.
   *
   * @throws NotYetConnectedException if there is no connection
   * @throws IOException if the connection fails
   */
  public void shutdownOutput() throws IOException {
    channel.shutdownOutput();
  }

  /**
   * Takes nothing more from the peer: reads find the end of the stream, also those that wait.
   *
   * @throws NotYetConnectedException if there is no connection
   * @throws IOException if the connection fails
   */
  public void shutdownInput() throws IOException {
    channel.shutdownInput();
  }

  /** {@return a stream that reads from this channel, under the current token of each call} */
  public InputStream inputStream() {
    return new ChannelInput(this, Deadline::none);
  }

  /** {@return a stream that writes to this channel, under the current token of each call} */
  public OutputStream outputStream() {
    return new ChannelOutput(this);
  }

  @Override
  public boolean isOpen() {
    return channel.isOpen();
  }

  /** Closes the connection, and ends what waits for it on other threads. */
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
