package dev.desist.examples.relay;

import dev.desist.Cancellation;
import dev.desist.concurrent.Blocking;
import dev.desist.scope.Joiner;
import dev.desist.scope.TaskScope;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Many clients that send as fast as they are acknowledged, and check all that they get. */
final class Load {
  /**
   * @param clients how many there are, in rooms of {@code roomSize}
   * @param roomSize how many in a room
   * @param window how many messages of a client may be unacknowledged at a time
   * @param stuck how many of the clients join and then read nothing; every other one of them has
   *     begun a message that it never ends
   */
  record Options(int clients, int roomSize, int window, int stuck) {
    String room(int client) {
      return "room-" + client / roomSize;
    }

    String name(int client) {
      return "client-" + client;
    }

    /** They are spread over the rooms. */
    boolean isStuck(int client) {
      return stuck > 0 && client % (clients / stuck) == 0 && client / (clients / stuck) < stuck;
    }

    boolean isInMessage(int client) {
      return isStuck(client) && client / (clients / stuck) % 2 == 0;
    }
  }

  private final InetSocketAddress relay;
  private final Options options;
  private final List<LoadClient> clients = new ArrayList<>();

  final AtomicLong acknowledged = new AtomicLong();
  final AtomicLong delivered = new AtomicLong();

  /** Counts those who have joined. */
  final CountDownLatch joined;

  /** Opens when all have. */
  final CountDownLatch begin = new CountDownLatch(1);

  /** The connections of those that are stuck. */
  private final Queue<Lines> kept = new ConcurrentLinkedQueue<>();

  Load(InetSocketAddress relay, Options options) {
    this.relay = relay;
    this.options = options;
    this.joined = new CountDownLatch(options.clients);
    for (int i = 0; i < options.clients; i++) {
      clients.add(new LoadClient(this, i));
    }
  }

  Options options() {
    return options;
  }

  InetSocketAddress relay() {
    return relay;
  }

  /**
   * Runs all clients until the relay has said goodbye to each, or has failed to. The connections of
   * those that are stuck stay open until {@link #release}.
   */
  LoadReport run() throws InterruptedException {
    try (var scope = TaskScope.open(Joiner.<@Nullable Void>awaitAll())) {
      clients.forEach(client -> scope.fork(options.name(client.number()), client::run));
      awaitJoined();
      begin.countDown();
      scope.join();
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("this joiner never fails, and there is no timeout", e);
    }
    return LoadReport.of(options, clients);
  }

  /** A client that could not join is counted too: its failure is in the report. */
  private void awaitJoined() throws InterruptedException {
    if (!Blocking.interruptibly(
        Cancellation.current(), Duration.ofMinutes(1), () -> joined.await())) {
      throw new IllegalStateException(
          "only %,d of %,d clients have joined within a minute"
              .formatted(options.clients - joined.getCount(), options.clients));
    }
  }

  void keep(Lines lines) {
    kept.add(lines);
  }

  /** Lets those go that are stuck. */
  void release() throws IOException {
    for (Lines lines : kept) {
      lines.close();
    }
  }
}
