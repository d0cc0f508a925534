package dev.desist.examples.relay;

import static dev.desist.CancellationToken.none;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationToken;
import dev.desist.net.CancellableServerSocketChannel;
import dev.desist.net.CancellableSocketChannel;
import dev.desist.shutdown.Shutdown;
import dev.desist.shutdown.ShutdownReport;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a client sees that knows no more than sockets. */
@Timeout(60)
class RelayTest {
  private static final Relay.Options OPTIONS =
      new Relay.Options(100, Duration.ofMillis(500), Duration.ofMillis(300));

  private final List<String> log = new CopyOnWriteArrayList<>();
  private final Shutdown shutdown =
      Shutdown.create(
          "the relay", options -> options.withReporter(report -> log.add(report.toString())));
  private Relay relay;

  /** A client; what it waits for comes in bounded time, or the read fails. */
  private static final class Client implements AutoCloseable {
    final Socket socket;
    final BufferedReader in;

    Client(Relay relay) throws IOException {
      socket = new Socket(relay.address().getAddress(), relay.address().getPort());
      socket.setSoTimeout(20_000);
      in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
    }

    Client says(String text) throws IOException {
      socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
      return this;
    }

    Client hears(String... lines) throws IOException {
      for (String line : lines) {
        assertEquals(line, in.readLine());
      }
      return this;
    }

