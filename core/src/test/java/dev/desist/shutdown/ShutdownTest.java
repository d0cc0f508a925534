package dev.desist.shutdown;

import static dev.desist.CancellationToken.none;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationReason;
import dev.desist.CancelledException;
import dev.desist.Leftover;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** The two tokens, and work in flight. */
class ShutdownTest extends Laws {
  // ---- beginning ----

  /** The first call begins it and its reason is kept; the soft token is cancelled on return. */
  @Test
  void a_shutdown_begins_once() throws Exception {
    Shutdown shutdown = shutdown();
    assertEquals(ShutdownPhase.RUNNING, shutdown.progress().phase());
    assertFalse(shutdown.soft().isCancelled());
    assertTrue(shutdown.initiate("the operator asked for it"));
    assertTrue(shutdown.soft().isCancelled());
    assertFalse(shutdown.initiate("somebody else did"));
    var reason = shutdown.soft().reason().orElseThrow();
    assertInstanceOf(CancellationReason.Shutdown.class, reason);
    assertEquals("the operator asked for it", reason.message());
    assertSame(reason, shutdown.await(none()).reason());
  }

  /** Of many that begin it at once, one did; all find it begun. */
  @Test
  void of_many_that_begin_it_one_did() throws Exception {
    Shutdown shutdown = shutdown();
    var began = new AtomicInteger();
    var found = new AtomicInteger();
    var threads = new ArrayList<Thread>();
    for (int i = 0; i < 16; i++) {
      String why = "caller " + i;
      threads.add(
          Thread.startVirtualThread(
              () -> {
                began.addAndGet(shutdown.initiate(why) ? 1 : 0);
                found.addAndGet(shutdown.soft().isCancelled() ? 1 : 0);
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(1, began.get());
    assertEquals(16, found.get());
    shutdown.await(none());
  }

  /** An interrupt on the thread that begins it does not get in the way, and is not lost. */
  @Test
  void who_begins_it_keeps_his_interrupt() throws Exception {
    Shutdown shutdown = shutdown();
    Thread.currentThread().interrupt();
    assertTrue(shutdown.initiate("the test is over"));
    assertTrue(shutdown.soft().isCancelled());
    assertTrue(Thread.interrupted());
    shutdown.await(none());
  }

  /** Waiting begins nothing, times out, and listens to an interrupt. */
  @Test
  void waiting_for_it_does_not_begin_it() throws Exception {
    Shutdown shutdown = shutdown();
    assertEquals(Optional.empty(), shutdown.await(none(), Duration.ZERO));
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> shutdown.await(none()));
    assertFalse(shutdown.soft().isCancelled());
  }

  /** With nothing to wait for it is over without a moment passing. */
  @Test
  void an_empty_one_takes_no_time() throws Exception {
    Shutdown shutdown = shutdown();
    shutdown.initiate("the test is over");
    ShutdownReport report = shutdown.await(none());
    assertTrue(report.isClean());
    assertEquals(Duration.ZERO, report.took());
    assertEquals(0, report.drained());
    assertEquals(ShutdownPhase.OVER, shutdown.progress().phase());
    assertEquals(0, time.pending());
  }

  // ---- work in flight ----

  /** Promise 23: after the beginning no work begins; the refusal says why. */
  @Test
  void promise23_work_is_refused_once_it_has_begun() throws Exception {
    Shutdown shutdown = shutdown();
    shutdown.initiate("the operator asked for it");
    var refusal = assertThrows(CancelledException.class, () -> shutdown.track("too late"));
    assertEquals("the operator asked for it", refusal.reason().message());
    assertEquals(0, shutdown.await(none()).drained());
  }

  /** Nothing of what is in flight is disturbed: no interrupt, and the hard token stays live. */
  @Test
  void work_in_flight_drains_undisturbed() throws Exception {
    Shutdown shutdown = shutdown();
    var begun = new CountDownLatch(1);
    var disturbed = new AtomicReference<Boolean>();
    Thread.startVirtualThread(
        () -> {
          try (Participant _ = shutdown.track("connection 7")) {
            begun.countDown();
            hang();
            disturbed.set(Thread.interrupted() || shutdown.hard().isCancelled());
          }
        });
    begun.await();
    shutdown.initiate("the test is over");
    reach(shutdown, ShutdownPhase.DRAINING);
    time.advance(DRAIN.minusMillis(1));
    assertEquals(ShutdownPhase.DRAINING, shutdown.progress().phase());
    release.countDown();
    ShutdownReport report = shutdown.await(none());
    assertEquals(false, disturbed.get());
    assertTrue(report.isClean());
    assertEquals(1, report.drained());
    assertEquals(DRAIN.minusMillis(1), report.took());
    assertFalse(shutdown.hard().isCancelled());
  }

  /** At the limit for draining the hard token is cancelled, and who then ends was aborted. */
  @Test
  void at_the_limit_the_hard_token_is_cancelled() throws Exception {
    Shutdown shutdown = shutdown();
    Participant quick = shutdown.track("connection 6");
    Participant slow = shutdown.track("connection 7");
    shutdown.initiate("the test is over");
    reach(shutdown, ShutdownPhase.DRAINING);
    quick.close();
    time.advance(DRAIN.minusNanos(1));
    assertFalse(shutdown.hard().isCancelled());
    time.advance(Duration.ofNanos(1));
    shutdown.hard().await();
    var reason = shutdown.hard().reason().orElseThrow();
    assertInstanceOf(CancellationReason.Shutdown.class, reason);
    assertEquals("draining took longer than 10 s", reason.message());
    slow.close();
    ShutdownReport report = shutdown.await(none());
    assertEquals(1, report.drained());
    Leftover aborted = report.aborted().getFirst();
    assertEquals("connection 7", aborted.task());
    assertEquals(reason, aborted.reason());
    assertFalse(aborted.stack().isEmpty());
    assertEquals(1, report.aborted().size());
    assertEquals(List.of(), report.leftBehind());
    assertFalse(report.isClean());
  }

  /** Promise 22: the deaf are listed with name, reason and stack, and left behind on time. */
  @Test
  void promise22_promise25_the_deaf_are_listed_and_left_behind() throws Exception {
    Shutdown shutdown = shutdown();
    var begun = new CountDownLatch(1);
    Thread.ofVirtual()
        .name("worker 7")
        .start(
            () -> {
              try (Participant _ = shutdown.track("connection 7")) {
                begun.countDown();
                hang();
              }
            });
    begun.await();
    shutdown.initiate("the test is over");
    reach(shutdown, ShutdownPhase.DRAINING);
    time.advance(DRAIN);
    reach(shutdown, ShutdownPhase.ABORTING);
    time.advance(GRACE.minusNanos(1));
    assertEquals(ShutdownPhase.ABORTING, shutdown.progress().phase());
    time.advance(Duration.ofNanos(1));
    ShutdownReport report = shutdown.await(none());
    assertEquals(DRAIN.plus(GRACE), report.took());
    Leftover left = report.leftBehind().getFirst();
    assertEquals("connection 7", left.task());
    assertEquals("draining", left.phase());
    assertTrue(left.thread().startsWith("worker 7, virtual thread "), left.thread());
    assertSame(shutdown.hard().reason().orElseThrow(), left.reason());
    assertTrue(
        left.stack().stream().anyMatch(frame -> frame.getMethodName().equals("hang")),
        left::toString);
    assertEquals(0, report.drained() + report.aborted().size());
    // It is known until it ends.
    assertEquals(1, shutdown.unfinished().size());
    release.countDown();
    await().until(() -> shutdown.unfinished().isEmpty());
  }

  /** A grace of nothing leaves behind at once; a limit of nothing aborts at once. */
  @Test
  void limits_may_be_zero() throws Exception {
    Shutdown shutdown =
        shutdown(
            options ->
                options
                    .withStopLimit(Duration.ZERO)
                    .withDrainLimit(Duration.ZERO)
                    .withGrace(Duration.ZERO)
                    .withCloseLimit(Duration.ZERO));
    Participant work = shutdown.track("connection 7");
    shutdown.initiate("the test is over");
    assertEquals(1, shutdown.await(none()).leftBehind().size());
    work.close();
  }

  /** Thousands at once, each counted. */
  @Test
  void thousands_of_connections() throws Exception {
    Shutdown shutdown = shutdown();
    var names = new AtomicInteger();
    var open = new CountDownLatch(2_000);
    for (int i = 0; i < 2_000; i++) {
      int number = i;
      Thread.startVirtualThread(
          () -> {
            try (Participant _ =
                shutdown.track(
                    () -> {
                      names.incrementAndGet();
                      return "connection " + number;
                    })) {
              open.countDown();
              if (number % 100 == 0) {
                hang();
              } else {
                shutdown.soft().await();
              }
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
          });
    }
    open.await();
    assertEquals(2_000, shutdown.progress().left());
    assertEquals(0, names.get()); // nobody wanted to read one
    shutdown.initiate("the test is over");
    reach(shutdown, ShutdownPhase.DRAINING);
    await().until(() -> shutdown.progress().left() == 20);
    assertEquals(2_000, shutdown.progress().total());
    time.advance(DRAIN);
    reach(shutdown, ShutdownPhase.ABORTING);
    time.advance(GRACE);
    ShutdownReport report = shutdown.await(none());
    assertEquals(1_980, report.drained());
    assertEquals(20, report.leftBehind().size());
    assertTrue(
        report.leftBehind().stream()
            .allMatch(
                left ->
                    left.stack().stream().anyMatch(frame -> frame.getMethodName().equals("hang"))));
  }

  /** Work that goes on on another thread is shown there. */
  @Test
  void work_is_shown_on_the_thread_that_does_it() throws Exception {
    Shutdown shutdown = shutdown();
    Participant work = shutdown.track("connection 7");
    assertEquals(
        Thread.currentThread().getName() + ", thread " + Thread.currentThread().threadId(),
        shutdown.unfinished().getFirst().thread());
    var there = new CountDownLatch(1);
    Thread.ofPlatform()
        .name("worker")
        .start(
            () -> {
              try (Participant same = work.onThisThread()) {
                assertSame(work, same);
                there.countDown();
                hang();
              }
            });
    there.await();
    Leftover found = shutdown.unfinished().getFirst();
    assertTrue(found.thread().startsWith("worker, thread "), found.thread());
    assertEquals(null, found.reason());
    release.countDown();
    await().until(() -> shutdown.unfinished().isEmpty());
  }

  /** Closing twice is closing once, and leaves the others where they are. */
  @Test
  void work_ends_once() throws Exception {
    Shutdown shutdown = shutdown();
    Participant first = shutdown.track("first");
    Participant second = shutdown.track("second");
    Participant third = shutdown.track("third");
    second.close();
    second.close();
    assertEquals(2, shutdown.progress().left());
    assertEquals(
        List.of("first", "third"), shutdown.unfinished().stream().map(Leftover::task).toList());
    third.close();
    first.close();
    assertEquals(0, shutdown.progress().left());
  }

  /** Promise 14: nothing is kept of work that has ended, nor of an action that was taken back. */
  @Test
  void promise14_who_has_left_is_not_kept() throws Exception {
    Shutdown shutdown = shutdown();
    Participant stays = shutdown.track("stays");
    var gone = List.of(comeAndGo(shutdown::track), comeAndGo(name -> action(shutdown, name)));
    await()
        .until(
            () -> {
              System.gc();
              return gone.stream().allMatch(each -> each.get() == null);
            });
    assertEquals(1, shutdown.unfinished().size());
    stays.close();
  }

  private Participant action(Shutdown shutdown, String name) {
    return shutdown.onClose(name, says(name));
  }

  private static WeakReference<Participant> comeAndGo(Function<String, Participant> entry) {
    Participant gone = entry.apply("goes");
    gone.close();
    return new WeakReference<>(gone);
  }

  /** A name that cannot be made keeps nothing from being listed. */
  @Test
  void a_name_that_fails_is_listed_as_that() throws Exception {
    Shutdown shutdown = shutdown();
    Participant work =
        shutdown.track(
            () -> {
              throw new IllegalStateException("no name");
            });
    String name = shutdown.unfinished().getFirst().task();
    assertEquals("a participant whose name failed: java.lang.IllegalStateException: no name", name);
    work.close();
  }

  // ---- aborting ----

  /** To abort is to begin, and to cancel the hard token at once; the grace counts from there. */
  @Test
  void to_abort_is_to_begin_and_not_to_wait_for_the_drain() throws Exception {
    Shutdown shutdown = shutdown();
    Participant work = shutdown.track("connection 7");
    assertTrue(shutdown.abort("the operator has no time"));
    assertTrue(shutdown.soft().isCancelled());
    assertTrue(shutdown.hard().isCancelled());
    assertFalse(shutdown.abort("again"));
    assertEquals("the operator has no time", shutdown.hard().reason().orElseThrow().message());
    reach(shutdown, ShutdownPhase.ABORTING);
    time.advance(GRACE);
    ShutdownReport report = shutdown.await(none());
    assertEquals(GRACE, report.took());
    assertEquals(1, report.leftBehind().size());
    work.close();
    assertFalse(shutdown.abort("too late"));
  }

  /** While it drains, too; and its reason is that of the abort. */
  @Test
  void a_drain_can_be_cut_short() throws Exception {
    Shutdown shutdown = shutdown();
    Participant work = shutdown.track("connection 7");
    shutdown.initiate("the test is over");
    reach(shutdown, ShutdownPhase.DRAINING);
    assertTrue(shutdown.abort("the operator asked twice"));
    reach(shutdown, ShutdownPhase.ABORTING);
    work.close();
    ShutdownReport report = shutdown.await(none());
    assertEquals("the test is over", report.reason().message());
    assertEquals(1, report.aborted().size());
    assertEquals(Duration.ZERO, report.took());
  }

  /** Actions run all the same, in their order, and are told that there is no time. */
  @Test
  void an_abort_leaves_out_no_action() throws Exception {
    Shutdown shutdown = shutdown();
    shutdown.onStop("stop", this::hang);
    shutdown.onDrain("drain", says("drain"));
    shutdown.onClose("close", says("close"));
    shutdown.initiate("the test is over");
    reach(shutdown, ShutdownPhase.STOPPING);
    shutdown.abort("the operator asked twice");
    reach(shutdown, ShutdownPhase.ABORTING);
    release.countDown();
    shutdown.await(none());
    assertEquals(List.of("drain", "close"), events);
  }

  // ---- callbacks of the tokens ----

  /** A callback that throws is a failure in the report, and stops nothing. */
  @Test
  void a_callback_that_throws_is_reported() throws Exception {
    Shutdown shutdown = shutdown();
    shutdown
        .soft()
        .onCancel(
            () -> {
              throw new IllegalStateException("oh");
            });
    shutdown.onClose("close", says("close"));
    shutdown.initiate("the test is over");
    ShutdownReport report = shutdown.await(none());
    var failure = report.failures().getFirst();
    assertEquals("callbacks of the soft token", failure.name());
    assertInstanceOf(IllegalStateException.class, failure.thrown().getCause());
    assertEquals(List.of("close"), events);
  }

  /** A callback that hangs holds up nobody for longer than the limits, and is listed. */
  @Test
  void a_callback_that_hangs_is_left_behind() throws Exception {
    Shutdown shutdown = shutdown();
    shutdown.soft().onCancel(this::hang);
    var call = new FutureTask<>(() -> shutdown.initiate("the test is over"));
    Thread.startVirtualThread(call);
    assertTrue(call.get());
    reach(shutdown, ShutdownPhase.STOPPING);
    time.advance(STOP);
    reach(shutdown, ShutdownPhase.DRAINING);
    time.advance(DRAIN);
    reach(shutdown, ShutdownPhase.ABORTING);
    time.advance(GRACE);
    Leftover left = shutdown.await(none()).leftBehind().getFirst();
    assertEquals("callbacks of the soft token", left.task());
    assertTrue(
        left.stack().stream().anyMatch(frame -> frame.getMethodName().equals("hang")),
        left::toString);
  }

  // ---- time ----

  /** Limits without end never pass. */
  @Test
  void a_limit_may_be_endless() throws Exception {
    Shutdown shutdown =
        shutdown(options -> options.withDrainLimit(ChronoUnit.FOREVER.getDuration()));
    Participant work = shutdown.track("connection 7");
    shutdown.initiate("the test is over");
    reach(shutdown, ShutdownPhase.DRAINING);
    time.advance(Duration.ofDays(1000));
    assertEquals(ChronoUnit.FOREVER.getDuration(), shutdown.progress().remaining());
    work.close();
    assertTrue(shutdown.await(none()).isClean());
  }
}
