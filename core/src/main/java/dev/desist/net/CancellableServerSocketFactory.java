package dev.desist.net;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import javax.net.ServerSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Makes {@link ServerSocket}s whose {@code accept}, and that of whose sockets every read and write,
 * obeys the {@linkplain dev.desist.Cancellation#current() current token} of whoever calls: for
 * servers that take a server socket and know nothing of tokens. Like {@link
 * CancellableSocketFactory}.
 */
public final class CancellableServerSocketFactory extends ServerSocketFactory {
  private static final CancellableServerSocketFactory DEFAULT =
      new CancellableServerSocketFactory();

  /** Makes a factory; all are alike. */
  public CancellableServerSocketFactory() {}

  /** {@return a factory of this kind, and not the JDK's} */
  public static ServerSocketFactory getDefault() {
    return DEFAULT;
  }

  @Override
  public ServerSocket createServerSocket() {
    return ListenerSocketImpl.serverSocket();
  }

  @Override
  public ServerSocket createServerSocket(int port) throws IOException {
    return createServerSocket(port, 0, null);
  }

  @Override
  public ServerSocket createServerSocket(int port, int backlog) throws IOException {
    return createServerSocket(port, backlog, null);
  }

  @Override
  public ServerSocket createServerSocket(int port, int backlog, @Nullable InetAddress local)
      throws IOException {
    ServerSocket socket = createServerSocket();
    try {
      socket.bind(new InetSocketAddress(local, port), backlog);
      return socket;
    } catch (Throwable e) {
      socket.close();
      throw e;
    }
  }
}