    void ends() throws IOException {
      assertNull(in.readLine());
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  @BeforeEach
  void start() throws IOException {
    relay = Relay.start(shutdown, any(), OPTIONS, log::add);
  }

  @AfterEach
  void stop() throws InterruptedException {
    shutdown.abort("the test is over");
    shutdown.await(none());
  }

  private static InetSocketAddress any() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  private Client joined(String room, String name, int count) throws IOException {
    return new Client(relay)
        .says("JOIN " + room + " " + name + "\n")
        .hears("JOINED " + room + " " + count);
  }

  @Test
  void a_message_comes_to_all_in_the_room_and_to_nobody_else() throws Exception {
    try (var ann = joined("red", "ann", 1);
        var bob = joined("red", "bob", 2);
        var cid = joined("blue", "cid", 1)) {
      ann.says("SAY 7 good day\n").hears("FROM ann good day", "OK 7");
      bob.hears("FROM ann good day").says("SAY 1 😀\r\n").hears("FROM bob 😀", "OK 1");
      cid.says("QUIT\n").hears("BYE you have left").ends();
    }
  }

  /** While somebody is let in, what others say to him waits until he has been told. */
  @Test
  void to_join_is_one_step() throws Exception {
    try (var server = CancellableServerSocketChannel.open(any());
        var lines =
            new Lines(
                CancellableSocketChannel.open(CancellationToken.none(), server.localAddress()))) {
      var member = new Connection(relay, lines, "somewhere");
      var others =
          new Thread(
              () -> {
                try {
                  member.send(Lines.encode("FROM ann good day"));
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
              });
      member.letIn(
          "red",
          1,
          () -> {
            others.start();
            await().until(() -> others.getState() == Thread.State.BLOCKED);
          });
      others.join();
    }
  }

  @Test
  void who_leaves_gets_what_was_said_before() throws Exception {
    try (var ann = joined("red", "ann", 1);
        var bob = joined("red", "bob", 2)) {
      ann.says("SAY 1 a\nSAY 2 b\nQUIT\n");
      ann.hears("FROM ann a", "OK 1", "FROM ann b", "OK 2", "BYE you have left").ends();
      bob.hears("FROM ann a", "FROM ann b");
      bob.socket.shutdownOutput(); // the end of its input, as of a pipe
      bob.hears("BYE you have left").ends();
    }
    joined("red", "ann", 1).close(); // the name is free again, and the room was empty
  }

  @Test
  void what_is_wrong_is_told_and_leaves_the_rest_as_it_was() throws Exception {
    try (var ann = new Client(relay);
        var bob = new Client(relay)) {
      ann.says("HELLO\n").hears("ERROR JOIN, SAY or QUIT was expected, not: HELLO");
      ann.says("SAY 1 a\n").hears("ERROR join a room first: JOIN room name");
      String rule =
          "ERROR room and name must be up to 30 letters a to z, digits and hyphens: JOIN room name";
      ann.says("JOIN red\n").hears(rule).says("JOIN red a/b\n").hears(rule);
      ann.says("JOIN red ann\n").hears("JOINED red 1");
      ann.says("JOIN blue ann\n").hears("ERROR you are in a room already: ann in red");
      ann.says("SAY\n").hears("ERROR a message has a number and a text: SAY number text");
      bob.says("JOIN red ann\n").hears("ERROR somebody in red has that name: ann");
      bob.says("JOIN red bob\n").hears("JOINED red 2");
    }
  }

  @Test
  void a_line_that_is_too_long_or_not_text_ends_the_connection() throws Exception {
    try (var ann = joined("red", "ann", 1);
        var bob = joined("red", "bob", 2)) {
      String longest = "x".repeat(Lines.LONGEST - "FROM ann \n".length());
      ann.says("SAY 1 " + longest + "\n").hears("FROM ann " + longest, "OK 1");
      ann.says("SAY 2 " + longest + "x\n")
          .hears(
              "ERROR with your name before it, a message must not be longer than 16,384 bytes: 2");
      ann.says("SAY 3 " + longest + "xxxx\n");
      ann.hears("ERROR a line must not be longer than 16,384 bytes", "BYE you do not speak as I do")
          .ends();
      bob.hears("FROM ann " + longest);
      bob.socket.getOutputStream().write(new byte[] {'S', 'A', 'Y', ' ', (byte) 0xC3, '\n'});
      assertTrue(bob.in.readLine().startsWith("ERROR a line must be UTF-8"));
      bob.hears("BYE you do not speak as I do").ends();
    }
  }

  @Test
  void promise25_at_the_end_a_message_that_has_begun_is_taken_and_no_other() throws Exception {
    try (var ann = joined("red", "ann", 1);
        var bob = joined("red", "bob", 2)) {
      // In one piece, so that the relay has read the half when it acknowledges the whole.
      ann.says("SAY 1 whole\nSAY 2 half a mess").hears("FROM ann whole", "OK 1");
      bob.hears("FROM ann whole");
      shutdown.initiate("the test is over");
      shutdown.soft().await();
      ann.says("age\nSAY 3 another\n");
      ann.hears("FROM ann half a message", "OK 2", "BYE the test is over").ends();
      bob.hears("FROM ann half a message", "BYE the test is over").ends();
    }
    ShutdownReport report = shutdown.await(none());
    assertTrue(report.isClean(), report.toString());
  }

  @Test
  void promise25_half_a_message_does_not_hold_up_the_others() throws Exception {
    try (var ann = joined("red", "ann", 1);
        var bob = joined("red", "bob", 2)) {
      ann.says("SAY 1 whole\nSAY 2 half a mess").hears("FROM ann whole", "OK 1");
      bob.hears("FROM ann whole");
      shutdown.initiate("the test is over");
      bob.hears("BYE the test is over").ends();
      ann.hears("BYE the test is over").ends();
    }
    assertTrue(shutdown.await(none()).isClean());
  }

  /** Neither the one who waits to say something, nor the others, wait for the one that is stuck. */
  @Test
  void promise25_a_full_outbox_does_not_hold_up_the_others() throws Exception {
    Shutdown other = Shutdown.create("another relay");
    relay =
        Relay.start(
            other,
            any(),
            new Relay.Options(20, Duration.ofHours(1), Duration.ofMillis(200)),
            log::add);
    String text = "x".repeat(16_000);
    try (var ann = joined("red", "ann", 1);
        var bob = joined("red", "bob", 2);
        var deaf = joined("blue", "deaf", 1);
        var cid = joined("blue", "cid", 2)) {
      cid.socket.setSoTimeout(2_000);
      int said = 0;
      try {
        for (; ; said++) {
          cid.says("SAY " + said + " " + text + "\n").hears("FROM cid " + text, "OK " + said);
        }
      } catch (SocketTimeoutException e) {
        // Waits now for room in the outbox of the one that is deaf.
      }
      other.initiate("the test is over");
      ann.hears("BYE the test is over").ends();
      bob.hears("BYE the test is over").ends();
      cid.socket.setSoTimeout(20_000);
      String line = cid.in.readLine();
      if (line.startsWith("FROM")) { // it may have had this one before it had to wait
        line = cid.in.readLine();
      }
      assertEquals("OK " + said, line);
      cid.hears("BYE the test is over").ends();
      assertTrue(deaf.socket.isConnected());
    }
    ShutdownReport report = other.await(none());
    assertEquals(List.of(), report.failures());
    assertEquals(
        "lost deaf in blue (20 lines not sent), because its outbox was full", lost().getFirst());
  }

  @Test
  void who_leaves_within_a_message_gets_what_was_said_before() throws Exception {
    try (var ann = joined("red", "ann", 1)) {
      ann.says("SAY 1 a\nSAY 2 half a mess").socket.shutdownOutput();
      ann.hears("FROM ann a", "OK 1", "BYE you have left within a message").ends();
    }
  }

  @Test
  void who_has_left_and_does_not_close_is_closed() throws Exception {
    try (var ann = joined("red", "ann", 1)) {
      ann.says("QUIT\n").hears("BYE you have left").ends();
      await()
          .until(
              () -> {
                try {
                  ann.says("x"); // until the other side has closed
                  return false;
                } catch (IOException e) {
                  return true;
                }
              });
    }
    assertEquals(List.of(), lost());
  }

  @Test
  void promise25_who_does_not_close_is_given_up_and_listed() throws Exception {
    Client ann = joined("red", "ann", 1);
    shutdown.initiate("the test is over");
    ann.hears("BYE the test is over").ends();
    shutdown.abort("the test has no time");
    ShutdownReport report = shutdown.await(none());
    assertTrue(report.aborted().stream().anyMatch(each -> each.task().equals("ann in red")));
    assertEquals(List.of("lost ann in red, because the test has no time"), lost());
    ann.close();
  }

  @Test
  void one_that_does_not_read_holds_up_its_room_for_a_while_and_is_dropped() throws Exception {
    String text = "x".repeat(10_000);
    try (var ann = joined("red", "ann", 1);
        var deaf = joined("red", "deaf", 2)) {
      for (int n = 0; lost().isEmpty(); n++) { // until the buffers of the system are full
        ann.says("SAY " + n + " " + text + "\n").hears("FROM ann " + text, "OK " + n);
      }
      assertTrue(
          lost()
              .getFirst()
              .matches("lost deaf in red \\([0-9]+ lines not sent\\), because its outbox was full"),
          lost().getFirst());
      await().until(() -> relay.rooms().members("red").size() == 1);
      deaf.socket.close();
    }
  }

  @Test
  void one_that_vanishes_is_lost_and_its_name_is_free() throws Exception {
    var ann = joined("red", "ann", 1);
    ann.says("SAY 1 half a mess");
    ann.socket.setSoLinger(true, 0);
    ann.close(); // resets
    await().until(() -> lost().size() == 1);
    assertTrue(lost().getFirst().matches("lost ann in red, because .*Exception: .*"));
    joined("red", "ann", 1).close();
  }

  private List<String> lost() {
    return log.stream().filter(line -> line.startsWith("lost ")).toList();
  }
}
