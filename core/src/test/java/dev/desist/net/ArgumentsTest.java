package dev.desist.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.support.Ends;
import dev.desist.testkit.Hygiene;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.SocketChannel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;

/** What is refused, and what a null is told. */
@ExtendWith(Hygiene.class)
@Timeout(60)
@SuppressWarnings("NullAway") // nulls are the point
class ArgumentsTest {
  private static final CancellationToken NONE = CancellationToken.none();

  private static void refusesNull(String name, Executable call) {
    assertEquals(name, assertThrows(NullPointerException.class, call).getMessage());
  }

  @Test
  void nulls_of_a_connection() throws Exception {
    Ends ends = Ends.connect(Ends.loopback());
    try (var mine = ends.mine();
        SocketChannel other = ends.other()) {
      ByteBuffer buffer = ByteBuffer.allocate(1);
      ByteBuffer[] buffers = {buffer};
      refusesNull("channel", () -> CancellableSocketChannel.of(null));
      refusesNull("family", () -> CancellableSocketChannel.open((StandardProtocolFamily) null));
      refusesNull("token", () -> CancellableSocketChannel.open(null, other.getLocalAddress()));
      refusesNull("remote", () -> CancellableSocketChannel.open(NONE, null));
      refusesNull("token", () -> mine.connect(null, other.getLocalAddress()));
      refusesNull("remote", () -> mine.connect(NONE, null));
      refusesNull("token", () -> mine.read(null, buffer));
      refusesNull("destination", () -> mine.read(NONE, (ByteBuffer) null));
      refusesNull("destination", () -> mine.read((ByteBuffer) null));
      refusesNull("token", () -> mine.read(null, buffers));
      refusesNull("destinations", () -> mine.read(NONE, (ByteBuffer[]) null));
      refusesNull("destinations", () -> mine.read((ByteBuffer[]) null));
      refusesNull("token", () -> mine.write(null, buffer));
      refusesNull("source", () -> mine.write(NONE, (ByteBuffer) null));
      refusesNull("token", () -> mine.write(null, buffers));
      refusesNull("sources", () -> mine.write(NONE, (ByteBuffer[]) null));
      assertThrows(NullPointerException.class, () -> mine.write(new ByteBuffer[] {null}));
      assertThrows(IndexOutOfBoundsException.class, () -> mine.read(buffers, 1, 1));
      assertThrows(IndexOutOfBoundsException.class, () -> mine.write(buffers, -1, 1));
      assertThrows(IndexOutOfBoundsException.class, () -> mine.write(buffers, 0, 2));
      assertThrows(
          IndexOutOfBoundsException.class, () -> mine.inputStream().read(new byte[2], 1, 2));
      assertThrows(
          IndexOutOfBoundsException.class, () -> mine.outputStream().write(new byte[2], 1, 2));
      assertThrows(
          IllegalArgumentException.class, () -> mine.read(NONE, buffer.asReadOnlyBuffer()));
      assertThrows(AlreadyConnectedException.class, () -> mine.connect(NONE, mine.remoteAddress()));
      assertTrue(mine.isOpen());
      assertEquals(other.getLocalAddress(), mine.remoteAddress());
      assertEquals(other.getRemoteAddress(), mine.localAddress());
      assertTrue(
          mine.toString().startsWith("Cancellablejava.nio.channels.SocketChannel[connected"));
    }
  }

