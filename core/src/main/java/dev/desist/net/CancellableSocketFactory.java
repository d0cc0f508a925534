package dev.desist.net;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Makes {@link Socket}s whose connecting, reading and writing obey the {@linkplain
 * dev.desist.Cancellation#current() current token} of whoever calls: for drivers, clients and TLS
 * that take a socket factory and know nothing of tokens.
 *
 * {@snippet class="dev.desist.snippets.SocketSnippets" region="factory"}
 *
 * <p>A cancelled call throws a {@link dev.desist.CancelledIOException}, and the socket stays open
 * and usable, as with {@link CancellableSocketChannel}; whether the protocol above can go on is up
 * to the code above. TLS can after a cancelled read, not after a cancelled write: {@code
 * ((SSLSocketFactory) SSLSocketFactory.getDefault()).createSocket(socket, host, port, true)}. A
 * database driver that is cut off amid an answer gives up its connection: to keep that, cancel the
 * statement instead, in a {@linkplain dev.desist.Cancellation#shielded(Action) shield}. A cancelled
 * {@code connect} closes the socket, as every failed one does.
 *
 * <p>{@code setSoTimeout} works as usual. An interrupt ends the call; a virtual thread's closes the
 * socket, as in the JDK. Urgent data is not supported.
 *
 * <p>It has a public constructor without arguments, for those who make one by its class name.
 */
public final class CancellableSocketFactory extends SocketFactory {
  private static final CancellableSocketFactory DEFAULT = new CancellableSocketFactory();

  /** Makes a factory; all are alike. */
  public CancellableSocketFactory() {}

  /** {@return a factory of this kind, and not the JDK's} */
  public static SocketFactory getDefault() {
    return DEFAULT;
  }

  @Override
  public Socket createSocket() throws IOException {
    return ConnectionSocketImpl.socket();
  }

  @Override
  public Socket createSocket(String host, int port) throws IOException {
    return connected(new InetSocketAddress(host, port), null);
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress localHost, int localPort)
      throws IOException {
    return connected(
        new InetSocketAddress(host, port), new InetSocketAddress(localHost, localPort));
  }

  @Override
  public Socket createSocket(InetAddress host, int port) throws IOException {
    return connected(new InetSocketAddress(host, port), null);
  }

  @Override
  public Socket createSocket(InetAddress host, int port, InetAddress localHost, int localPort)
      throws IOException {
    return connected(
        new InetSocketAddress(host, port), new InetSocketAddress(localHost, localPort));
  }

  private Socket connected(InetSocketAddress remote, @Nullable InetSocketAddress local)
      throws IOException {
    Socket socket = createSocket();
    try {
      if (local != null) {
        socket.bind(local);
      }
      socket.connect(remote);
      return socket;
    } catch (Throwable e) {
      socket.close();
      throw e;
    }
  }
}
