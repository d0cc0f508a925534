package dev.desist.contract;

import static dev.desist.CancellationToken.none;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Action;
import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Leftover;
import dev.desist.contract.SentencesTest.Says;
import dev.desist.shutdown.Laws;
import dev.desist.shutdown.Participant;
import dev.desist.shutdown.Shutdown;
import dev.desist.shutdown.ShutdownPhase;
import dev.desist.shutdown.ShutdownProgress;
import dev.desist.shutdown.ShutdownReport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/**
 * What the API documentation of {@code dev.desist.shutdown} and the guide's chapter on it say,
 * claim by claim, on manual time. What only a process of its own can show, such as signals and exit
 * codes, is with the tests of the package.
 */
@Says(
    of = Participant.class,
    value = "Never waits",
    by = "OfActions.closing_an_action_that_runs_does_not_wait_for_it")
@Says(
    of = ShutdownPhase.class,
    value = "The hard token is cancelled, and work in flight is to end at once",
    by = "ShutdownTest.at_the_limit_the_hard_token_is_cancelled")
@Says(
    of = Leftover.class,
    value = "null if it has not been",
    by = "OfWork.it_is_shown_on_the_thread_that_began_it_or_says_that_it_does_it")
@Says(
    of = ShutdownReport.class,
    value = {
      "ended before the hard token was cancelled",
      "those participants of the drain that ended after that: each with its stack just before the"
          + " hard token was cancelled"
    },
    by = "OfTelling.who_ended_after_the_hard_token_was_aborted_each_with_its_stack_before")
@Says(
    of = ShutdownReport.class,
    value = "who had not ended when its time was up, each with its stack as it was then",
    by = "ShutdownTest.promise22_promise25_the_deaf_are_listed_and_left_behind")
@Says(
    of = ShutdownReport.class,
    value = "of more than a thousand threads only the first thousand are looked at",
    by =
        "ShutdownProcessTest.promise25_a_hundred_thousand_that_one_thread_has_left_are_reported_in_time")
@Says(
    of = ShutdownReport.class,
    value = "the first twenty are named, and the stack is shown once",
    by = "ProgressTest.many_in_the_same_place_are_one_entry")
@Says(
    of = ShutdownReport.Failure.class,
    value = "What it threw does not keep the others from running",
    by = "ActionTest.an_action_that_throws_stops_no_other")
@Says(
    of = Shutdown.Configuration.class,
    value = {
      "How long the phases may take, and who is told",
      "how long work in flight may take before the hard token is cancelled",
      "how long work may go on after the hard token was cancelled, before it is listed and left"
          + " behind",
      "may take before they are listed and left behind"
    },
    by = {
      "OfPhases.the_sum_of_the_limits_is_the_longest_it_can_take",
      "ActionTest.closing_has_its_limit"
    })
@Says(
    of = Shutdown.Configuration.class,
    value =
        "reporter called once, on a daemon thread of this library, when all phases are over and"
            + " before Shutdown#await(CancellationToken) returns",
    by = {
      "OfTelling.the_reporter_is_called_once_before_await_returns",
      "OfActions.actions_callbacks_names_listener_and_reporter_run_on_daemons"
    })
@Says(
    of = Shutdown.Configuration.class,
    value =
        "gives the code, on a daemon thread of this library, just before the reporter is called",
    by = "ShutdownProcessTest.a_call_ends_the_process_with_the_code_of_the_options")
@Says(
    of = Shutdown.class,
    value = {
      "each within its time, and with a report of what did not end",
      "each when the one before has nothing left to wait for, or its limit has passed"
    },
    by = {
      "OfPhases.the_phases_follow_each_other_and_aborting_is_left_out_if_all_drained",
      "OfPhases.the_sum_of_the_limits_is_the_longest_it_can_take"
    })
@Says(of = Shutdown.class, value = "A shutdown begins once", by = "OfPhases.it_begins_once")
@Says(
    of = Shutdown.class,
    value = "Work in flight, which is all that is tracked and is not closed, comes to its end",
    by = {
      "OfWork.it_is_waited_for_until_closed_which_may_be_done_twice",
      "OfPhases.work_in_flight_is_not_disturbed_until_the_limit"
    })
@Says(
    of = Shutdown.class,
    value = {
      "The hard token is cancelled: end at once",
      "If all drains in time, it is not, unless somebody aborts"
    },
    by = {
      "ShutdownTest.at_the_limit_the_hard_token_is_cancelled",
      "ShutdownTest.work_in_flight_drains_undisturbed"
    })
