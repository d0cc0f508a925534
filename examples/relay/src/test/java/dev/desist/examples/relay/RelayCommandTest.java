package dev.desist.examples.relay;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The program as a process of its own, with real signals. */
@Timeout(120)
class RelayCommandTest {
  private static PrintStream keyboard(RelayProcess program) {
    return new PrintStream(program.process().getOutputStream(), true, StandardCharsets.UTF_8);
  }

  private static void awaitLine(RelayProcess program, String line) {
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> program.lines().contains(line) || !program.process().isAlive());
    assertTrue(program.lines().contains(line), () -> line + " is not in " + program.lines());
  }

  @Test
  void two_terminals_talk_and_one_leaves() throws Exception {
    try (var first = new RelayProcess("--port", "0", "--name", "ann")) {
      String port = "" + first.awaitAddress().getPort();
      awaitLine(first, "You are in lobby, with 1 there.");
      try (var second = new RelayProcess("--connect", "--port", port, "--name", "bob")) {
        awaitLine(second, "You are in lobby, with 2 there.");
        keyboard(first).println("good day, bob");
        awaitLine(second, "ann: good day, bob");
        keyboard(second).println("good day, ann");
        awaitLine(first, "bob: good day, ann");
        second.process().getOutputStream().close();
        awaitLine(second, "The relay says goodbye: you have left");
        assertEquals(0, second.exitCode());
      }
      keyboard(first).println("/quit");
      awaitLine(first, "The relay says goodbye: you have left");
      assertEquals(0, first.exitCode());
    }
  }

  @ParameterizedTest
  @CsvSource({"INT, SIGINT", "TERM, SIGTERM"})
  void a_signal_ends_relay_and_terminals(String signal, String name) throws Exception {
    String goodbye = "The relay says goodbye: " + name + " was received";
    try (var first = new RelayProcess("--port", "0", "--name", "ann")) {
      String port = "" + first.awaitAddress().getPort();
      awaitLine(first, "You are in lobby, with 1 there.");
      try (var second = new RelayProcess("--connect", "--port", port, "--name", "bob")) {
        awaitLine(second, "You are in lobby, with 2 there.");
        first.signal(signal);
        awaitLine(first, goodbye);
        awaitLine(second, goodbye);
        assertEquals(0, first.exitCode());
        assertEquals(0, second.exitCode());
      }
      assertTrue(
          first.lines().stream()
              .anyMatch(
                  line ->
                      line.startsWith(
                          "the relay is shut down, because %s was received: clean, after"
                              .formatted(name))),
          () -> "" + first.lines());
    }
  }

  @Test
  void a_signal_makes_a_terminal_leave_alone() throws Exception {
    try (var relay = new RelayProcess("--serve", "--port", "0")) {
      String port = "" + relay.awaitAddress().getPort();
      try (var ann = new RelayProcess("--connect", "--port", port, "--name", "ann")) {
        awaitLine(ann, "You are in lobby, with 1 there.");
        ann.signal("INT");
        awaitLine(ann, "The relay says goodbye: you have left");
        assertEquals(0, ann.exitCode());
      }
      relay.signal("TERM");
      assertEquals(0, relay.exitCode());
    }
  }

  @Test
  void a_load_of_its_own_says_what_has_become_of_it() throws Exception {
    try (var relay =
        new RelayProcess(
            "--load", "--port", "0", "--clients", "40", "--stuck", "4", "--drain", "1")) {
      awaitLine(relay, "40 clients in rooms of 10; Ctrl-C ends it");
      await().until(() -> relay.lines().stream().anyMatch(line -> line.contains(" a second")));
      relay.signal("INT");
      assertEquals(0, relay.exitCode());
      awaitLine(
          relay, "  missing 0, twice 0, out of order 0, cut 0; not acknowledged, but arrived 0");
      awaitLine(relay, "  goodbyes: 36 of 36");
      assertEquals(
          4, relay.lines().stream().filter(line -> line.startsWith("lost client-")).count());
    }
  }

  @Test
  void what_cannot_be_is_said_in_one_line() throws Exception {
    try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      says("cannot listen at port ", "--serve", "--port", "" + server.getLocalPort());
    }
    says("--outbox must be positive: 0", "--outbox", "0");
    says("--stuck must be from 0 to --clients: 9", "--load", "--clients", "8", "--stuck", "9");
    says("--serve", "--serve", "--load");
  }

  private static void says(String message, String... args)
      throws IOException, InterruptedException {
    try (var relay = new RelayProcess(args)) {
      assertEquals(2, relay.exitCode());
      assertTrue(relay.lines().getFirst().contains(message), () -> message + ": " + relay.lines());
    }
  }
}
