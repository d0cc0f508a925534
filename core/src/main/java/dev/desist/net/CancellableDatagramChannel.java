package dev.desist.net;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.Deadline;
import dev.desist.internal.Stack;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channel;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A UDP socket whose blocking calls end when a token is cancelled, and which stays open and usable
 * then: a datagram that comes later goes to the next {@code receive}.
 *
 * <p>All that is said of {@link CancellableSocketChannel} holds here: which thread waits how, what
 * an interrupt does, and what closing does.
 *
 * <p>There are no {@code connect}, {@code read} and {@code write}: whoever is connected by {@link
 * #channel()} receives from, and sends to, that address alone. That a {@code send} which waits ends
 * is not proven by a test: on the loopback device none waits.
 *
 * <h2>General exceptions</h2>
 *
 * <p>Whatever waits when the channel is closed by another thread throws an {@link
 * AsynchronousCloseException}. A null argument gives a {@link NullPointerException} that names the
 * parameter.
 */
public final class CancellableDatagramChannel implements Channel {
  private final DatagramChannel channel;
  private final Readiness readiness;

  private CancellableDatagramChannel(DatagramChannel channel) throws IOException {
    this.channel = channel;
    this.readiness = new Readiness(channel);
  }

  /**
   * {@return a new channel at {@code local}}
   *
   * @param local the address, whose port may be 0 for any that is free; or null for any address
   * @throws IOException if the address cannot be had
   */
  public static CancellableDatagramChannel open(@Nullable SocketAddress local) throws IOException {
    DatagramChannel made = DatagramChannel.open();
    try {
      return of(made.bind(local));
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
  public static CancellableDatagramChannel of(DatagramChannel channel) throws IOException {
    return new CancellableDatagramChannel(Objects.requireNonNull(channel, "channel"));
  }

  /**
   * {@return the channel behind this one, non-blocking: for its addresses, options, groups and
   * {@code connect}} Close this channel rather than that one, or those who wait do not learn of it.
   */
  public DatagramChannel channel() {
    return channel;
  }

  /**
   * {@return the address of this socket}
   *
   * @throws IOException if it is closed
   */
  public SocketAddress localAddress() throws IOException {
    return channel.getLocalAddress();
  }

  /**
   * Waits for a datagram. What does not fit into the buffer is dropped.
   *
   * @param token what may end the wait
   * @param destination takes the bytes
   * @return who sent it
   * @throws CancelledIOException if the token is or becomes cancelled; no datagram has been taken
   * @throws IOException if the system refuses
   */
  public SocketAddress receive(CancellationToken token, ByteBuffer destination) throws IOException {
    return receive(token, destination, Deadline.none());
  }

  /**
   * Waits for a datagram, as {@link #receive(CancellationToken, ByteBuffer)} does, but no longer
   * than until {@code deadline}.
   *
   * @param token what may end the wait
   * @param destination takes the bytes
   * @param deadline when to stop waiting
   * @return who sent it
   * @throws CancelledIOException if the token is or becomes cancelled; no datagram has been taken
   * @throws SocketTimeoutException if the deadline has passed; no datagram has been taken
   * @throws IOException if the system refuses
   */
  public SocketAddress receive(CancellationToken token, ByteBuffer destination, Deadline deadline)
      throws IOException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(destination, "destination");
    Objects.requireNonNull(deadline, "deadline");
    Stack.reserve();
    CancellationToken obeyed = Cancellation.currentWith(token);
    CancelledIOException.throwIfCancelled(obeyed);
    while (true) {
      SocketAddress sender = channel.receive(destination);
      if (sender != null) {
        return sender;
      }
      readiness.await(SelectionKey.OP_READ, obeyed, deadline, 0);
    }
  }

  /**
   * Sends what remains in the buffer as one datagram, and waits until the system has taken it.
   *
   * @param token what may end the wait
   * @param source the bytes
   * @param target whom to
   * @throws CancelledIOException if the token is or becomes cancelled; nothing has been sent
   * @throws IOException if the system refuses
   */
  public void send(CancellationToken token, ByteBuffer source, SocketAddress target)
      throws IOException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(source, "source");
    Objects.requireNonNull(target, "target");
    Stack.reserve();
    CancellationToken obeyed = Cancellation.currentWith(token);
    CancelledIOException.throwIfCancelled(obeyed);
    boolean empty = !source.hasRemaining();
    while (channel.send(source, target) == 0 && !empty) {
      readiness.await(SelectionKey.OP_WRITE, obeyed, Deadline.none(), 0);
    }
  }

  @Override
  public boolean isOpen() {
    return channel.isOpen();
  }

  /** Closes the socket, and ends what waits here on other threads. */
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
