package dev.desist.shutdown;

import static dev.desist.CancellationToken.none;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationReason;
import dev.desist.Leftover;
import dev.desist.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Everything that a user can hand in to a shutdown, in versions that misbehave: it comes to its end
 * all the same, on time, and says what it can.
 */
class ShutdownForeignCodeTest extends Laws {
  private static final Duration SECOND = Duration.ofSeconds(1);

  /** Says nothing about itself but by throwing. */
  private static final class Unspeakable extends Exception {
    private static final long serialVersionUID = 1;

    @Override
    public String getMessage() {
      throw new IllegalStateException("no message");
    }

    @Override
    public String toString() {
      throw new IllegalStateException("no words");
    }
  }

  /** The same, unchecked. */
  private static final class UnspeakableError extends Error {
    private static final long serialVersionUID = 1;

    @Override
    public String getMessage() {
      throw new IllegalStateException("no words");
    }
  }

  private void leaveBehind(Shutdown shutdown) {
    shutdown.initiate("the test is over");
    reach(shutdown, ShutdownPhase.DRAINING);
    time.advance(DRAIN);
    reach(shutdown, ShutdownPhase.ABORTING);
    time.advance(GRACE);
  }

  // ---- names

  @Test
  void a_name_that_throws_is_reported_as_well_as_can_be() throws Exception {
    Shutdown shutdown = shutdown();
    Participant bad =
        shutdown.track(
            () -> {
              throw new UnspeakableError();
            });
    Participant good = shutdown.track("good");
    shutdown.onClose("store", says("close"));
    leaveBehind(shutdown);
    ShutdownReport report = shutdown.await(none());
    assertEquals(2, report.leftBehind().size());
    String name = report.leftBehind().getFirst().task();
    assertTrue(name.startsWith("a participant whose name failed: "), name);
    assertTrue(name.contains(UnspeakableError.class.getName()), name);
    assertEquals("good", report.leftBehind().getLast().task());
    assertEquals(List.of("close"), events);
    assertTrue(report.toString().contains(name));
    assertTrue(bad.toString().contains(UnspeakableError.class.getName()));
    bad.close();
    good.close();
  }

  /** The conductor makes none; whoever makes them has a second for all. */
  @Test
  void a_name_that_hangs_holds_up_the_report_for_a_second() throws Exception {
    Shutdown shutdown = shutdown();
    var inside = new CountDownLatch(1);
    Participant first = shutdown.track(() -> "first");
    Participant bad =
        shutdown.track(
            () -> {
              inside.countDown();
              hang();
              return "late";
            });
    Participant last = shutdown.track("last");
    shutdown.onClose("store", says("close"));
    leaveBehind(shutdown);
    inside.await();
    assertEquals(List.of("close"), events); // names are the last thing
    await().until(() -> time.pending() == 1);
    time.advance(SECOND);
    ShutdownReport report = shutdown.await(none());
    assertEquals(
        List.of("first", "a participant whose name was not made in time", "last"),
        report.leftBehind().stream().map(Leftover::task).toList());
    assertEquals(DRAIN.plus(GRACE), report.took());
    List.of(first, bad, last).forEach(Participant::close);
  }

  // ---- actions and callbacks

  @Test
  void an_action_that_throws_the_unspeakable_is_in_the_report() throws Exception {
    Shutdown shutdown = shutdown();
    shutdown.onStop(
        "stop",
        () -> {
          throw new Unspeakable();
        });
    shutdown.onDrain(
        "drain",
        () -> {
          throw new UnspeakableError();
        });
    shutdown.onClose("close", says("close"));
    shutdown.initiate("the test is over");
    ShutdownReport report = shutdown.await(none());
    assertEquals(List.of("close"), events);
    assertEquals(2, report.failures().size());
    assertTrue(report.toString().contains(Unspeakable.class.getName()), report::toString);
  }