  @Test
  void nulls_of_the_others() throws Exception {
    refusesNull("channel", () -> CancellableServerSocketChannel.of(null));
    refusesNull("local", () -> CancellableServerSocketChannel.open(null));
    refusesNull("channel", () -> CancellableDatagramChannel.of(null));
    refusesNull("channel", () -> CancellablePipe.Source.of(null));
    refusesNull("channel", () -> CancellablePipe.Sink.of(null));
    try (var server = CancellableServerSocketChannel.open(Ends.loopback());
        var datagrams = CancellableDatagramChannel.open(null);
        var pipe = CancellablePipe.open()) {
      ByteBuffer buffer = ByteBuffer.allocate(1);
      refusesNull("token", () -> server.accept(null));
      refusesNull("token", () -> datagrams.receive(null, buffer));
      refusesNull("destination", () -> datagrams.receive(NONE, null));
      refusesNull("token", () -> datagrams.send(null, buffer, Ends.loopback()));
      refusesNull("source", () -> datagrams.send(NONE, null, Ends.loopback()));
      refusesNull("target", () -> datagrams.send(NONE, buffer, null));
      refusesNull("token", () -> pipe.source().read(null, buffer));
      refusesNull("destination", () -> pipe.source().read(NONE, (ByteBuffer) null));
      refusesNull("destinations", () -> pipe.source().read(NONE, (ByteBuffer[]) null));
      refusesNull("token", () -> pipe.sink().write(null, buffer));
      refusesNull("source", () -> pipe.sink().write(NONE, (ByteBuffer) null));
      refusesNull("sources", () -> pipe.sink().write(NONE, (ByteBuffer[]) null));
    }
  }

  @Test
  void what_is_not_connected_says_so_and_does_not_wait() throws Exception {
    try (var mine = CancellableSocketChannel.open()) {
      assertThrows(NotYetConnectedException.class, () -> mine.read(NONE, ByteBuffer.allocate(1)));
      assertThrows(NotYetConnectedException.class, () -> mine.write(NONE, ByteBuffer.allocate(1)));
    }
  }

  @Test
  void empty_buffers_do_not_wait() throws Exception {
    Ends ends = Ends.connect(Ends.loopback());
    try (var mine = ends.mine();
        SocketChannel other = ends.other()) {
      assertTrue(other.isOpen());
      ByteBuffer empty = ByteBuffer.allocate(0);
      assertEquals(0, mine.read(NONE, empty));
      assertEquals(0, mine.read(NONE, new ByteBuffer[] {empty, empty}));
      assertEquals(0, mine.read(NONE, new ByteBuffer[0]));
      assertEquals(0, mine.write(NONE, empty));
      assertEquals(0, mine.write(NONE, new ByteBuffer[] {empty}));
      assertEquals(0, mine.write(NONE, new ByteBuffer[0]));
      assertEquals(0, mine.inputStream().read(new byte[0]));
    }
  }

  /** There are no calls of its own for a connected one; these know the connection. */
  @Test
  void who_is_connected_receives_from_that_address_and_sends_to_it_alone() throws Exception {
    try (var mine = CancellableDatagramChannel.open(Ends.loopback());
        DatagramChannel friend = DatagramChannel.open().bind(Ends.loopback());
        DatagramChannel stranger = DatagramChannel.open().bind(Ends.loopback())) {
      mine.channel().connect(friend.getLocalAddress());
      stranger.send(ByteBuffer.allocate(1), mine.localAddress());
      friend.send(ByteBuffer.allocate(2), mine.localAddress());
      ByteBuffer buffer = ByteBuffer.allocate(10);
      assertEquals(friend.getLocalAddress(), mine.receive(Cancellation.current(), buffer));
      assertEquals(2, buffer.position());
      mine.send(Cancellation.current(), buffer.flip(), friend.getLocalAddress());
      assertEquals(mine.localAddress(), friend.receive(ByteBuffer.allocate(10)));
      assertThrows(
          AlreadyConnectedException.class,
          () ->
              mine.send(
                  Cancellation.current(), ByteBuffer.allocate(1), stranger.getLocalAddress()));
    }
  }

  @Test
  void an_empty_datagram_is_one() throws Exception {
    try (var a = CancellableDatagramChannel.open(Ends.loopback());
        var b = CancellableDatagramChannel.open(Ends.loopback())) {
      a.send(Cancellation.current(), ByteBuffer.allocate(0), b.localAddress());
      ByteBuffer buffer = ByteBuffer.allocate(10);
      assertEquals(a.localAddress(), b.receive(NONE, buffer));
      assertEquals(0, buffer.position());
    }
  }
}