@Says(
    of = Shutdown.class,
    value = {
      "What has not ended when the grace is over is listed with its stack, and left behind",
      "those that have not ended at the limit are listed and left behind, too"
    },
    by = {
      "ShutdownTest.promise22_promise25_the_deaf_are_listed_and_left_behind",
      "ActionTest.closing_has_its_limit"
    })
@Says(
    of = Shutdown.class,
    value = "is not a daemon, and runs no code of the user's",
    by = "OfActions.actions_callbacks_names_listener_and_reporter_run_on_daemons")
@Says(
    of = Shutdown.class,
    value = {
      "All methods may be called from any thread",
      "What a thread did before #initiate happens-before what the tokens say it does"
    },
    by = "ShutdownTest.of_many_that_begin_it_one_did")
@Says(
    of = Shutdown.class,
    value = "This is heard before the shutdown hooks of others run",
    by = "ShutdownProcessTest.terminate_drains_and_ends_with_zero")
@Says(
    of = Shutdown.class,
    value = "A third says what is left on System#err and halts the process at once",
    by = "ShutdownProcessTest.a_third_signal_halts")
@Says(
    of = Shutdown.class,
    value = "and the return of the last thread that is not a daemon, begin it too",
    by = {
      "ShutdownProcessTest.the_end_of_main_runs_the_shutdown",
      "ShutdownProcessTest.exit_runs_the_shutdown_and_keeps_its_code"
    })
@Says(
    of = Shutdown.class,
    value =
        "A participant whose thread has called exit, and so never comes back, is left behind at"
            + " once",
    by = "ShutdownProcessTest.work_that_answers_with_exit_is_left_behind_at_once")
@Says(
    of = Shutdown.class,
    value = "Under -Xrs, a signal ends the process at once, without a shutdown",
    by = "ShutdownProcessTest.without_signals_terminate_is_the_end")
@Says(
    of = Shutdown.class,
    value = "then the work must not",
    by = "OfWork.work_is_refused_once_it_has_begun_and_the_refusal_says_why")
@Says(
    of = Shutdown.class,
    value =
        "makes the name, on any thread, perhaps several times, and perhaps after the work has"
            + " ended",
    by = "OfWork.its_name_is_made_when_somebody_wants_to_read_it")
@Says(
    of = Shutdown.class,
    value = "the action will not be run",
    by = "OfActions.actions_are_taken_until_their_phase_begins_and_refused_then")
@Says(
    of = Shutdown.class,
    value = "Begins the shutdown if it has not, and cancels the hard token now",
    by = "OfPhases.when_abort_returns_both_are_and_it_tells_whether_it_was_this_call")
@Says(
    of = Shutdown.class,
    value = {
      "Waits until the shutdown is over, which it does not begin",
      "zero only asks",
      "empty if it is not over"
    },
    by = "OfTelling.waiting_begins_nothing_and_zero_only_asks")
@Says(
    of = Shutdown.class,
    value = {
      "what may end the wait, as the current token may",
      "if a token is or becomes cancelled, and the shutdown is not over"
    },
    by = "OfTelling.waiting_obeys_its_token_and_the_current_one_unless_it_is_over")
@Says(
    of = Participant.class,
    value = "A shutdown that has not begun keeps nothing of a closed participant",
    by = "ShutdownTest.promise14_who_has_left_is_not_kept")
@Says(
    of = Participant.class,
    value = {
      "All methods may be called from any thread",
      "What a thread did before it closed the participant of its work"
    },
    by = {
      "ShutdownTest.work_is_shown_on_the_thread_that_does_it",
      "OfWork.it_is_shown_on_the_thread_that_began_it_or_says_that_it_does_it"
    })
@Says(
    of = Participant.class,
    value = "Says that it is the calling thread that now does this work",
    by = "OfWork.it_is_shown_on_the_thread_that_began_it_or_says_that_it_does_it")
@Says(
    of = Participant.class,
    value = "if this is not a piece of work but an action",
    by = "ActionTest.an_action_is_not_moved_to_another_thread")
@Says(
    of = Participant.class,
    value = {
      "but while this one runs, also after the shutdown has begun, until the hard token is"
          + " cancelled",
      "if the shutdown has begun, and this does not run or the hard token is cancelled"
    },
    by = "OfWork.what_follows_from_it_is_begun_while_it_runs_and_the_hard_token_is_live")
@Says(
    of = Participant.class,
    value = "or that this action is not to run any more",
    by = "OfActions.an_action_that_was_taken_back_does_not_run_and_one_that_runs_is_waited_for")