  @Test
  void a_callback_that_throws_the_unspeakable_is_in_the_report() throws Exception {
    Shutdown shutdown = shutdown();
    shutdown
        .soft()
        .onCancel(
            () -> {
              throw new UnspeakableError();
            });
    shutdown.onClose("close", says("close"));
    shutdown.initiate("the test is over");
    ShutdownReport report = shutdown.await(none());
    assertEquals(List.of("close"), events);
    assertEquals("callbacks of the soft token", report.failures().getFirst().name());
    assertTrue(report.toString().contains("failed: "), report::toString);
  }

  @Test
  void an_action_that_interrupts_its_thread_leaves_the_next_one_alone() throws Exception {
    Shutdown shutdown = shutdown();
    shutdown.onStop("stop", () -> Thread.currentThread().interrupt());
    var interrupted = new AtomicBoolean();
    shutdown.onDrain("drain", () -> interrupted.set(Thread.currentThread().isInterrupted()));
    shutdown.initiate("the test is over");
    assertTrue(shutdown.await(none()).isClean());
    assertFalse(interrupted.get());
  }

  // ---- who is told

  /** What is logged to throws. */
  private static final class Log extends Handler implements AutoCloseable {
    private final Logger logger = Logger.getLogger("dev.desist");
    final AtomicInteger calls = new AtomicInteger();

    Log() {
      logger.setUseParentHandlers(false);
      logger.addHandler(this);
    }

    @Override
    public void publish(LogRecord record) {
      calls.incrementAndGet();
      throw new UnspeakableError();
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
      logger.removeHandler(this);
      logger.setUseParentHandlers(true);
    }
  }

  @Test
  void reporter_code_listener_and_logger_throw() throws Exception {
    try (var log = new Log()) {
      Shutdown shutdown =
          shutdown(
              options ->
                  options
                      .withProgress(
                          Duration.ofMillis(1),
                          _ -> {
                            throw new UnspeakableError();
                          })
                      .withExitCode(
                          _ -> {
                            throw new UnspeakableError();
                          })
                      .withReporter(
                          _ -> {
                            throw new UnspeakableError();
                          }));
      shutdown.onClose("close", says("close"));
      shutdown.initiate("the test is over");
      assertTrue(shutdown.await(none()).isClean());
      assertEquals(List.of("close"), events);
      await().until(() -> log.calls.get() > 1);
    }
  }

  /** The reporter is called though the code of the options throws. */
  @Test
  void the_reporter_is_told_though_the_exit_code_throws() throws Exception {
    var told = new CopyOnWriteArrayList<ShutdownReport>();
    Shutdown shutdown =
        shutdown(
            options ->
                options
                    .withExitCode(
                        _ -> {
                          throw new UnspeakableError();
                        })
                    .withReporter(told::add));
    shutdown.initiate("the test is over");
    assertEquals(List.of(shutdown.await(none())), told);
  }

  // ---- threads

  /** Has no stack to show, and equals all others. */
  private static final class Opaque extends Thread {
    Opaque(Runnable body) {
      super(body, "opaque");
      setDaemon(true);
    }

    @Override
    public StackTraceElement[] getStackTrace() {
      throw new UnspeakableError();
    }

    @Override
    public boolean equals(Object other) {
      throw new UnspeakableError();
    }

    @Override
    public int hashCode() {
      throw new UnspeakableError();
    }
  }

  @Test
  void a_thread_that_does_not_want_to_be_seen() throws Exception {
    Shutdown shutdown = shutdown();
    var begun = new CountDownLatch(2);
    Runnable work =
        () -> {
          try (Participant _ = shutdown.track("work")) {
            begun.countDown();
            hang();
          }
        };
    new Opaque(work).start();
    new Opaque(work).start();
    begun.await();
    leaveBehind(shutdown);
    ShutdownReport report = shutdown.await(none());
    assertEquals(2, report.leftBehind().size());
    assertTrue(report.leftBehind().getFirst().thread().startsWith("opaque, thread "));
    assertEquals(List.of(), report.leftBehind().getFirst().stack());
  }

