package dev.desist.net;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.Deadline;
import dev.desist.support.Ends;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;

/** A datagram channel that receives. */
final class DatagramRig extends Rig {
  private final CancellableDatagramChannel mine = CancellableDatagramChannel.open(Ends.loopback());
  private final DatagramChannel other = keep(DatagramChannel.open().bind(Ends.loopback()));
  private final ByteBuffer buffer = ByteBuffer.allocate(20);

  DatagramRig() throws IOException {}

  @Override
  Object call(CancellationToken token) throws IOException {
    return mine.receive(token, buffer);
  }

  @Override
  Object call(CancellationToken token, Deadline deadline) throws IOException {
    return mine.receive(token, buffer, deadline);
  }

  @Override
  Object callWithoutToken() throws IOException {
    return mine.receive(Cancellation.current(), buffer);
  }

  @Override
  void let() throws IOException {
    other.send(ByteBuffer.wrap(bytes(7)), mine.localAddress());
  }

  @Override
  void check(Object result) throws IOException {
    assertEquals(other.getLocalAddress(), result);
    checkBytes(buffer, 7);
  }

  @Override
  boolean isOpen() {
    return mine.isOpen();
  }

  @Override
  void shut() throws IOException {
    mine.close();
  }
}
