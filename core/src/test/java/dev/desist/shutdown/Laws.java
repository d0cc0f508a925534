package dev.desist.shutdown;

import static org.awaitility.Awaitility.await;

import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What the tests of shutdowns share: manual time, limits that are easily told apart, and something
 * to hang on. Each phase works out its limit before it is seen to be there; so a test that has seen
 * a phase can move time by its limit, and has reached it.
 */
@ExtendWith(Hygiene.class)
@Timeout(60)
class Laws {
  static final Duration STOP = Duration.ofSeconds(2);
  static final Duration DRAIN = Duration.ofSeconds(10);
  static final Duration GRACE = Duration.ofSeconds(5);
  static final Duration CLOSE = Duration.ofSeconds(3);

  final ManualTime time = new ManualTime();
  final List<String> events = new CopyOnWriteArrayList<>();
  final CountDownLatch release = new CountDownLatch(1);

  @AfterEach
  void nothing_is_left() {
    release.countDown();
    await()
        .until(
            () ->
                Thread.getAllStackTraces().keySet().stream()
                    .noneMatch(thread -> thread.getName().equals("desist-shutdown")));
  }

  Shutdown shutdown() throws Exception {
    return shutdown(ShutdownOptions.defaults());
  }

  Shutdown shutdown(ShutdownOptions options) throws Exception {
    ShutdownOptions quiet =
        options == ShutdownOptions.defaults() ? options.withReporter(_ -> {}) : options;
    return Objects.requireNonNull(time.call(() -> Shutdown.create("relay", quiet)));
  }

  static void reach(Shutdown shutdown, ShutdownPhase phase) {
    await()
        .pollInterval(Duration.ofMillis(1))
        .until(() -> shutdown.progress().phase().compareTo(phase) >= 0);
    if (shutdown.progress().phase() != phase) {
      throw new AssertionError("went past " + phase + ": " + shutdown);
    }
  }

  /** Hangs until the end of the test, whatever happens. */
  void hang() {
    while (true) {
      try {
        release.await();
        return;
      } catch (InterruptedException e) {
        // deaf
      }
    }
  }

  /** What happened, by this name. */
  Participant.Action says(String event) {
    return () -> events.add(event);
  }
}