@Says(
    of = Shutdown.class,
    value = {
      "for what happens before the end, see Participant",
      "To be called before the work begins",
      "For an application in a container, which goes before its process, there is #create",
      "Virtual threads are daemons, and do not keep a process alive"
    },
    advice = true)
@Says(
    of = Participant.class,
    value = {
      "close that of an action when the action is of no use any more",
      "Hand it on before you close this"
    },
    advice = true)
@Says(
    of = ShutdownPhase.class,
    value = "It has not begun: work is taken",
    by = "OfPhases.it_begins_once")
@SuppressWarnings({"NullAway", "try"}) // nulls are refused by name; closing twice is closing once
class ShutdownContractTest extends Laws {
  private static final Duration FOREVER = ChronoUnit.FOREVER.getDuration();

  private Shutdown shutdown = shutdown();

  private static void refusesNull(String name, Executable call) {
    assertEquals(name, assertThrows(NullPointerException.class, call).getMessage());
  }

  private static void refuses(String message, Executable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
  }

  private void reach(ShutdownPhase phase) {
    reach(shutdown, phase);
  }

  /** The life cycle. */
  @Nested
  class OfPhases {
    @Test
    void it_begins_once() throws Exception {
      assertEquals(ShutdownPhase.RUNNING, shutdown.progress().phase());
      assertTrue(shutdown.initiate("first"));
      assertFalse(shutdown.initiate("second"));
      shutdown.await(none());
      assertFalse(shutdown.initiate("third"));
      assertFalse(shutdown.abort("fourth"));
      assertEquals("first", shutdown.soft().reason().orElseThrow().message());
      assertEquals("first", shutdown.await(none()).reason().message());
    }

    @Test
    void when_initiate_returns_the_soft_token_is_cancelled_and_the_hard_one_is_not() {
      shutdown.initiate("over");
      assertTrue(shutdown.soft().isCancelled());
      assertFalse(shutdown.hard().isCancelled());
    }

    @Test
    void when_abort_returns_both_are_and_it_tells_whether_it_was_this_call() throws Exception {
      Participant work = shutdown.track("work");
      assertTrue(shutdown.abort("no time"));
      assertTrue(shutdown.soft().isCancelled() && shutdown.hard().isCancelled());
      assertFalse(shutdown.abort("still no time"));
      work.close();
      assertEquals(ShutdownPhase.OVER, over().progress().phase());
    }

    private Shutdown over() throws Exception {
      shutdown.await(none());
      return shutdown;
    }

    @Test
    void the_phases_follow_each_other_and_aborting_is_left_out_if_all_drained() throws Exception {
      var seen = new CopyOnWriteArrayList<ShutdownPhase>();
      shutdown.onStop("stop", () -> seen.add(shutdown.progress().phase()));
      shutdown.onDrain("drain", () -> seen.add(shutdown.progress().phase()));
      shutdown.onClose("close", () -> seen.add(shutdown.progress().phase()));
      shutdown.initiate("over");
      shutdown.await(none());
      assertEquals(
          List.of(ShutdownPhase.STOPPING, ShutdownPhase.DRAINING, ShutdownPhase.CLOSING), seen);
      assertFalse(shutdown.hard().isCancelled());
      assertEquals("draining", ShutdownPhase.DRAINING.toString());
      assertEquals(
          List.of("running", "stopping", "draining", "aborting", "closing", "over"),
          Arrays.stream(ShutdownPhase.values()).map(Object::toString).toList());
    }

    @Test
    void work_in_flight_is_not_disturbed_until_the_limit() throws Exception {
      var begun = new CountDownLatch(1);
      var seen = new AtomicReference<Boolean>();
      Thread.startVirtualThread(
          () -> {
            try (Participant _ = shutdown.track("work")) {
              begun.countDown();
              hang();
              seen.set(Thread.interrupted() || shutdown.hard().isCancelled());
            }
          });
      begun.await();
      shutdown.initiate("over");
      reach(ShutdownPhase.DRAINING);
      time.advance(DRAIN.minusNanos(1));
      release.countDown();
      assertTrue(shutdown.await(none()).isClean());
      assertEquals(false, seen.get());
    }

