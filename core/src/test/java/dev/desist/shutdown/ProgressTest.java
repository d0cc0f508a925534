package dev.desist.shutdown;

import static dev.desist.CancellationToken.none;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationReason;
import dev.desist.Leftover;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What is told while a shutdown goes on, and at its end. */
class ProgressTest extends Laws {
  private static final Duration SECOND = Duration.ofSeconds(1);

  /** Counts, and the time left, of the phase it is in. */
  @Test
  void progress_says_how_many_are_left_and_for_how_long() throws Exception {
    Shutdown shutdown = shutdown();
    var work = new ArrayList<Participant>();
    for (int i = 0; i < 40; i++) {
      work.add(shutdown.track("connection " + i));
    }
    assertEquals("relay: running, 40 in flight", shutdown.progress().toString());
    shutdown.initiate("the test is over");
    reach(shutdown, ShutdownPhase.DRAINING);
    work.subList(0, 28).forEach(Participant::close);
    time.advance(Duration.ofSeconds(6));
    assertEquals("relay: draining, 12 of 40 left, 4 s to go", shutdown.progress().toString());
    assertEquals("Shutdown[relay: draining, 12 of 40 left, 4 s to go]", shutdown.toString());
    time.advance(Duration.ofSeconds(4));
    reach(shutdown, ShutdownPhase.ABORTING);
    await().until(() -> shutdown.progress().left() == 12); // the callbacks have run
    assertEquals(Duration.ofSeconds(5), shutdown.progress().remaining());
    work.forEach(Participant::close);
    shutdown.await(none());
    assertEquals("relay: over", shutdown.progress().toString());
  }

  /** A listener is told at the beginning of a phase, and then regularly. */
  @Test
  void a_listener_is_told_regularly() throws Exception {
    var told = new CopyOnWriteArrayList<ShutdownProgress>();
    Shutdown shutdown = shutdown(options -> options.withProgress(SECOND, told::add));
    Participant work = shutdown.track("connection 7");
    shutdown.initiate("the test is over");
    reach(shutdown, ShutdownPhase.DRAINING);
    for (int i = 1; i <= 3; i++) {
      await().until(() -> time.pending() == 1);
      time.advance(SECOND);
      Duration left = DRAIN.minusSeconds(i);
      await().until(() -> !told.isEmpty() && told.getLast().remaining().equals(left));
    }
    assertEquals("relay: draining, 1 of 1 left, 7 s to go", told.getLast().toString());
    work.close();
    shutdown.await(none());
  }

  /** A listener that hangs or throws holds up nothing. */
  @Test
  void a_bad_listener_does_no_harm() throws Exception {
    var calls = new AtomicInteger();
    Shutdown shutdown =
        shutdown(
            options ->
                options.withProgress(
                    SECOND,
                    _ -> {
                      if (calls.incrementAndGet() == 1) {
                        throw new IllegalStateException("a listener of the test throws this");
                      }
                      hang();
                    }));
    shutdown.onClose("store", says("close"));
    Participant work = shutdown.track("connection 7");
    shutdown.initiate("the test is over");
    reach(shutdown, ShutdownPhase.DRAINING);
    for (int i = 0; i < 3; i++) {
      await().until(() -> time.pending() == 1);
      time.advance(SECOND);
    }
    work.close();
    assertTrue(shutdown.await(none()).isClean());
    assertEquals(List.of("close"), events);
  }

  /** The reporter has been told when the wait ends. */
  @Test
  void the_reporter_is_told_first() throws Exception {
    var told = new CopyOnWriteArrayList<ShutdownReport>();
    Shutdown shutdown = shutdown(options -> options.withReporter(told::add));
    shutdown.initiate("the test is over");
    assertEquals(List.of(shutdown.await(none())), told);
  }

  /** A reporter that hangs, on a pipe that nobody reads, has one second. */
  @Test
  void a_reporter_that_hangs_is_not_waited_for_long() throws Exception {
    var inside = new CountDownLatch(1);
    Shutdown shutdown =
        shutdown(
            options ->
                options.withReporter(
                    _ -> {
                      inside.countDown();
                      hang();
                    }));
    shutdown.initiate("the test is over");
    inside.await();
    assertTrue(shutdown.await(none(), Duration.ZERO).isEmpty());
    await().until(() -> time.pending() == 1);
    time.advance(SECOND);
    assertTrue(shutdown.await(none()).isClean());
  }

  /** One that throws is logged, and it is over all the same. */
  @Test
  void a_reporter_that_throws_does_no_harm() throws Exception {
    Shutdown shutdown =
        shutdown(
            options ->
                options.withReporter(
                    _ -> {
                      throw new IllegalStateException("a reporter of the test throws this");
                    }));
    shutdown.initiate("the test is over");
    assertTrue(shutdown.await(none()).isClean());
  }

  // ---- the text ----

  private static Leftover left(
      String name, String thread, @Nullable CancellationReason why, List<StackTraceElement> stack) {
    return new Leftover(name, "relay", "draining", thread, why, GRACE, true, stack);
  }

