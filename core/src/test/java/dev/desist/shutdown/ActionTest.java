package dev.desist.shutdown;

import static dev.desist.CancellationToken.none;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancelledException;
import dev.desist.Leftover;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.Test;

/** What is run in the phases. */
class ActionTest extends Laws {
  /** Stop, drain, close; and nothing is closed while work is in flight. */
  @Test
  void phases_follow_each_other() throws Exception {
    Shutdown shutdown = shutdown();
    shutdown.onClose("store", says("close"));
    shutdown.onDrain("outbox", says("drain"));
    shutdown.onStop("listener", says("stop"));
    Participant work = shutdown.track("connection 7");
    shutdown.initiate("the test is over");
    reach(shutdown, ShutdownPhase.DRAINING);
    await().until(() -> events.contains("drain"));
    time.advance(DRAIN.minusMillis(1));
    events.add("work ends");
    work.close();
    ShutdownReport report = shutdown.await(none());
    assertTrue(report.isClean());
    assertEquals(List.of("stop", "drain", "work ends", "close"), events);
    assertEquals(2, report.drained()); // the action for draining counts
  }

  /** Those of one phase run at the same time: here each waits for the other. */
  @Test
  void actions_of_a_phase_run_at_the_same_time() throws Exception {
    Shutdown shutdown = shutdown();
    var both = new CyclicBarrier(2);
    shutdown.onClose("one", both::await);
    shutdown.onClose("other", both::await);
    shutdown.initiate("the test is over");
    assertTrue(shutdown.await(none()).isClean());
  }

  /** One that throws, be it an error, is in the report, and the others run. */
  @Test
  void an_action_that_throws_stops_no_other() throws Exception {
    Shutdown shutdown = shutdown();
    shutdown.onStop(
        "listener",
        () -> {
          throw new IOException("in use");
        });
    shutdown.onClose(
        "store",
        () -> {
          throw new AssertionError("broken");
        });
    shutdown.onClose("cache", says("cache"));
    shutdown.initiate("the test is over");
    ShutdownReport report = shutdown.await(none());
    assertEquals(List.of("cache"), events);
    assertEquals(
        List.of(
            "\"listener\" (stopping): java.io.IOException: in use",
            "\"store\" (closing): java.lang.AssertionError: broken"),
        report.failures().stream().map(Object::toString).toList());
    assertFalse(report.isClean());
  }

  /** One for stopping holds up the drain to its limit, is told then, and is waited for after. */
  @Test
  void stopping_has_its_limit() throws Exception {
    Shutdown shutdown = shutdown();
    var told = new CountDownLatch(1);
    shutdown.onStop(
        "listener",
        () -> {
          Cancellation.current().await();
          told.countDown();
          hang();
        });
    shutdown.onDrain("outbox", says("drain"));
    shutdown.initiate("the test is over");
    reach(shutdown, ShutdownPhase.STOPPING);
    assertEquals(List.of(), events);
    time.advance(STOP);
    told.await();
    reach(shutdown, ShutdownPhase.DRAINING);
    assertFalse(shutdown.hard().isCancelled());
    release.countDown();
    ShutdownReport report = shutdown.await(none());
    assertTrue(report.isClean());
    assertEquals(STOP, report.took());
    assertEquals(List.of("drain"), events);
  }

  /** One for draining is told with the hard token, and counts as aborted if it ends then. */
  @Test
  void an_action_for_draining_runs_under_the_hard_token() throws Exception {
    Shutdown shutdown = shutdown();
    shutdown.onDrain("outbox", () -> Cancellation.current().await());
    shutdown.initiate("the test is over");
    reach(shutdown, ShutdownPhase.DRAINING);
    assertEquals(1, shutdown.progress().total());
    time.advance(DRAIN);
    ShutdownReport report = shutdown.await(none());
    assertEquals(1, report.aborted().size());
    assertEquals(List.of(), report.failures());
  }

  /** One for closing is told at the limit, and left behind if it does not listen. */
  @Test
  void closing_has_its_limit() throws Exception {
    Shutdown shutdown = shutdown();
    var told = new CountDownLatch(1);
    shutdown.onClose(
        "store",
        () -> {
          Cancellation.current().await();
          told.countDown();
          hang();
        });
    shutdown.onClose("cache", says("cache"));
    shutdown.initiate("the test is over");
    reach(shutdown, ShutdownPhase.CLOSING);
    time.advance(CLOSE);
    told.await();
    ShutdownReport report = shutdown.await(none());
    assertEquals(CLOSE, report.took());
    assertEquals(List.of("cache"), events);
    Leftover left = report.leftBehind().getFirst();
    assertEquals("store", left.task());
    assertEquals("closing", left.phase());
    assertInstanceOf(CancellationReason.DeadlineExceeded.class, left.reason());
    assertFalse(shutdown.hard().isCancelled());
  }

  /** An action that was taken back is not run, and nothing waits for it. */
  @Test
  void an_action_can_be_taken_back() throws Exception {
    Shutdown shutdown = shutdown();
    shutdown.onClose("store", says("close")).close();
    shutdown.initiate("the test is over");
    assertTrue(shutdown.await(none()).isClean());
    assertEquals(List.of(), events);
  }

  /** Taking back one that runs does not end the wait for it. */
  @Test
  void an_action_that_runs_is_waited_for_all_the_same() throws Exception {
    Shutdown shutdown = shutdown();
    var inside = new CountDownLatch(1);
    Participant store =
        shutdown.onClose(
            "store",
            () -> {
              inside.countDown();
              hang();
              events.add("closed");
            });
    shutdown.initiate("the test is over");
    inside.await();
    store.close();
    assertEquals(ShutdownPhase.CLOSING, shutdown.progress().phase());
    release.countDown();
    shutdown.await(none());
    assertEquals(List.of("closed"), events);
  }

  /** An action is either run with its phase or refused: nothing is dropped in silence. */
  @Test
  void an_action_comes_before_its_phase_or_is_refused() throws Exception {
    Shutdown shutdown = shutdown();
    Participant work = shutdown.track("connection 7");
    shutdown.initiate("the test is over");
    reach(shutdown, ShutdownPhase.DRAINING);
    assertThrows(CancelledException.class, () -> shutdown.onStop("late", says("late")));
    assertThrows(CancelledException.class, () -> shutdown.onDrain("late", says("late")));
    shutdown.onClose("store that this work has opened", says("close"));
    work.close();
    assertTrue(shutdown.await(none()).isClean());
    assertThrows(CancelledException.class, () -> shutdown.onClose("late", says("late")));
    assertEquals(List.of("close"), events);
  }

  /** An action that ends its own shutdown, or asks how it goes, hangs nobody. */
  @Test
  void an_action_may_use_the_shutdown() throws Exception {
    Shutdown shutdown = shutdown();
    shutdown.onStop(
        "listener",
        () -> {
          assertFalse(shutdown.initiate("again"));
          events.add(shutdown.progress().phase() + ", " + shutdown.unfinished().size() + " at it");
          assertTrue(shutdown.abort("no time"));
        });
    shutdown.initiate("the test is over");
    ShutdownReport report = shutdown.await(none());
    assertEquals(List.of(), report.failures());
    assertEquals(1, events.size());
  }

  /** An action is no work, and has a thread of its own. */
  @Test
  void an_action_is_not_moved_to_another_thread() throws Exception {
    Participant store = shutdown().onClose("store", says("close"));
    var misuse = assertThrows(IllegalStateException.class, store::onThisThread);
    assertEquals(
        "an action has a thread of its own: Participant[\"store\", closing, WAITING]",
        misuse.getMessage());
  }
}