    @Test
    void the_sum_of_the_limits_is_the_longest_it_can_take() throws Exception {
      Participant work = shutdown.track("work");
      shutdown.onStop("stop", ShutdownContractTest.this::hang);
      shutdown.onDrain("drain", ShutdownContractTest.this::hang);
      shutdown.onClose("close", ShutdownContractTest.this::hang);
      shutdown.soft().onCancel(ShutdownContractTest.this::hang);
      shutdown.hard().onCancel(ShutdownContractTest.this::hang);
      shutdown.initiate("over");
      reach(ShutdownPhase.STOPPING);
      time.advance(STOP);
      reach(ShutdownPhase.DRAINING);
      time.advance(DRAIN);
      reach(ShutdownPhase.ABORTING);
      time.advance(GRACE);
      reach(ShutdownPhase.CLOSING);
      time.advance(CLOSE);
      ShutdownReport report = shutdown.await(none());
      assertEquals(Duration.ofSeconds(20), report.took());
      assertEquals(
          List.of(
              "callbacks of the hard token",
              "callbacks of the soft token",
              "close",
              "drain",
              "stop",
              "work"),
          report.leftBehind().stream().map(Leftover::task).sorted().toList());
      assertFalse(report.isClean());
      work.close();
    }

    @Test
    void an_abort_during_closing_leaves_closing_its_time() throws Exception {
      shutdown.onClose("close", ShutdownContractTest.this::hang);
      shutdown.initiate("over");
      reach(ShutdownPhase.CLOSING);
      assertTrue(shutdown.abort("no time"));
      time.advance(CLOSE.minusNanos(1));
      assertEquals(ShutdownPhase.CLOSING, shutdown.progress().phase());
      release.countDown();
      assertTrue(shutdown.await(none()).isClean());
    }

    @Test
    void it_belongs_to_the_time_source_in_use_where_it_was_made() throws Exception {
      Participant work = shutdown.track("work");
      shutdown.initiate("over"); // on system time
      reach(ShutdownPhase.DRAINING);
      assertEquals(DRAIN, shutdown.progress().remaining());
      work.close();
      assertEquals(Duration.ZERO, shutdown.await(none()).took());
    }

    @Test
    void a_part_ends_with_the_whole() throws Exception {
      Shutdown part = shutdown();
      part.onClose("store of the part", says("part"));
      shutdown.onDrain(
          "part",
          () -> {
            part.initiate("the whole ends");
            part.await(none());
          });
      shutdown.onClose("store", says("whole"));
      shutdown.initiate("over");
      assertTrue(shutdown.await(none()).isClean());
      assertEquals(List.of("part", "whole"), events);
    }
  }

  /** Actions, callbacks, and which thread runs what. */
  @Nested
  class OfActions {
    @Test
    void closing_an_action_that_runs_does_not_wait_for_it() throws Exception {
      var runs = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      Participant action =
          shutdown.onStop(
              "listener",
              () -> {
                runs.countDown();
                release.await();
                events.add("ended");
              });
      shutdown.initiate("over");
      runs.await();
      action.close();
      assertEquals(List.of(), events); // and it runs on
      reach(ShutdownPhase.STOPPING);
      release.countDown();
      shutdown.await(none());
      assertEquals(List.of("ended"), events);
    }

    @Test
    void an_action_that_throws_is_listed_and_stops_nothing_else() throws Exception {
      var thrown = new IOException("in use");
      shutdown.onStop(
          "listener",
          () -> {
            throw thrown;
          });
      shutdown.onStop("other", says("other"));
      shutdown.onClose("store", says("store"));
      shutdown.initiate("over");
      ShutdownReport report = shutdown.await(none());
      assertEquals(
          List.of(new ShutdownReport.Failure("listener", ShutdownPhase.STOPPING, thrown)),
          report.failures());
      assertEquals(List.of("other", "store"), events);
      assertFalse(report.isClean());
    }

    @Test
    void the_current_token_of_an_action_is_cancelled_when_its_time_is_up() throws Exception {
      Action<?> untilTold =
          () -> {
            Cancellation.current().await();
            events.add(Cancellation.current().reason().orElseThrow().getClass().getSimpleName());
          };
      shutdown.onStop("stop", untilTold);
      shutdown.onDrain("drain", untilTold);
      shutdown.onClose("close", untilTold);
      shutdown.initiate("over");
      reach(ShutdownPhase.STOPPING);
      time.advance(STOP);
      reach(ShutdownPhase.DRAINING);
      await().until(() -> events.size() == 1);
      time.advance(DRAIN);
      reach(ShutdownPhase.CLOSING);
      time.advance(CLOSE);
      shutdown.await(none());
      await().until(() -> events.size() == 3);
      assertEquals(List.of("DeadlineExceeded", "Shutdown", "DeadlineExceeded"), events);
    }

