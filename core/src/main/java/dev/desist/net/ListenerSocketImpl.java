package dev.desist.net;

import dev.desist.Cancellation;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What stands behind a {@link ServerSocket}. */
final class ListenerSocketImpl extends ChannelSocketImpl {
  /** A server socket of ours, whose connections are sockets of ours. */
  private static final class ChannelServerSocket extends ServerSocket {
    ChannelServerSocket(ListenerSocketImpl impl) {
      super(impl);
    }

    @Override
    public Socket accept() throws IOException {
      Socket accepted = ConnectionSocketImpl.socket();
      try {
        implAccept(accepted);
      } catch (Throwable e) {
        accepted.close();
        throw e;
      }
      return accepted;
    }
  }

  private volatile @Nullable CancellableServerSocketChannel listener;

  /** Where to listen. */
  private @Nullable InetSocketAddress pending;

  private ListenerSocketImpl() {}

  static ServerSocket serverSocket() {
    return new ChannelServerSocket(new ListenerSocketImpl());
  }

  private CancellableServerSocketChannel listener() throws SocketException {
    CancellableServerSocketChannel found = listener;
    if (found == null) {
      throw closed();
    }
    return found;
  }

  @Override
  NetworkChannel channel() throws SocketException {
    return listener().channel();
  }

  @Override
  protected void create(boolean stream) throws IOException {
    requireStream(stream);
    listener = CancellableServerSocketChannel.of(ServerSocketChannel.open());
  }

  /** Listening comes with the backlog. */
  @Override
  protected void bind(InetAddress host, int port) throws IOException {
    address = host;
    pending = new InetSocketAddress(host, port);
    localport = port;
  }

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
      ((ConnectionSocketImpl) into).become(connection);
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
    CancellableServerSocketChannel listening = listener;
    if (listening != null) {
      listening.close();
    }
  }

  // ---- what a ServerSocket never asks for ----

  @Override
  protected void connect(String host, int port) throws IOException {
    throw unconnected();
  }

  @Override
  protected void connect(InetAddress host, int port) throws IOException {
    throw unconnected();
  }

  @Override
  protected void connect(SocketAddress remote, int timeout) throws IOException {
    throw unconnected();
  }

  @Override
  protected InputStream getInputStream() throws IOException {
    throw unconnected();
  }

  @Override
  protected OutputStream getOutputStream() throws IOException {
    throw unconnected();
  }

  @Override
  protected int available() throws IOException {
    throw unconnected();
  }

  private static SocketException unconnected() {
    return new SocketException("a ServerSocket is not connected");
  }
}
