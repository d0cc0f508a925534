package dev.desist.shutdown;

import static dev.desist.CancellationToken.none;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.desist.CancelledException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

/**
 * Promise 8: everything that a user can hand in to a shutdown, in versions that do not go on until
 * another thread has used the shutdown in every way. No lock is held meanwhile, so it can.
 */
class ShutdownLocksTest extends Laws {
  private static final Duration BOUND = Duration.ofSeconds(20);

  private Shutdown shutdown = shutdown();
  private final Collection<String> went = new ConcurrentSkipListSet<>();
  private final Collection<String> stuck = new ConcurrentSkipListSet<>();

  /** Returns when another thread has used it, or cannot. */
  private void use(String where) {
    Thread other =
        Thread.startVirtualThread(
            () -> {
              try {
                shutdown.progress();
                var _ = shutdown.toString();
                shutdown.await(none(), Duration.ZERO);
                shutdown.initiate("the test is over");
                refused(() -> shutdown.track("late").close());
                refused(() -> shutdown.onStop("late", () -> {}).close());
                refused(() -> shutdown.onDrain("late", () -> {}).close());
                refused(() -> shutdown.onClose("late", () -> {}).close());
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            });
    try {
      (other.join(BOUND) ? went : stuck).add(where);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void refused(Runnable late) {
    try {
      late.run();
    } catch (CancelledException e) {
      // as it may be
    }
  }

  private void wentThrough(String... places) {
    assertEquals(Set.of(), new TreeSet<>(stuck));
    assertEquals(new TreeSet<>(List.of(places)), new TreeSet<>(went));
  }

  @Test
  void promise8_names_are_made_under_no_lock() throws Exception {
    Participant work =
        shutdown.track(
            () -> {
              use("a name");
              return "work";
            });
    assertEquals("work", shutdown.unfinished().getFirst().task());
    assertEquals("Participant[\"work\", draining, RUNNING]", work.toString());
    wentThrough("a name");
    went.clear();
    shutdown.abort("the test is over");
    reach(shutdown, ShutdownPhase.ABORTING);
    time.advance(GRACE);
    assertEquals("work", shutdown.await(none()).leftBehind().getFirst().task());
    wentThrough("a name");
    work.close();
  }

  @Test
  void promise8_actions_and_callbacks_run_under_no_lock() throws Exception {
    shutdown.onStop("stop", () -> use("stop"));
    shutdown.onDrain("drain", () -> use("drain"));
    shutdown.onClose("close", () -> use("close"));
    shutdown.soft().onCancel(() -> use("soft"));
    shutdown.hard().onCancel(() -> use("hard"));
    shutdown.abort("the test is over");
    assertEquals(List.of(), shutdown.await(none()).failures());
    wentThrough("stop", "drain", "close", "soft", "hard");
  }

  /** Says nothing of itself before others have used the shutdown. */
  private final class Slow extends Exception {
    private static final long serialVersionUID = 1;

    @Override
    public String getMessage() {
      use("a message");
      return "slow";
    }

    @Override
    public synchronized Throwable getCause() {
      use("a cause");
      return this;
    }

    @Override
    public String toString() {
      use("words");
      return "slow";
    }
  }

  @Test
  void promise8_reporter_code_and_listener_are_called_and_the_report_is_written_under_no_lock()
      throws Exception {
    shutdown =
        shutdown(
            options ->
                options
                    .withProgress(Duration.ofHours(1), _ -> use("progress"))
                    .withExitCode(
                        _ -> {
                          use("code");
                          return 0;
                        })
                    .withReporter(
                        report -> {
                          use("reporter");
                          var _ = report.toString();
                        }));
    shutdown.onClose(
        "close",
        () -> {
          throw new Slow();
        });
    shutdown.initiate("the test is over");
    shutdown.await(none());
    await().until(() -> went.contains("progress"));
    wentThrough("progress", "code", "reporter", "words");
  }

  @Test
  void promise8_loggers_are_called_under_no_lock() throws Exception {
    var called = new CountDownLatch(1);
    Logger logger = Logger.getLogger("dev.desist");
    var handler =
        new Handler() {
          @Override
          public void publish(LogRecord record) {
            use("a logger");
            called.countDown();
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    logger.setUseParentHandlers(false);
    logger.addHandler(handler);
    try {
      shutdown =
          shutdown(
              options ->
                  options.withReporter(
                      _ -> {
                        throw new IllegalStateException("a reporter of the test throws this");
                      }));
      shutdown.initiate("the test is over");
      shutdown.await(none());
      called.await();
    } finally {
      logger.removeHandler(handler);
      logger.setUseParentHandlers(true);
    }
    wentThrough("a logger");
  }

  /** A thread that does not show its stack before others have used the shutdown. */
  @Test
  void promise8_threads_are_looked_at_under_no_lock() throws Exception {
    var begun = new CountDownLatch(1);
    var thread =
        new Thread(
            () -> {
              try (Participant _ = shutdown.track("work")) {
                begun.countDown();
                hang();
              }
            }) {
          @Override
          public StackTraceElement[] getStackTrace() {
            use("a thread");
            return super.getStackTrace();
          }
        };
    thread.start();
    begun.await();
    assertEquals(1, shutdown.unfinished().size());
    wentThrough("a thread");
  }
}
