package dev.desist.examples.relay;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Promise 25, in two processes: 2,000 clients with 100,000 messages in flight, and a SIGTERM in the
 * middle. One round each; {@code -Drelay.rounds=20} runs twenty.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class RelayLoadTest {
  private static final int ROUNDS = Integer.getInteger("relay.rounds", 1);
  private static final int CLIENTS = 2_000;
  private static final int WINDOW = 50;
  private static final int DRAIN = 10;

  /** Beyond the limit for draining: those that are told to end at once do so. */
  private static final int TO_END = 5;

  private static final Pattern TOOK = Pattern.compile("after ([0-9.]+) (ms|s)$");

  @ParameterizedTest
  @ValueSource(ints = {0, CLIENTS / 20})
  void promise25_what_was_acknowledged_arrives_once_and_whole(int stuck) throws Exception {
    for (int round = 1; round <= ROUNDS; round++) {
      round("round " + round + ", stuck " + stuck, stuck);
    }
  }

  private static void round(String name, int stuck) throws Exception {
    try (var relay = new RelayProcess("--serve", "--port", "0", "--drain", "" + DRAIN)) {
      var options = new Load.Options(CLIENTS, 10, WINDOW, stuck);
      var load = new Load(relay.awaitAddress(), options);
      CompletableFuture<LoadReport> running = run(load);
      long enough = ThreadLocalRandom.current().nextLong(CLIENTS * WINDOW / 2, CLIENTS * WINDOW);
      await()
          .atMost(Duration.ofMinutes(2))
          .until(() -> load.acknowledged.get() > enough || running.isDone());
      relay.signal("TERM");
      LoadReport report;
      try {
        report = running.get(2, TimeUnit.MINUTES);
      } finally {
        assertEquals(0, relay.exitCode(), () -> name + ": " + relay.lines());
        load.release();
      }
      System.out.println(name + ": " + report + "\n  " + took(relay));
      assertEquals(CLIENTS - stuck, report.clients());
      assertTrue(report.isFlawless(), () -> name + ": " + report + relay.lines());
      List<String> lost =
          relay.lines().stream().filter(line -> line.startsWith("lost ")).sorted().toList();
      List<String> listed =
          IntStream.range(0, CLIENTS)
              .filter(options::isStuck)
              .mapToObj(
                  i ->
                      "lost %s in %s, because draining took longer than %d s"
                          .formatted(options.name(i), options.room(i), DRAIN))
              .sorted()
              .toList();
      assertEquals(listed, lost.stream().map(line -> line.replaceAll(" \\(.*\\)", "")).toList());
      assertTrue(took(relay) < (stuck == 0 ? DRAIN : DRAIN + TO_END), () -> "" + relay.lines());
    }
  }

  private static CompletableFuture<LoadReport> run(Load load) {
    var report = new CompletableFuture<LoadReport>();
    Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              try {
                report.complete(load.run());
              } catch (Throwable e) {
                report.completeExceptionally(new ExecutionException(e));
              }
            });
    return report;
  }

  /** In seconds, as the relay says. */
  private static double took(RelayProcess relay) {
    for (String line : relay.lines()) {
      Matcher took = TOOK.matcher(line);
      if (line.startsWith("the relay is shut down") && took.find()) {
        return Double.parseDouble(took.group(1)) / (took.group(2).equals("ms") ? 1000 : 1);
      }
    }
    throw new AssertionError("there is no report: " + relay.lines());
  }
}
