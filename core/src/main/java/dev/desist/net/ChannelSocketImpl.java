package dev.desist.net;

import dev.desist.Cancellation;
import dev.desist.Deadline;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import java.net.SocketOption;
import java.net.SocketOptions;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What stands behind a {@link Socket} or a {@link ServerSocket} whose calls obey the current token.
 * It is one or the other, which shows when it is connected or bound.
 */
final class ChannelSocketImpl extends SocketImpl {
  /** A socket of ours. */
  private static final class ChannelSocket extends Socket {
    ChannelSocket(ChannelSocketImpl impl) throws SocketException {
      super(impl);
    }
  }

  /** A server socket of ours, whose connections are sockets of ours. */
  private static final class ChannelServerSocket extends ServerSocket {
    ChannelServerSocket(ChannelSocketImpl impl) {
      super(impl);
    }

    @Override
    public Socket accept() throws IOException {
      Socket accepted = socket();
      try {
        implAccept(accepted);
      } catch (Throwable e) {
        accepted.close();
        throw e;
      }
      return accepted;
    }
  }

  private final boolean server;
  private volatile @Nullable CancellableSocketChannel channel;
  private volatile @Nullable CancellableServerSocketChannel listener;
  private volatile int timeoutMillis;

  private ChannelSocketImpl(boolean server) {
    this.server = server;
  }

  static Socket socket() throws SocketException {
    return new ChannelSocket(new ChannelSocketImpl(false));
  }

  static ServerSocket serverSocket() {
    return new ChannelServerSocket(new ChannelSocketImpl(true));
  }

  private CancellableSocketChannel connection() throws SocketException {
    CancellableSocketChannel found = channel;
    if (found == null) {
      throw new SocketException("Socket is closed");
    }
    return found;
  }

  private CancellableServerSocketChannel listener() throws SocketException {
    CancellableServerSocketChannel found = listener;
    if (found == null) {
      throw new SocketException("Socket is closed");
    }
    return found;
  }

  private Deadline timeout() {
    int millis = timeoutMillis;
    return millis == 0 ? Deadline.none() : Deadline.after(Duration.ofMillis(millis));
  }

  // ---- life cycle ----

  @Override
  protected void create(boolean stream) throws IOException {
    if (!stream) {
      throw new SocketException("a socket must be a stream");
    }
    if (server) {
      listener = CancellableServerSocketChannel.of(ServerSocketChannel.open());
    } else {
      channel = CancellableSocketChannel.open();
    }
  }

  @Override
  protected void connect(String host, int port) throws IOException {
    connect(new InetSocketAddress(host, port), 0);
  }

  @Override
  protected void connect(InetAddress host, int port) throws IOException {
    connect(new InetSocketAddress(host, port), 0);
  }

  @Override
  protected void connect(SocketAddress remote, int timeout) throws IOException {
    if (!(remote instanceof InetSocketAddress inet)) {
      throw new IllegalArgumentException("an address must be of TCP: " + remote);
    }
    if (inet.isUnresolved()) {
      throw new UnknownHostException(inet.getHostName());
    }
    Deadline deadline = timeout == 0 ? Deadline.none() : Deadline.after(Duration.ofMillis(timeout));
    try {
      connection().connect(Cancellation.current(), inet, deadline);
      took(connection().channel());
    } catch (IOException e) {
      close(); // as every Socket does
      throw ofSocket(e);
    } catch (Throwable e) {
      close();
      throw e;
    }
  }

  /** Notes whom this is connected to. */
  private void took(SocketChannel connected) throws IOException {
    var remote = (InetSocketAddress) connected.getRemoteAddress();
    address = remote.getAddress();
    port = remote.getPort();
    localport = ((InetSocketAddress) connected.getLocalAddress()).getPort();
  }

  @Override
  protected void bind(InetAddress host, int port) throws IOException {
    var local = new InetSocketAddress(host, port);
    if (server) {
      address = host;
      pending = local; // listening comes with the backlog
      localport = port;
    } else {
      connection().channel().bind(local);
      localport = ((InetSocketAddress) connection().channel().getLocalAddress()).getPort();
    }
  }

  /** Where a server is to listen. */
  private @Nullable InetSocketAddress pending;

  @Override
  protected void listen(int backlog) throws IOException {
    ServerSocketChannel made = listener().channel();
    made.bind(Objects.requireNonNull(pending), backlog);
    localport = ((InetSocketAddress) made.getLocalAddress()).getPort();
  }

  @Override
  protected void accept(SocketImpl into) throws IOException {
    CancellableSocketChannel connection = null;
    try {
      connection = listener().accept(Cancellation.current(), timeout());
      var accepted = (ChannelSocketImpl) into;
      accepted.took(connection.channel());
      accepted.channel = connection;
    } catch (Throwable e) {
      if (connection != null) {
        connection.close();
      }
      if (e instanceof IOException failure) {
        throw ofSocket(failure);
      }
      throw e;
    }
  }

  @Override
  protected void close() throws IOException {
    CancellableSocketChannel open = channel;
    if (open != null) {
      open.close();
    }
    CancellableServerSocketChannel listening = listener;
    if (listening != null) {
      listening.close();
    }
  }

  // ---- transfer ----

  @Override
  protected InputStream getInputStream() throws IOException {
    return new ChannelInput(connection(), this::timeout) {
      @Override
      public int read(byte[] bytes, int offset, int length) throws IOException {
        try {
          return super.read(bytes, offset, length);
        } catch (IOException e) {
          throw ofSocket(e);
        }
      }
    };
  }

  @Override
  protected OutputStream getOutputStream() throws IOException {
    return new ChannelOutput(connection()) {
      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
          super.write(bytes, offset, length);
        } catch (IOException e) {
          throw ofSocket(e);
        }
      }
    };
  }

  @Override
  protected int available() throws IOException {
    return getInputStream().available();
  }

  @Override
  protected void shutdownInput() throws IOException {
    connection().shutdownInput();
  }

  @Override
  protected void shutdownOutput() throws IOException {
    connection().shutdownOutput();
  }

  @Override
  protected boolean supportsUrgentData() {
    return false;
  }

  @Override
  protected void sendUrgentData(int data) throws IOException {
    throw new SocketException("Urgent data not supported");
  }

  /** What callers of a {@link Socket} expect, who are told of trouble by a SocketException. */
  private static IOException ofSocket(IOException e) {
    if (e instanceof InterruptedIOException || e instanceof SocketException) {
      return e;
    }
    return failure(
        e instanceof ClosedChannelException ? "Socket closed" : String.valueOf(e.getMessage()), e);
  }

  // ---- options ----

  @Override
  protected Set<SocketOption<?>> supportedOptions() {
    try {
      return server
          ? listener().channel().supportedOptions()
          : connection().channel().supportedOptions();
    } catch (SocketException e) {
      return Set.of();
    }
  }

  @Override
  protected <T> void setOption(SocketOption<T> name, T value) throws IOException {
    if (server) {
      listener().channel().setOption(name, value);
    } else {
      connection().channel().setOption(name, value);
    }
  }

  @Override
  protected <T> T getOption(SocketOption<T> name) throws IOException {
    return server ? listener().channel().getOption(name) : connection().channel().getOption(name);
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
    SocketAddress local =
        server ? listener().channel().getLocalAddress() : connection().channel().getLocalAddress();
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
