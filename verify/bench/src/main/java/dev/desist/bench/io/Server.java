package dev.desist.bench.io;

import dev.desist.bench.Experiment;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The other process: sends back what it gets, with plain blocking channels, each on a virtual
 * thread. Where nothing comes, it says nothing, so reads block.
 */
final class Server implements AutoCloseable {
  private static final int BACKLOG = 1024;
  private static final int BUFFER = 4096;

  private final Process process;
  private final InetSocketAddress address;

  private Server(Process process, InetSocketAddress address) {
    this.process = process;
    this.address = address;
  }

  static Server start() throws IOException {
    Process process = Experiment.start(List.of("-Xmx1g"), Server.class);
    var reader =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    String line = reader.readLine();
    if (line == null) {
      throw new IllegalStateException("the server must say its port, and has ended");
    }
    return new Server(
        process, new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(line)));
  }

  InetSocketAddress address() {
    return address;
  }

  /** {@return a plain connection, which leaves nothing behind when it is closed} */
  SocketChannel connect() throws IOException {
    SocketChannel channel = SocketChannel.open(address);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.setOption(StandardSocketOptions.SO_LINGER, 0);
    return channel;
  }

  @Override
  public void close() throws IOException {
    process.getOutputStream().close();
    process.destroy();
  }

  /** Serves until its standard input ends. */
  public static void main(String[] args) throws IOException {
    try (ServerSocketChannel listener = ServerSocketChannel.open()) {
      listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), BACKLOG);
      System.out.println(((InetSocketAddress) listener.getLocalAddress()).getPort());
      Thread.ofPlatform().daemon().start(() -> serve(listener));
      while (System.in.read() >= 0) {
        // whoever started this lives
      }
    }
  }

  private static void serve(ServerSocketChannel listener) {
    try {
      while (true) {
        SocketChannel channel = listener.accept();
        Thread.startVirtualThread(() -> echo(channel));
      }
    } catch (IOException e) {
      // the listener was closed
    }
  }

  private static void echo(SocketChannel channel) {
    try (channel) {
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
      while (channel.read(buffer) >= 0) {
        buffer.flip();
        channel.write(buffer);
        buffer.clear();
      }
    } catch (IOException e) {
      // the client has gone
    }
  }
}