    @Test
    void actions_callbacks_names_listener_and_reporter_run_on_daemons() throws Exception {
      shutdown =
          shutdown(
              options ->
                  options
                      .withProgress(Duration.ofDays(1), _ -> sayThread("listener"))
                      .withReporter(_ -> sayThread("reporter"))
                      .withExitCode(
                          _ -> {
                            sayThread("code");
                            return 0;
                          }));
      var conductor = new AtomicReference<Thread>();
      shutdown.soft().onCancel(() -> sayThread("callback"));
      shutdown.onClose(
          "close",
          () -> {
            sayThread("action");
            conductor.set(
                Thread.getAllStackTraces().keySet().stream()
                    .filter(each -> each.getName().equals("desist-shutdown"))
                    .findAny()
                    .orElseThrow());
          });
      Participant work =
          shutdown.track(
              () -> {
                sayThread("name");
                return "work";
              });
      shutdown.abort("over");
      reach(ShutdownPhase.ABORTING);
      time.advance(GRACE);
      shutdown.await(none());
      work.close();
      assertFalse(conductor.get().isDaemon() || conductor.get().isVirtual());
      await().until(() -> events.contains("listener: daemon"));
      assertEquals(
          List.of(
              "action: daemon",
              "callback: daemon",
              "code: daemon",
              "listener: daemon",
              "name: daemon",
              "reporter: daemon"),
          events.stream().distinct().sorted().toList());
      assertTrue(events.indexOf("code: daemon") < events.indexOf("reporter: daemon"));
    }

    private void sayThread(String what) {
      Thread thread = Thread.currentThread();
      events.add(
          what
              + (thread.isDaemon() && thread.getName().startsWith("desist-worker-")
                  ? ": daemon"
                  : ": " + thread));
    }

    @Test
    void actions_are_taken_until_their_phase_begins_and_refused_then() throws Exception {
      Participant work = shutdown.track("work");
      shutdown.initiate("over");
      reach(ShutdownPhase.DRAINING);
      assertThrows(CancelledException.class, () -> shutdown.onStop("late", says("late")));
      assertThrows(CancelledException.class, () -> shutdown.onDrain("late", says("late")));
      shutdown.onClose("in time", says("in time"));
      work.close();
      shutdown.await(none());
      var late =
          assertThrows(CancelledException.class, () -> shutdown.onClose("late", says("late")));
      assertEquals("over", late.reason().message());
      assertEquals(List.of("in time"), events);
    }

    @Test
    void an_action_that_was_taken_back_does_not_run_and_one_that_runs_is_waited_for()
        throws Exception {
      shutdown.onStop("taken back", says("taken back")).close();
      var inside = new CountDownLatch(1);
      Participant runs =
          shutdown.onStop(
              "runs",
              () -> {
                inside.countDown();
                hang();
                events.add("ran");
              });
      shutdown.initiate("over");
      inside.await();
      runs.close();
      runs.close();
      assertEquals(ShutdownPhase.STOPPING, shutdown.progress().phase());
      release.countDown();
      shutdown.await(none());
      assertEquals(List.of("ran"), events);
    }

    @Test
    void a_stopping_action_that_outlasts_its_limit_is_waited_for_with_the_work() throws Exception {
      shutdown.onStop("stop", ShutdownContractTest.this::hang);
      shutdown.initiate("over");
      reach(ShutdownPhase.STOPPING);
      time.advance(STOP);
      reach(ShutdownPhase.DRAINING);
      assertEquals(1, shutdown.progress().left());
      release.countDown();
      assertTrue(shutdown.await(none()).isClean());
    }
  }

  /** Work in flight. */
  @Nested
  class OfWork {
    @Test
    void work_is_refused_once_it_has_begun_and_the_refusal_says_why() throws Exception {
      shutdown.initiate("the operator asked");
      var refused = assertThrows(CancelledException.class, () -> shutdown.track("late"));
      assertEquals("the operator asked", refused.reason().message());
      assertThrows(CancelledException.class, () -> shutdown.track(() -> "late"));
      assertEquals(0, shutdown.await(none()).drained());
    }

    @Test
    void it_is_waited_for_until_closed_which_may_be_done_twice() throws Exception {
      Participant first = shutdown.track("first");
      Participant second = shutdown.track("second");
      first.close();
      first.close();
      shutdown.initiate("over");
      reach(ShutdownPhase.DRAINING);
      assertEquals(Optional.empty(), shutdown.await(none(), Duration.ZERO));
      second.close();
      second.close();
      assertEquals(1, shutdown.await(none()).drained()); // the first had ended before it began
    }

