package dev.desist.support;

import dev.desist.Cancellation;
import dev.desist.net.CancellableSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/**
 * Two ends of a connection; the other one is an ordinary channel.
 *
 * @param mine the one that obeys a token
 * @param other the one that does not
 */
public record Ends(CancellableSocketChannel mine, SocketChannel other) {
  public static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  public static Ends connect(SocketAddress local) throws IOException {
    boolean unix = local instanceof UnixDomainSocketAddress;
    try (ServerSocketChannel server =
        unix ? ServerSocketChannel.open(StandardProtocolFamily.UNIX) : ServerSocketChannel.open()) {
      server.bind(local);
      var mine = CancellableSocketChannel.open(Cancellation.current(), server.getLocalAddress());
      return new Ends(mine, server.accept());
    }
  }
}
