package dev.desist.examples.relay;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.CancelledIOException;
import dev.desist.Deadline;
import dev.desist.net.CancellableServerSocketChannel;
import dev.desist.net.CancellableSocketChannel;
import dev.desist.shutdown.Participant;
import dev.desist.shutdown.Shutdown;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

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
   * @param hearOut how long a message that has begun may take to come when the relay stops, and
   *     again to get into the outboxes; whoever takes longer is dropped
   */
  record Options(int outbox, Duration patience, Duration hearOut) {}

  private static final Duration PAUSE = Duration.ofMillis(100);
  private static final int BACKLOG = 4096;

  private final Shutdown shutdown;
  private final Options options;
  private final Consumer<String> log;
  private final CancellableServerSocketChannel listener;
  private final Rooms rooms = new Rooms();
  private final AtomicReference<@Nullable Deadline> heardOutBy = new AtomicReference<>();
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

  /** When the relay stops: until when those who have said something may wait for full outboxes. */
  Deadline heardOutBy() {
    Deadline set = heardOutBy.get();
    if (set == null) {
      heardOutBy.compareAndSet(null, Deadline.after(options.hearOut.multipliedBy(2)));
      set = Objects.requireNonNull(heardOutBy.get());
    }
    return set;
  }

  private void accept() {
    while (!shutdown.soft().isCancelled()) {
      try {
        take(listener.accept(shutdown.soft()));
      } catch (CancelledIOException e) {
        return;
      } catch (IOException e) {
        if (!listener.isOpen()) {
          shutdown.initiate("the listener failed: " + e.getMessage());
          return;
        }
        log.accept("a connection could not be taken: " + e); // no descriptor left, say
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    }
  }

  private void take(CancellableSocketChannel channel) throws IOException {
    Connection connection;
    try {
      channel.channel().setOption(StandardSocketOptions.TCP_NODELAY, true);
      connection = new Connection(this, new Lines(channel), "" + channel.remoteAddress());
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    connections.add(connection); // before the work begins: whoever says goodbye finds it then
    Participant work;
    try {
      work = shutdown.track(connection::toString);
    } catch (CancelledException e) {
      connections.remove(connection);
      connection.refuse(e.reason().message());
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

  /** When all clients are heard out; whoever takes too long is dropped. */
  private void sayGoodbye() throws InterruptedException {
    Deadline limit = Deadline.after(options.hearOut.multipliedBy(3));
    heardOutBy();
    String why = shutdown.soft().reason().orElseThrow().message();
    try {
      for (Connection connection : connections) {
        if (!connection.awaitHeardOut(limit)) {
          connection.drop("it could not be heard out in time");
        }
      }
    } catch (CancelledException e) {
      return; // all connections end now
    }
    for (Connection connection : connections) {
      connection.goodbye(why);
    }
  }

  /** A connection has ended before its time. */
  void lost(Connection connection, String why) {
    log.accept("lost %s, because %s".formatted(connection, why));
  }
}
