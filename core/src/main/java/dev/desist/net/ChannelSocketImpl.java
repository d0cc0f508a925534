package dev.desist.net;

import dev.desist.Deadline;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import java.net.SocketOption;
import java.net.SocketOptions;
import java.net.StandardSocketOptions;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NetworkChannel;
import java.time.Duration;
import java.util.Set;

/**
 * What stands behind a {@link java.net.Socket} or a {@link java.net.ServerSocket} whose calls obey
 * the current token: a channel. This is what both have: options, a timeout, exceptions that callers
 * of sockets expect.
 */
abstract sealed class ChannelSocketImpl extends SocketImpl
    permits ConnectionSocketImpl, ListenerSocketImpl {
  private volatile int timeoutMillis;

  /** {@return the channel that has the options} */
  abstract NetworkChannel channel() throws SocketException;

  final Deadline timeout() {
    int millis = timeoutMillis;
    return millis == 0 ? Deadline.none() : Deadline.after(Duration.ofMillis(millis));
  }

  static void requireStream(boolean stream) throws SocketException {
    if (!stream) {
      throw new SocketException("a socket must be a stream");
    }
  }

  /** What callers of a socket expect, who are told of trouble by a SocketException. */
  static IOException ofSocket(IOException e) {
    if (e instanceof InterruptedIOException || e instanceof SocketException) {
      return e;
    }
    return failure(
        e instanceof ClosedChannelException ? "Socket closed" : String.valueOf(e.getMessage()), e);
  }

  static SocketException closed() {
    return new SocketException("Socket is closed");
  }

  @Override
  protected final boolean supportsUrgentData() {
    return false;
  }

  @Override
  protected final void sendUrgentData(int data) throws IOException {
    throw new SocketException("Urgent data not supported");
  }

  // ---- options ----

  @Override
  protected Set<SocketOption<?>> supportedOptions() {
    try {
      return channel().supportedOptions();
    } catch (SocketException e) {
      return Set.of();
    }
  }

  @Override
  protected <T> void setOption(SocketOption<T> name, T value) throws IOException {
    channel().setOption(name, value);
  }

  @Override
  protected <T> T getOption(SocketOption<T> name) throws IOException {
    return channel().getOption(name);
  }

  /** By the numbers of the time before {@link SocketOption}. */
  @Override
  public void setOption(int option, Object value) throws SocketException {
    try {
      switch (option) {
        case SocketOptions.SO_TIMEOUT -> timeoutMillis = (Integer) value;
        case SocketOptions.SO_LINGER ->
            setOption(
                StandardSocketOptions.SO_LINGER, value instanceof Integer seconds ? seconds : -1);
        case SocketOptions.TCP_NODELAY ->
            setOption(StandardSocketOptions.TCP_NODELAY, (Boolean) value);
        case SocketOptions.SO_KEEPALIVE ->
            setOption(StandardSocketOptions.SO_KEEPALIVE, (Boolean) value);
        case SocketOptions.SO_REUSEADDR ->
            setOption(StandardSocketOptions.SO_REUSEADDR, (Boolean) value);
        case SocketOptions.SO_REUSEPORT ->
            setOption(StandardSocketOptions.SO_REUSEPORT, (Boolean) value);
        case SocketOptions.SO_SNDBUF -> setOption(StandardSocketOptions.SO_SNDBUF, (Integer) value);
        case SocketOptions.SO_RCVBUF -> setOption(StandardSocketOptions.SO_RCVBUF, (Integer) value);
        case SocketOptions.IP_TOS -> setOption(StandardSocketOptions.IP_TOS, (Integer) value);
        case SocketOptions.SO_OOBINLINE -> {
          if ((Boolean) value) {
            throw new SocketException("Urgent data not supported");
          }
        }
        default -> throw new SocketException("Unknown option " + option);
      }
    } catch (SocketException e) {
      throw e;
    } catch (IOException | UnsupportedOperationException e) {
      throw failure(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public Object getOption(int option) throws SocketException {
    try {
      return switch (option) {
        case SocketOptions.SO_TIMEOUT -> timeoutMillis;
        case SocketOptions.SO_LINGER -> getOption(StandardSocketOptions.SO_LINGER);
        case SocketOptions.TCP_NODELAY -> getOption(StandardSocketOptions.TCP_NODELAY);
        case SocketOptions.SO_KEEPALIVE -> getOption(StandardSocketOptions.SO_KEEPALIVE);
        case SocketOptions.SO_REUSEADDR -> getOption(StandardSocketOptions.SO_REUSEADDR);
        case SocketOptions.SO_REUSEPORT -> getOption(StandardSocketOptions.SO_REUSEPORT);
        case SocketOptions.SO_SNDBUF -> getOption(StandardSocketOptions.SO_SNDBUF);
        case SocketOptions.SO_RCVBUF -> getOption(StandardSocketOptions.SO_RCVBUF);
        case SocketOptions.IP_TOS -> getOption(StandardSocketOptions.IP_TOS);
        case SocketOptions.SO_OOBINLINE -> false;
        case SocketOptions.SO_BINDADDR -> bound();
        default -> throw new SocketException("Unknown option " + option);
      };
    } catch (SocketException e) {
      throw e;
    } catch (IOException | UnsupportedOperationException e) {
      throw failure(String.valueOf(e.getMessage()), e);
    }
  }

  private InetAddress bound() throws IOException {
    SocketAddress local = channel().getLocalAddress();
    return local instanceof InetSocketAddress inet
        ? inet.getAddress()
        : new InetSocketAddress(0).getAddress();
  }

  private static SocketException failure(String message, Exception e) {
    var failure = new SocketException(message);
    failure.initCause(e);
    return failure;
  }
}
