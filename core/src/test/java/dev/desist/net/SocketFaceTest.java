package dev.desist.net;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancelledIOException;
import dev.desist.support.Call;
import dev.desist.support.Call.Kind;
import dev.desist.support.Descriptors;
import dev.desist.support.Ends;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.io.IOException;
import java.io.OutputStream;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketOption;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What {@link Socket} and {@link ServerSocket} promise, of ours. */
@ExtendWith(Hygiene.class)
@Timeout(60)
class SocketFaceTest {
  private static final InetAddress HERE = InetAddress.getLoopbackAddress();

  private final CancellableSocketFactory factory = new CancellableSocketFactory();
  private final CancellableServerSocketFactory servers = new CancellableServerSocketFactory();

  // Both ends are ours.
  private ServerSocket server;
  private Socket mine;
  private Socket other;

  @BeforeEach
  void connect() throws IOException {
    server = servers.createServerSocket(0, 5, HERE);
    mine = factory.createSocket(HERE, server.getLocalPort());
    other = server.accept();
  }

  @AfterEach
  void close() throws IOException {
    mine.close();
    other.close();
    server.close();
  }

  /** What both inherit from the JDK would be the JDK's own, under our name. */
  @Test
  void the_default_factories_are_ours() {
    assertInstanceOf(CancellableSocketFactory.class, CancellableSocketFactory.getDefault());
    assertInstanceOf(
        CancellableServerSocketFactory.class, CancellableServerSocketFactory.getDefault());
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void a_read_timeout_is_one_and_the_socket_goes_on(Kind kind) throws Exception {
    mine.setSoTimeout(20);
    for (int i = 0; i < 3; i++) {
      Call.start(kind, () -> mine.getInputStream().read()).failure(SocketTimeoutException.class);
    }
    mine.setSoTimeout(0);
    Call<Integer> call = Call.waiting(kind, () -> mine.getInputStream().read());
    other.getOutputStream().write(7);
    assertEquals(7, call.get());
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void promise17_a_read_timeout_on_manual_time(Kind kind) throws Exception {
    var time = new ManualTime();
    mine.setSoTimeout(60_000);
    Call<Integer> call = Call.waiting(kind, () -> time.call(() -> mine.getInputStream().read()));
    time.advance(Duration.ofMillis(59_999));
    assertFalse(call.task().isDone());
    time.advance(Duration.ofMillis(1));
    call.failure(SocketTimeoutException.class);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void an_accept_timeout_is_one_and_the_server_goes_on(Kind kind) throws Exception {
    server.setSoTimeout(20);
    Call.start(kind, server::accept).failure(SocketTimeoutException.class);
    server.setSoTimeout(0);
    Call<Socket> call = Call.waiting(kind, server::accept);
    try (Socket late = new Socket(HERE, server.getLocalPort());
        Socket accepted = call.get()) {
      assertEquals(late.getLocalPort(), accepted.getPort());
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void a_connect_that_times_out_or_is_cancelled_closes_the_socket(Kind kind) throws Exception {
    try (ServerSocketChannel full = ServerSocketChannel.open().bind(Ends.loopback(), 1);
        Socket first = new Socket();
        Socket second = new Socket()) {
      first.connect(full.getLocalAddress());
      second.connect(full.getLocalAddress());
      try (Socket late = factory.createSocket()) {
        Call.start(kind, () -> connect(late, full, 20)).failure(SocketTimeoutException.class);
        assertTrue(late.isClosed());
      }
      try (Socket late = factory.createSocket()) {
        var source = CancellationSource.create();
        Call<Boolean> call =
            Call.waiting(
                kind, () -> Cancellation.call(source.token(), () -> connect(late, full, 0)));
        source.cancel();
        call.failure(CancelledIOException.class);
        assertTrue(late.isClosed());
      }
    }
  }

  private static boolean connect(Socket socket, ServerSocketChannel to, int timeout)
      throws IOException {
    socket.connect(to.getLocalAddress(), timeout);
    return true;
  }

  @Test
  void the_options_of_a_socket_come_back_as_they_were_set() throws Exception {
    mine.setTcpNoDelay(true);
    assertTrue(mine.getTcpNoDelay());
    mine.setTcpNoDelay(false);
    assertFalse(mine.getTcpNoDelay());
    mine.setKeepAlive(true);
    assertTrue(mine.getKeepAlive());
    mine.setReuseAddress(true);
    assertTrue(mine.getReuseAddress());
    assertEquals(-1, mine.getSoLinger());
    mine.setSoLinger(true, 3);
    assertEquals(3, mine.getSoLinger());
    mine.setSoLinger(false, 0);
    assertEquals(-1, mine.getSoLinger());
    mine.setSoTimeout(1234);
    assertEquals(1234, mine.getSoTimeout());
    mine.setSendBufferSize(50_000);
    assertTrue(mine.getSendBufferSize() >= 50_000);
    mine.setReceiveBufferSize(50_000);
    assertTrue(mine.getReceiveBufferSize() >= 50_000);
    mine.setTrafficClass(0x10);
    assertEquals(0x10, mine.getTrafficClass());
    assertFalse(mine.getOOBInline());
    mine.setOOBInline(false);
    assertThrows(SocketException.class, () -> mine.setOOBInline(true));
    assertThrows(SocketException.class, () -> mine.sendUrgentData(1));
    mine.setPerformancePreferences(1, 2, 3);
  }

  @Test
  void the_options_of_a_server_socket_come_back_as_they_were_set() throws Exception {
    server.setReuseAddress(true);
    assertTrue(server.getReuseAddress());
    server.setReceiveBufferSize(50_000);
    assertTrue(server.getReceiveBufferSize() >= 50_000);
    server.setSoTimeout(77);
    assertEquals(77, server.getSoTimeout());
    assertTrue(server.supportedOptions().contains(StandardSocketOptions.SO_RCVBUF));
    server.setOption(StandardSocketOptions.SO_RCVBUF, 60_000);
    assertTrue(server.getOption(StandardSocketOptions.SO_RCVBUF) >= 60_000);
    assertThrows(
        UnsupportedOperationException.class,
        () -> server.setOption(StandardSocketOptions.TCP_NODELAY, true));
  }

  @Test
  void options_by_name_and_only_those_that_are_supported() throws Exception {
    assertTrue(mine.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY));
    mine.setOption(StandardSocketOptions.SO_LINGER, 5);
    assertEquals(5, mine.getOption(StandardSocketOptions.SO_LINGER));
    for (SocketOption<?> each : mine.supportedOptions()) {
      mine.getOption(each); // answers
    }
    assertThrows(
        UnsupportedOperationException.class,
        () -> mine.setOption(StandardSocketOptions.IP_MULTICAST_LOOP, true));
  }

  @Test
  void addresses_and_states() throws Exception {
    assertTrue(mine.isConnected() && mine.isBound() && !mine.isClosed());
    assertEquals(server.getLocalPort(), mine.getPort());
    assertEquals(HERE, mine.getInetAddress());
    assertEquals(HERE, mine.getLocalAddress());
    assertEquals(mine.getLocalPort(), other.getPort());
    assertEquals(mine.getLocalSocketAddress(), other.getRemoteSocketAddress());
    assertEquals(HERE, server.getInetAddress());
    assertTrue(mine.toString().contains(String.valueOf(mine.getPort())));
    assertTrue(server.toString().contains(String.valueOf(server.getLocalPort())));
  }

  @Test
  void half_closed_both_ways() throws Exception {
    mine.getOutputStream().write("hello".getBytes(UTF_8));
    mine.shutdownOutput();
    assertTrue(mine.isOutputShutdown());
    assertArrayEquals("hello".getBytes(UTF_8), other.getInputStream().readAllBytes());
    assertThrows(SocketException.class, () -> mine.getOutputStream().write(1));
    other.getOutputStream().write(5);
    assertEquals(5, mine.getInputStream().read());
    mine.shutdownInput();
    assertTrue(mine.isInputShutdown());
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void who_waits_when_input_is_shut_down_finds_the_end(Kind kind) throws Exception {
    Call<Integer> call = Call.waiting(kind, () -> mine.getInputStream().read());
    mine.shutdownInput();
    assertEquals(-1, call.get());
  }

  @Test
  void available_says_what_is_there() throws Exception {
    assertEquals(0, mine.getInputStream().available());
    other.getOutputStream().write(new byte[3]);
    assertEquals(0, mine.getInputStream().read());
    assertEquals(2, mine.getInputStream().available());
  }

  @Test
  void a_peer_that_is_gone_is_told_by_a_socket_exception() throws Exception {
    other.setSoLinger(true, 0);
    other.close();
    OutputStream out = mine.getOutputStream();
    assertThrows(
        SocketException.class,
        () -> {
          for (int i = 0; i < 100; i++) {
            out.write(new byte[100_000]);
          }
        });
  }

  /** As any socket of the JDK, whose own code does this. */
  @Test
  void an_interrupt_of_a_virtual_thread_closes_a_socket() throws Exception {
    Call<Integer> call = Call.waiting(Kind.VIRTUAL, () -> mine.getInputStream().read());
    call.thread().interrupt();
    call.failure(SocketException.class);
    assertTrue(call.interrupted().get());
    assertTrue(mine.isClosed());
  }

  @Test
  void streams_close_the_socket() throws Exception {
    mine.getInputStream().close();
    assertTrue(mine.isClosed());
    assertEquals(-1, other.getInputStream().read());
    other.getOutputStream().close();
    assertTrue(other.isClosed());
    assertThrows(SocketException.class, () -> mine.getInputStream());
    assertThrows(SocketException.class, () -> mine.setTcpNoDelay(true));
  }

  @Test
  void a_connection_that_cannot_be_had_leaves_nothing_open() throws Exception {
    long before = Descriptors.count();
    int port = server.getLocalPort();
    server.close();
    Descriptors.awaitAtMost(before - 1);
    long without = Descriptors.count();
    assertThrows(ConnectException.class, () -> factory.createSocket(HERE, port));
    assertThrows(ConnectException.class, () -> factory.createSocket(HERE, port, HERE, 0).close());
    assertThrows(
        UnknownHostException.class,
        () -> {
          try (Socket socket = factory.createSocket()) {
            socket.connect(InetSocketAddress.createUnresolved("nowhere.invalid", port));
          }
        });
    assertThrows(
        BindException.class, () -> servers.createServerSocket(mine.getLocalPort(), 1, HERE));
    Descriptors.awaitAtMost(without);
  }

  @Test
  void all_ways_to_make_one() throws Exception {
    int port = server.getLocalPort();
    String host = HERE.getHostAddress();
    try (Socket a = factory.createSocket(host, port);
        Socket b = factory.createSocket(host, port, HERE, 0);
        Socket c = factory.createSocket(HERE, port, HERE, 0);
        Socket d = factory.createSocket();
        ServerSocket e = servers.createServerSocket();
        ServerSocket f = servers.createServerSocket(0);
        ServerSocket g = servers.createServerSocket(0, 3)) {
      assertTrue(a.isConnected() && b.isConnected() && c.isConnected());
      assertFalse(d.isConnected() || d.isBound());
      d.bind(Ends.loopback());
      assertTrue(d.isBound() && d.getLocalPort() > 0);
      d.connect(new InetSocketAddress(HERE, port));
      assertFalse(e.isBound());
      e.bind(Ends.loopback());
      assertTrue(f.getLocalPort() > 0 && g.getLocalPort() > 0);
    }
  }
}
