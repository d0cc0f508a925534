package dev.desist.net;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.Deadline;
import dev.desist.internal.Stack;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channel;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Objects;

/**
 * A listening socket whose {@code accept} ends when a token is cancelled, and which goes on
 * listening then: no connection is lost, the next {@code accept} gets it.
 *
 * <p>All that is said of {@link CancellableSocketChannel} holds here: which thread waits how, what
 * an interrupt does, and what closing does. Several threads may accept at a time.
 *
 * <h2>General exceptions</h2>
 *
 * <p>Whatever waits when the channel is closed by another thread throws an {@link
 * AsynchronousCloseException}. A null argument gives a {@link NullPointerException} that names the
 * parameter.
 */
public final class CancellableServerSocketChannel implements Channel {
  private final ServerSocketChannel channel;
  private final Readiness readiness;

  private CancellableServerSocketChannel(ServerSocketChannel channel) throws IOException {
    this.channel = channel;
    this.readiness = new Readiness(channel);
  }

  /**
   * {@return a new channel that listens at {@code local}}
   *
   * @param local a TCP address, whose port may be 0 for any that is free, or a {@link
   *     UnixDomainSocketAddress}
   * @throws IOException if the address cannot be had
   */
  public static CancellableServerSocketChannel open(SocketAddress local) throws IOException {
    return open(local, 0);
  }

  /**
   * {@return a new channel that listens at {@code local}}
   *
   * @param local a TCP address, whose port may be 0 for any that is free, or a {@link
   *     UnixDomainSocketAddress}
   * @param backlog how many connections may wait to be accepted, roughly; 0 for what the system
   *     thinks right
   * @throws IOException if the address cannot be had
   */
  public static CancellableServerSocketChannel open(SocketAddress local, int backlog)
      throws IOException {
    Objects.requireNonNull(local, "local");
    ServerSocketChannel made =
        local instanceof UnixDomainSocketAddress
            ? ServerSocketChannel.open(StandardProtocolFamily.UNIX)
            : ServerSocketChannel.open();
    try {
      return of(made.bind(local, backlog));
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
  public static CancellableServerSocketChannel of(ServerSocketChannel channel) throws IOException {
    return new CancellableServerSocketChannel(Objects.requireNonNull(channel, "channel"));
  }

  /**
   * {@return the channel behind this one, non-blocking: for its address and options} Close this
   * channel rather than that one, or those who wait do not learn of it.
   */
  public ServerSocketChannel channel() {
    return channel;
  }

  /**
   * {@return the address at which this channel listens}
   *
   * @throws IOException if it is closed
   */
  public SocketAddress localAddress() throws IOException {
    return channel.getLocalAddress();
  }

  /**
   * {@return the next connection, for which this waits}
   *
   * @param token what may end the wait
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws IOException if the system refuses
   */
  public CancellableSocketChannel accept(CancellationToken token) throws IOException {
    return accept(token, Deadline.none());
  }

  /**
   * {@return the next connection, for which this waits no longer than until {@code deadline}}
   *
   * @param token what may end the wait
   * @param deadline when to stop waiting
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws SocketTimeoutException if the deadline has passed
   * @throws IOException if the system refuses
   */
  public CancellableSocketChannel accept(CancellationToken token, Deadline deadline)
      throws IOException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(deadline, "deadline");
    Stack.reserve(); // a connection that was taken must not be lost
    CancellationToken obeyed = Cancellation.currentWith(token);
    CancelledIOException.throwIfCancelled(obeyed);
    while (true) {
      SocketChannel accepted = channel.accept();
      if (accepted != null) {
        return CancellableSocketChannel.owning(accepted);
      }
      readiness.await(SelectionKey.OP_ACCEPT, obeyed, deadline, 0);
    }
  }

  @Override
  public boolean isOpen() {
    return channel.isOpen();
  }

  /** Stops listening, and ends what waits here on other threads. */
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