    @Test
    void its_name_is_made_when_somebody_wants_to_read_it() throws Exception {
      Participant work = shutdown.track(() -> events.add("named") ? "work" : "");
      shutdown.initiate("over");
      reach(ShutdownPhase.DRAINING);
      assertEquals(List.of(), events);
      assertEquals("work", shutdown.unfinished().getFirst().task());
      work.close();
      shutdown.await(none());
      assertEquals(List.of("named"), events);
    }

    @Test
    void it_is_shown_on_the_thread_that_began_it_or_says_that_it_does_it() throws Exception {
      Participant work = shutdown.track("work");
      String mine = "thread " + Thread.currentThread().threadId();
      assertTrue(shutdown.unfinished().getFirst().thread().endsWith(mine));
      var moved = new CountDownLatch(1);
      Thread.ofVirtual()
          .name("worker")
          .start(
              () -> {
                assertSame(work, work.onThisThread());
                moved.countDown();
                hang();
                work.close();
              });
      moved.await();
      await()
          .until(
              () ->
                  shutdown.unfinished().getFirst().stack().stream()
                      .anyMatch(at -> at.getMethodName().equals("hang")));
      Leftover there = shutdown.unfinished().getFirst();
      assertTrue(there.thread().startsWith("worker, virtual thread "), there.thread());
      assertEquals("draining", there.phase());
      assertSame(null, there.reason());
      assertThrows(IllegalStateException.class, shutdown.onClose("close", says(""))::onThisThread);
    }

    @Test
    void what_follows_from_it_is_begun_while_it_runs_and_the_hard_token_is_live() throws Exception {
      Participant job = shutdown.track("job");
      shutdown.initiate("over");
      reach(ShutdownPhase.DRAINING);
      Participant next = job.track("next");
      job.close();
      assertThrows(CancelledException.class, () -> job.track("too late"));
      try (Participant last = next.track(() -> "last")) {
        next.close();
        time.advance(DRAIN);
        reach(ShutdownPhase.ABORTING);
        var refused = assertThrows(CancelledException.class, () -> last.track("too late"));
        assertEquals(shutdown.hard().reason().orElseThrow(), refused.reason());
      }
      ShutdownReport report = shutdown.await(none());
      assertEquals(2, report.drained());
      assertEquals("last", report.aborted().getFirst().task());
    }

    @Test
    void an_action_that_drains_may_begin_work_but_one_that_stops_or_closes_may_not()
        throws Exception {
      var drain = new AtomicReference<Participant>();
      drain.set(
          shutdown.onDrain(
              "drain",
              () -> {
                Participant next = Objects.requireNonNull(drain.get()).track("next");
                Thread.startVirtualThread(
                    () -> {
                      try (next) {
                        hang();
                        events.add("next");
                      }
                    });
              }));
      Participant close = shutdown.onClose("close", says("close"));
      assertThrows(IllegalStateException.class, () -> close.track("next"));
      assertThrows(
          IllegalStateException.class, () -> shutdown.onStop("s", says("")).track(() -> "next"));
      shutdown.initiate("over");
      await().until(() -> shutdown.unfinished().stream().anyMatch(u -> u.task().equals("next")));
      release.countDown();
      assertTrue(shutdown.await(none()).isClean());
      assertEquals(List.of("", "next", "close"), events);
    }

    @Test
    void those_that_were_left_behind_are_unfinished_until_they_end() throws Exception {
      Participant work = shutdown.track("work");
      shutdown.abort("over");
      reach(ShutdownPhase.ABORTING);
      time.advance(GRACE);
      shutdown.await(none());
      assertEquals("work", shutdown.unfinished().getFirst().task());
      work.close();
      assertEquals(List.of(), shutdown.unfinished());
    }
  }

  /** Waiting, progress, report. */
  @Nested
  class OfTelling {
    @Test
    void waiting_begins_nothing_and_zero_only_asks() throws Exception {
      assertEquals(Optional.empty(), shutdown.await(none(), Duration.ZERO));
      Thread.currentThread().interrupt();
      assertThrows(InterruptedException.class, () -> shutdown.await(none()));
      assertFalse(shutdown.soft().isCancelled());
      refuses(
          "timeout must not be negative: PT-1S",
          () -> shutdown.await(none(), Duration.ofSeconds(-1)));
    }

