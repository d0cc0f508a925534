package dev.desist.shutdown;

import static org.awaitility.Awaitility.await;

import dev.desist.Action;
import dev.desist.shutdown.Shutdown.Configuration;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
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
public abstract class Laws {
  public static final Duration STOP = Duration.ofSeconds(2);
  public static final Duration DRAIN = Duration.ofSeconds(10);
  public static final Duration GRACE = Duration.ofSeconds(5);
  public static final Duration CLOSE = Duration.ofSeconds(3);

  public final ManualTime time = new ManualTime();
  public final List<String> events = new CopyOnWriteArrayList<>();
  public final CountDownLatch release = new CountDownLatch(1);

  protected Laws() {}

  @AfterEach
  public void nothing_is_left() {
    release.countDown();
    await()
        .until(
            () ->
                Thread.getAllStackTraces().keySet().stream()
                    .noneMatch(thread -> thread.getName().equals("desist-shutdown")));
  }

  /** One whose report nobody reads. */
  public Shutdown shutdown() {
    return shutdown(UnaryOperator.identity());
  }

  /** One whose report nobody reads, unless the options say who. */
  public Shutdown shutdown(UnaryOperator<Configuration> options) {
    return loud(quiet -> options.apply(quiet.withReporter(_ -> {})));
  }

  /** One with these options and no others. */
  public Shutdown loud(UnaryOperator<Configuration> options) {
    try {
      return Objects.requireNonNull(time.call(() -> Shutdown.create("relay", options)));
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  public static void reach(Shutdown shutdown, ShutdownPhase phase) {
    await()
        .pollInterval(Duration.ofMillis(1))
        .until(() -> shutdown.progress().phase().compareTo(phase) >= 0);
    if (shutdown.progress().phase() != phase) {
      throw new AssertionError("went past " + phase + ": " + shutdown);
    }
  }

  /** Hangs until the end of the test, whatever happens. */
  public void hang() {
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
  public Action<?> says(String event) {
    return () -> events.add(event);
  }

  /** Gets the configuration that a shutdown is made from. */
  public static Configuration defaults() {
    var found = new AtomicReference<Configuration>();
    Shutdown.create(
        "relay",
        options -> {
          found.set(options);
          return options;
        });
    return found.get();
  }
}
