package dev.desist.snippets;

import static dev.desist.CancellationToken.none;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.CancelledIOException;
import dev.desist.net.CancellableServerSocketChannel;
import dev.desist.net.CancellableSocketChannel;
import dev.desist.shutdown.Participant;
import dev.desist.shutdown.Shutdown;
import dev.desist.testkit.ManualTime;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class ShutdownSnippetsTest {
  private static final System.Logger LOG = System.getLogger("relay");
  private static final AtomicBoolean READY = new AtomicBoolean();

  // @start region="process"
  static void run(SocketAddress address, AutoCloseable store) throws Exception {
    Shutdown shutdown = Shutdown.ofProcess("relay"); // hears SIGTERM and SIGINT from now on
    var listener = CancellableServerSocketChannel.open(address);
    shutdown.onStop("readiness", () -> READY.set(false));
    shutdown.onStop("listener", listener::close);
    shutdown.onClose("store", store::close); // when no work uses it any more
    Thread.ofVirtual().name("acceptor").start(() -> accept(shutdown, listener));
    READY.set(true);
    shutdown.await(CancellationToken.none()); // virtual threads do not keep a process alive
  }

  // @end

  // @start region="work"
  static void accept(Shutdown shutdown, CancellableServerSocketChannel listener) {
    try {
      while (true) {
        CancellableSocketChannel connection = listener.accept(shutdown.soft());
        Participant work = shutdown.track(() -> "connection of " + connection); // or refused
        Thread.startVirtualThread(
            () -> {
              try (work) {
                work.onThisThread(); // whose stack is shown, should it hang
                talk(shutdown, connection);
              }
            });
      }
    } catch (CancelledIOException | CancelledException e) {
      LOG.log(System.Logger.Level.INFO, e.getMessage());
    } catch (IOException e) {
      shutdown.initiate("the listener failed: " + e.getMessage());
    }
  }

  // @end

  // @start region="talk"
  static void talk(Shutdown shutdown, CancellableSocketChannel connection) {
    try (connection) {
      ByteBuffer message = ByteBuffer.allocate(1000);
      try {
        while (connection.read(shutdown.soft(), message.clear()) >= 0) { // ends between messages
          handle(shutdown.hard(), connection, message.flip()); // and not within one
        }
      } catch (CancelledIOException e) {
        connection.write(shutdown.hard(), UTF_8.encode("goodbye\n"));
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "a connection ended early", e);
    }
  }

  // @end

  private static void handle(
      CancellationToken token, CancellableSocketChannel connection, ByteBuffer message)
      throws IOException {
    connection.write(token, message);
  }

  // @start region="options"
  static final UnaryOperator<Shutdown.Configuration> PATIENT =
      options ->
          options
              .withDrainLimit(Duration.ofSeconds(40))
              .withProgress(
                  Duration.ofSeconds(5),
                  progress -> LOG.log(System.Logger.Level.INFO, progress.toString()))
              .withExitCode(report -> report.leftBehind().isEmpty() ? 0 : 3);

  // @end

  // @start region="test"
  @Test
  @Timeout(30)
  void work_that_hangs_is_told_and_then_left_behind() throws Exception {
    var time = new ManualTime();
    Shutdown shutdown = time.call(() -> Shutdown.create("relay"));
    try (Participant _ = shutdown.track("connection 7")) {
      shutdown.initiate("the test is over");
      while (shutdown.await(none(), Duration.ZERO).isEmpty()) {
        time.advance(Duration.ofMillis(100)); // 10 s to drain, 5 s of grace
        Thread.onSpinWait();
      }
    }
    assertTrue(shutdown.hard().isCancelled());
    assertEquals("connection 7", shutdown.await(none()).leftBehind().getFirst().task());
  }

  // @end

  @Test
  @Timeout(30)
  void the_relay_of_the_guide_says_goodbye() throws Exception {
    Shutdown shutdown = Shutdown.create("relay", options -> options.withReporter(report -> {}));
    var listener = CancellableServerSocketChannel.open(new InetSocketAddress("localhost", 0));
    shutdown.onStop("listener", listener::close);
    Thread.startVirtualThread(() -> accept(shutdown, listener));
    try (var client =
        CancellableSocketChannel.open(Cancellation.current(), listener.localAddress())) {
      client.write(UTF_8.encode("hello\n"));
      assertEquals("hello\n", line(client));
      shutdown.initiate("the test is over");
      assertEquals("goodbye\n", line(client));
    }
    assertTrue(shutdown.await(none()).isClean(), () -> shutdown.toString());
    Shutdown patient =
        Shutdown.create("patient", options -> PATIENT.apply(options).withReporter(report -> {}));
    patient.initiate("the test is over");
    assertTrue(patient.await(none()).isClean());
  }

  private static String line(CancellableSocketChannel from) throws IOException {
    ByteBuffer line = ByteBuffer.allocate(100);
    while (line.position() == 0 || line.get(line.position() - 1) != '\n') {
      if (from.read(line) < 0) {
        break;
      }
    }
    return UTF_8.decode(line.flip()).toString();
  }
}
