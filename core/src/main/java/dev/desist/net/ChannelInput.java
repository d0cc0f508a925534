package dev.desist.net;

import dev.desist.Cancellation;
import dev.desist.Deadline;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Objects;
import java.util.function.Supplier;

/** Reads from a channel under the current token of each call. */
class ChannelInput extends InputStream {
  private final CancellableSocketChannel channel;
  private final Supplier<Deadline> timeout;

  /**
   * Made with the timeout of each read.
   *
   * @param timeout asked when a read begins
   */
  ChannelInput(CancellableSocketChannel channel, Supplier<Deadline> timeout) {
    this.channel = channel;
    this.timeout = timeout;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    Objects.requireNonNull(bytes, "bytes");
    Objects.checkFromIndexSize(offset, length, bytes.length);
    return length == 0
        ? 0
        : channel.read(
            Cancellation.current(), ByteBuffer.wrap(bytes, offset, length), timeout.get());
  }

  @Override
  public int available() throws IOException {
    // What a channel cannot tell, its socket can, but a Unix-domain channel has none.
    SocketChannel socket = channel.channel();
    return socket.getLocalAddress() instanceof InetSocketAddress
        ? socket.socket().getInputStream().available()
        : 0;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