  /** A thread is looked at once, whatever it has begun. */
  @Test
  void a_hundred_thousand_that_one_thread_has_left() throws Exception {
    Shutdown shutdown = shutdown();
    var all = new ArrayList<Participant>();
    for (int i = 0; i < 100_000; i++) {
      int number = i;
      all.add(shutdown.track(() -> "message " + number));
    }
    List<Leftover> now = shutdown.unfinished();
    assertEquals(100_000, now.size());
    assertSame(now.getFirst().stack(), now.getLast().stack());
    leaveBehind(shutdown);
    ShutdownReport report = shutdown.await(none());
    assertEquals(100_000, report.leftBehind().size());
    assertSame(report.leftBehind().getFirst().stack(), report.leftBehind().getLast().stack());
    assertFalse(report.leftBehind().getFirst().stack().isEmpty());
    assertTrue(
        report.toString().contains("99,980 more, \"message 99999\" (draining)"), report::toString);
    all.forEach(Participant::close);
  }

  /** Of very many threads, a thousand are looked at. */
  @Test
  void three_thousand_threads() throws Exception {
    Shutdown shutdown = shutdown();
    var begun = new CountDownLatch(3_000);
    for (int i = 0; i < 3_000; i++) {
      Thread.startVirtualThread(
          () -> {
            try (Participant _ = shutdown.track("work")) {
              begun.countDown();
              hang();
            }
          });
    }
    begun.await();
    leaveBehind(shutdown);
    ShutdownReport report = shutdown.await(none());
    assertEquals(3_000, report.leftBehind().size());
    assertEquals(
        1_000, report.leftBehind().stream().filter(each -> !each.stack().isEmpty()).count());
  }

  // ---- the clock

  /** A time source that stops working: all phases come to their end, and say so. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20})
  void a_clock_that_fails(int calls) throws Exception {
    var left = new AtomicInteger(Integer.MAX_VALUE);
    var clock =
        new TimeSource() {
          @Override
          public long nanoTime() {
            if (left.getAndDecrement() <= 0) {
              throw new UnspeakableError();
            }
            return System.nanoTime();
          }

          @Override
          public Instant instant() {
            return Instant.now();
          }

          @Override
          public Timer schedule(long nanoTime, Runnable task) {
            return TimeSource.system().schedule(nanoTime, task);
          }

          @Override
          public void dispatch(Runnable task) {
            TimeSource.system().dispatch(task);
          }

          @Override
          public void parkUntil(Object blocker, long nanoTime) {
            TimeSource.system().parkUntil(blocker, nanoTime);
          }
        };
    Shutdown shutdown =
        TimeSource.callWith(
            clock, () -> Shutdown.create("relay", options -> options.withReporter(_ -> {})));
    CancellationReason why = CancellationReason.shutdown("the test is over");
    left.set(calls);
    shutdown.initiate(why.message());
    ShutdownReport report = shutdown.await(none());
    assertEquals("the test is over", report.reason().message());
    if (!report.isClean()) {
      assertInstanceOf(UnspeakableError.class, report.failures().getFirst().thrown());
    }
  }

  // ---- work that follows from work

  @Test
  void promise23_work_in_flight_begins_what_follows_from_it() throws Exception {
    Shutdown shutdown = shutdown();
    Participant job = shutdown.track("job");
    shutdown.initiate("the test is over");
    reach(shutdown, ShutdownPhase.DRAINING);
    Participant next = job.track("its notification");
    job.close();
    assertEquals(1, shutdown.progress().left());
    Participant last = next.track(() -> "its receipt");
    next.close();
    assertEquals(ShutdownPhase.DRAINING, shutdown.progress().phase());
    last.close();
    ShutdownReport report = shutdown.await(none());
    assertTrue(report.isClean());
    assertEquals(3, report.drained());
  }
}
