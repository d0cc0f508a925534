package dev.desist.examples.relay;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.CancelledIOException;
import dev.desist.io.CancellableServerSocketChannel;
import dev.desist.io.CancellableSocketChannel;
import dev.desist.shutdown.Participant;
import dev.desist.shutdown.Shutdown;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Takes connections, until the soft token of its shutdown is cancelled. Then each client is heard
 * out to the end of the message that it is in; when all are, nothing more can come into an outbox,
 * and each gets a goodbye as its last line. A connection has ended when its client has closed.
 */
final class Relay {
  /**
   * @param outbox how many lines may wait for a client
   * @param patience how long a full outbox may hold up those who send; and how long one who has
   *     left may take to close
   */
  record Options(int outbox, Duration patience) {}

  private static final int BACKLOG = 4096;

  private final Shutdown shutdown;
  private final Options options;
  private final Consumer<String> log;
  private final CancellableServerSocketChannel listener;
  private final Rooms rooms = new Rooms();
  private final Set<Connection> connections = ConcurrentHashMap.newKeySet();

  private Relay(
      Shutdown shutdown,
      Options options,
      Consumer<String> log,
      CancellableServerSocketChannel listener) {
    this.shutdown = shutdown;
    this.options = options;
    this.log = log;
    this.listener = listener;
  }

  /** Returns a relay that takes connections at {@code address} until the shutdown begins. */
  static Relay start(
      Shutdown shutdown, InetSocketAddress address, Options options, Consumer<String> log)
      throws IOException {
    var relay =
        new Relay(shutdown, options, log, CancellableServerSocketChannel.open(address, BACKLOG));
    shutdown.onStop("the listener", relay.listener::close);
    shutdown.onDrain("the goodbyes", relay::sayGoodbye);
    Thread.ofVirtual().name("acceptor").start(relay::accept);
    return relay;
  }

  InetSocketAddress address() throws IOException {
    return (InetSocketAddress) listener.localAddress();
  }

  Options options() {
    return options;
  }

  Rooms rooms() {
    return rooms;
  }

  CancellationToken soft() {
    return shutdown.soft();
  }

  private void accept() {
    try {
      while (true) {
        take(listener.accept(shutdown.soft()));
      }
    } catch (CancelledIOException e) {
      // The shutdown has begun.
    } catch (IOException e) {
      shutdown.initiate("the listener failed: " + e.getMessage());
    }
  }

  private void take(CancellableSocketChannel channel) throws IOException {
    channel.channel().setOption(StandardSocketOptions.TCP_NODELAY, true);
    var lines = new Lines(channel);
    var connection = new Connection(this, lines, String.valueOf(channel.remoteAddress()));
    connections.add(connection); // before the work begins: who says goodbye finds it then
    Participant work;
    try {
      work = shutdown.begin(connection::toString);
    } catch (CancelledException e) {
      connections.remove(connection);
      try (lines) { // between accepted and begun; a goodbye always finds room in a new socket
        lines.write(shutdown.hard(), List.of(Lines.encode("BYE " + e.reason().message())));
      }
      return;
    }
    Thread.startVirtualThread(
        () -> {
          try (work) {
            Cancellation.run(shutdown.hard(), () -> connection.run(work));
          } finally {
            connections.remove(connection);
          }
        });
  }

  /** When all clients are heard out. */
  private void sayGoodbye() throws InterruptedException {
    for (Connection connection : connections) {
      connection.awaitHeardOut();
    }
    String why = shutdown.soft().reason().orElseThrow().message();
    for (Connection connection : connections) {
      connection.goodbye(why);
    }
  }

  /** A connection has ended before its time. */
  void lost(Connection connection, String why) {
    log.accept("lost %s, because %s".formatted(connection, why));
  }
}