  /** Everything in one block: counts, failures, who was left behind and where. */
  @Test
  void the_report_is_one_block() {
    var frame = new StackTraceElement("Relay", "talk", "Relay.java", 12);
    var late = CancellationReason.shutdown("draining took longer than 10 s");
    var report =
        new ShutdownReport(
            "relay",
            CancellationReason.shutdown("SIGTERM was received"),
            Duration.ofMillis(15_240),
            1_997,
            List.of(left("connection 3", "thread 3", late, List.of(frame))),
            List.of(
                new ShutdownReport.Failure(
                    "store", ShutdownPhase.CLOSING, new IllegalStateException("locked"))),
            List.of(
                left("connection 1", "thread 1", late, List.of(frame)),
                left("connection 2", "thread 2", late, List.of(frame))));
    assertEquals(
        """
        relay is shut down, because SIGTERM was received: not clean, after 15.2 s
          in flight: 2,000; drained: 1,997; aborted: 1; left behind: 2
          failed: "store" (closing): java.lang.IllegalStateException: locked
          aborted: "connection 3" (draining), on thread 3, told to end because draining took longer\
         than 10 s
            at Relay.talk(Relay.java:12)
          left behind: "connection 1", "connection 2" (draining), on thread 2, told to end because\
         draining took longer than 10 s
            at Relay.talk(Relay.java:12)\
        """,
        report.toString());
  }

  /** Of each of those that a shutdown lists, there is a sentence. */
  @Test
  void a_leftover_of_a_shutdown_says_where_it_belongs() {
    var why = CancellationReason.shutdown("SIGTERM was received");
    assertEquals(
        "\"c\" (draining) of shutdown \"relay\" on thread 1 was told to end 5000 ms ago because"
            + " SIGTERM was received, and goes on; it is left behind",
        left("c", "thread 1", why, List.of()).sentence());
    assertEquals(
        "\"c\" (closing) of shutdown \"relay\" on thread 1 was told to end because SIGTERM was"
            + " received, and goes on; the shutdown waits for it",
        new Leftover("c", "relay", "closing", "thread 1", why, Duration.ZERO, false, List.of())
            .sentence());
    assertEquals(
        "\"c\" (draining) of shutdown \"relay\" on thread 1 goes on, and has not been told to end",
        new Leftover("c", "relay", "draining", "thread 1", null, Duration.ZERO, false, List.of())
            .sentence());
  }

  /** Of hundreds in one place, twenty are named. */
  @Test
  void many_in_the_same_place_are_one_entry() {
    List<Leftover> left =
        IntStream.range(0, 300).mapToObj(i -> left("c" + i, "thread", null, List.of())).toList();
    String text =
        new ShutdownReport(
                "relay",
                CancellationReason.shutdown("SIGTERM was received"),
                Duration.ZERO,
                0,
                List.of(),
                List.of(),
                left)
            .toString();
    assertTrue(text.contains("\"c17\", \"c18\", 280 more, \"c299\" (draining)"), text);
    assertEquals(3, text.lines().count(), text);
  }

  /** As a person would say it. */
  @Test
  void durations_are_readable() {
    assertEquals("0 ms", ShutdownReport.text(Duration.ZERO));
    assertEquals("999 ms", ShutdownReport.text(Duration.ofMillis(999)));
    assertEquals("4 s", ShutdownReport.text(Duration.ofSeconds(4)));
    assertEquals("4.2 s", ShutdownReport.text(Duration.ofMillis(4_230)));
    assertEquals("1 min", ShutdownReport.text(Duration.ofMillis(59_960)));
    assertEquals("2 min 5 s", ShutdownReport.text(Duration.ofSeconds(125)));
    assertEquals("more than a day", ShutdownReport.text(Duration.ofDays(400)));
  }

  // ---- misuse ----

  /** Each message names the rule and the value. */
  @Test
  void bad_arguments_are_named() throws Exception {
    var options = defaults();
    Duration negative = Duration.ofSeconds(-1);
    for (var call :
        List.<Executable>of(
            () -> options.withStopLimit(negative),
            () -> options.withDrainLimit(negative),
            () -> options.withCloseLimit(negative))) {
      assertEquals(
          "limit must not be negative: PT-1S",
          assertThrows(IllegalArgumentException.class, call).getMessage());
    }
    assertEquals(
        "grace must not be negative: PT-1S",
        assertThrows(IllegalArgumentException.class, () -> options.withGrace(negative))
            .getMessage());
    assertEquals(
        "every must be at least a millisecond: PT0S",
        assertThrows(
                IllegalArgumentException.class, () -> options.withProgress(Duration.ZERO, _ -> {}))
            .getMessage());
    assertEquals(
        "timeout must not be negative: PT-1S",
        assertThrows(IllegalArgumentException.class, () -> shutdown().await(none(), negative))
            .getMessage());
  }
}