    @Test
    void waiting_obeys_its_token_and_the_current_one_unless_it_is_over() throws Exception {
      var mine = CancellationSource.create("mine");
      var outer = CancellationSource.create("outer");
      waitsUntilCancelled(mine, mine, outer);
      waitsUntilCancelled(outer, CancellationSource.create("mine"), outer);
      shutdown.initiate("over");
      shutdown.await(none());
      assertEquals("over", shutdown.await(outer.token()).reason().message());
    }

    private void waitsUntilCancelled(
        CancellationSource ends, CancellationSource mine, CancellationSource outer) {
      Thread waiting = Thread.currentThread();
      Thread.startVirtualThread(
          () -> {
            await().until(() -> waiting.getState() == Thread.State.WAITING);
            ends.cancel("no more");
          });
      var thrown =
          assertThrows(
              CancelledException.class,
              () -> Cancellation.call(outer.token(), () -> shutdown.await(mine.token())));
      assertEquals("no more", thrown.reason().message());
      assertThrows(
          CancelledException.class, () -> shutdown.await(ends.token(), Duration.ofDays(1)));
    }

    @Test
    void progress_counts_what_the_phase_waits_for() throws Exception {
      Participant work = shutdown.track("work");
      assertEquals(
          new ShutdownProgress("relay", ShutdownPhase.RUNNING, 1, 1, FOREVER), shutdown.progress());
      Participant more = shutdown.track("more");
      shutdown.initiate("over");
      reach(ShutdownPhase.DRAINING);
      more.close();
      assertEquals(
          new ShutdownProgress("relay", ShutdownPhase.DRAINING, 1, 2, DRAIN), shutdown.progress());
      work.close();
      shutdown.await(none());
      assertEquals(
          new ShutdownProgress("relay", ShutdownPhase.OVER, 0, 0, FOREVER), shutdown.progress());
    }

    @Test
    void the_reporter_is_called_once_before_await_returns() throws Exception {
      var told = new CopyOnWriteArrayList<ShutdownReport>();
      shutdown = shutdown(options -> options.withReporter(told::add));
      shutdown.initiate("over");
      assertEquals(List.of(shutdown.await(none())), told);
    }

    @Test
    void by_default_the_report_goes_to_what_System_err_is_then() throws Exception {
      PrintStream before = System.err;
      var bytes = new ByteArrayOutputStream();
      try {
        System.setErr(new PrintStream(bytes, true, UTF_8));
        shutdown = loud(UnaryOperator.identity());
        shutdown.initiate("over");
        shutdown.await(none());
      } finally {
        System.setErr(before);
      }
      assertTrue(bytes.toString(UTF_8).contains("relay is shut down, because over: clean"));
    }

    @Test
    void a_report_is_clean_if_nothing_was_aborted_failed_or_was_left_behind() {
      var why = CancellationReason.shutdown("over");
      var one = new Leftover("x", "r", "draining", "thread 1", why, Duration.ZERO, true, List.of());
      var failed = new ShutdownReport.Failure("x", ShutdownPhase.CLOSING, new Error("x"));
      Duration zero = Duration.ZERO;
      List<Leftover> none = List.of();
      assertTrue(new ShutdownReport("r", why, zero, 1, none, List.of(), none).isClean());
      assertFalse(new ShutdownReport("r", why, zero, 1, List.of(one), List.of(), none).isClean());
      assertFalse(new ShutdownReport("r", why, zero, 1, none, List.of(failed), none).isClean());
      assertFalse(new ShutdownReport("r", why, zero, 1, none, List.of(), List.of(one)).isClean());
      var mutable = new ArrayList<Leftover>();
      var report = new ShutdownReport("r", why, zero, 1, mutable, List.of(), mutable);
      mutable.add(one);
      assertTrue(report.isClean());
    }

    @Test
    void who_ended_after_the_hard_token_was_aborted_each_with_its_stack_before() throws Exception {
      Participant work = shutdown.track("work");
      shutdown.initiate("over");
      reach(ShutdownPhase.DRAINING);
      time.advance(DRAIN);
      reach(ShutdownPhase.ABORTING);
      work.close();
      ShutdownReport report = shutdown.await(none());
      Leftover aborted = report.aborted().getFirst();
      assertEquals(shutdown.hard().reason().orElseThrow(), aborted.reason());
      assertFalse(aborted.stack().isEmpty());
      assertEquals(0, report.drained());
      assertTrue(report.leftBehind().isEmpty());
    }
  }

