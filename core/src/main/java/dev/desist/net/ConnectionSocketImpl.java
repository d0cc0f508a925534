package dev.desist.net;

import dev.desist.Cancellation;
import dev.desist.Deadline;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import java.net.UnknownHostException;
import java.nio.channels.NetworkChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What stands behind a {@link Socket}: a connection, or what is to be one. */
final class ConnectionSocketImpl extends ChannelSocketImpl {
  /** A socket of ours. */
  private static final class ChannelSocket extends Socket {
    ChannelSocket(ConnectionSocketImpl impl) throws SocketException {
      super(impl);
    }
  }

  private volatile @Nullable CancellableSocketChannel connection;

  private ConnectionSocketImpl() {}

  static Socket socket() throws SocketException {
    return new ChannelSocket(new ConnectionSocketImpl());
  }

  private CancellableSocketChannel connection() throws SocketException {
    CancellableSocketChannel found = connection;
    if (found == null) {
      throw closed();
    }
    return found;
  }

  @Override
  NetworkChannel channel() throws SocketException {
    return connection().channel();
  }

  // ---- life cycle ----

  @Override
  protected void create(boolean stream) throws IOException {
    requireStream(stream);
    connection = CancellableSocketChannel.open();
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

  /** Is the one that a server has accepted. */
  void become(CancellableSocketChannel accepted) throws IOException {
    took(accepted.channel());
    connection = accepted;
  }

  @Override
  protected void bind(InetAddress host, int port) throws IOException {
    SocketChannel channel = connection().channel();
    channel.bind(new InetSocketAddress(host, port));
    localport = ((InetSocketAddress) channel.getLocalAddress()).getPort();
  }

  @Override
  protected void listen(int backlog) throws IOException {
    throw new SocketException("a Socket does not listen");
  }

  @Override
  protected void accept(SocketImpl into) throws IOException {
    throw new SocketException("a Socket does not accept");
  }

  @Override
  protected void close() throws IOException {
    CancellableSocketChannel open = connection;
    if (open != null) {
      open.close();
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
}