  /** What is refused. */
  @Nested
  class OfArguments {
    @Test
    void nulls_are_named_and_nothing_has_happened() {
      refusesNull("name", () -> Shutdown.create(null));
      refusesNull("configure", () -> Shutdown.create("x", null));
      refusesNull("name", () -> Shutdown.ofProcess(null));
      refusesNull("configure", () -> Shutdown.ofProcess("x", null));
      refusesNull("name", () -> shutdown.track((String) null));
      refusesNull("name", () -> shutdown.track((Supplier<String>) null));
      refusesNull("name", () -> shutdown.onStop(null, says("")));
      refusesNull("action", () -> shutdown.onStop("x", null));
      refusesNull("name", () -> shutdown.onDrain(null, says("")));
      refusesNull("action", () -> shutdown.onDrain("x", null));
      refusesNull("name", () -> shutdown.onClose(null, says("")));
      refusesNull("action", () -> shutdown.onClose("x", null));
      refusesNull("why", () -> shutdown.initiate(null));
      refusesNull("why", () -> shutdown.abort(null));
      refusesNull("timeout", () -> shutdown.await(none(), null));
      refusesNull("token", () -> shutdown.await(null));
      refusesNull("token", () -> shutdown.await(null, Duration.ZERO));
      assertFalse(shutdown.soft().isCancelled() || shutdown.hard().isCancelled());
      assertEquals(0, shutdown.progress().left());
      Participant work = shutdown.track("work");
      refusesNull("name", () -> work.track((String) null));
      refusesNull("name", () -> work.track((Supplier<String>) null));
    }

    @Test
    void options_are_checked_and_never_changed() {
      var options = defaults();
      Duration second = Duration.ofSeconds(1);
      assertEquals(
          "Configuration[stop PT2S, drain PT10S, grace PT5S, close PT3S]", options.toString());
      assertNotSame(options, options.withStopLimit(second));
      refusesNull("limit", () -> options.withStopLimit(null));
      refusesNull("limit", () -> options.withDrainLimit(null));
      refusesNull("grace", () -> options.withGrace(null));
      refusesNull("limit", () -> options.withCloseLimit(null));
      refusesNull("reporter", () -> options.withReporter(null));
      refusesNull("exitCode", () -> options.withExitCode(null));
      refusesNull("every", () -> options.withProgress(null, _ -> {}));
      refusesNull("listener", () -> options.withProgress(second, null));
      refuses("limit must not be negative: PT-1S", () -> options.withStopLimit(second.negated()));
      refuses("limit must not be negative: PT-1S", () -> options.withDrainLimit(second.negated()));
      refuses("grace must not be negative: PT-1S", () -> options.withGrace(second.negated()));
      refuses("limit must not be negative: PT-1S", () -> options.withCloseLimit(second.negated()));
      refuses(
          "every must be at least a millisecond: PT0.000999999S",
          () -> options.withProgress(Duration.ofNanos(999_999), _ -> {}));
      assertEquals(
          "Configuration[stop PT1S, drain PT1S, grace PT1S, close PT1S]",
          options
              .withStopLimit(second)
              .withDrainLimit(second)
              .withGrace(second)
              .withCloseLimit(second)
              .toString());
      assertEquals(
          "Configuration[stop PT2S, drain PT10S, grace PT5S, close PT3S]", options.toString());
    }

    @Test
    void a_limit_longer_than_146_years_is_none() throws Exception {
      shutdown = shutdown(options -> options.withDrainLimit(FOREVER).withStopLimit(FOREVER));
      Participant work = shutdown.track("work");
      shutdown.initiate("over");
      reach(ShutdownPhase.DRAINING);
      time.advance(Duration.ofDays(10_000));
      assertEquals(FOREVER, shutdown.progress().remaining());
      work.close();
      assertTrue(shutdown.await(none()).isClean());
    }

    @Test
    void records_have_all_their_parts() {
      refusesNull(
          "name", () -> new ShutdownProgress(null, ShutdownPhase.OVER, 0, 0, Duration.ZERO));
      refusesNull("phase", () -> new ShutdownProgress("x", null, 0, 0, Duration.ZERO));
      refusesNull("remaining", () -> new ShutdownProgress("x", ShutdownPhase.OVER, 0, 0, null));
      refusesNull(
          "thread",
          () -> new Leftover("x", null, null, null, null, Duration.ZERO, false, List.of()));
      refusesNull("thrown", () -> new ShutdownReport.Failure("x", ShutdownPhase.OVER, null));
    }

    @Test
    void the_tokens_cannot_cancel() {
      CancellationToken soft = shutdown.soft();
      assertSame(soft, shutdown.soft());
      assertTrue(soft.canBeCancelled() && shutdown.hard().canBeCancelled());
    }
  }
}
