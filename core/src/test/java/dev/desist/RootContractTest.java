package dev.desist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.contract.SentencesTest.Says;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The documentation of the root package, sentence by sentence: whatever a public type says that it
 * may, never, always, once or at once does, in the words in which it says so.
 */
@Says(
    of = CancellationToken.class,
    value = "Once true, true for ever",
    by = "CancellationTokenTest.promise1_the_first_canceller_wins_and_its_reason_stays")
@Says(
    of = CancellationToken.class,
    value = "Before the first callback of a cancelled tree runs",
    by = {
      "CancellationTokenTest.promise3_flags_come_first",
      "TreeTest.promise3_flags_reach_through_links_before_any_callback"
    })
@Says(
    of = Cancellation.class,
    value = "Only #shielded(Action) hides it",
    by = {
      "AmbientTest.the_outer_token_is_never_lost",
      "AmbientTest.none_does_not_hide_the_outer_token",
      "AmbientTest.a_shield_hides_the_outer_token_and_ends"
    })
@Says(
    of = Cancellation.class,
    value = "Only the forks of a StructuredTaskScope of the JDK's",
    advice = true)
@Says(
    of = CancellationSource.class,
    value = "Always the same one",
    by = "OfCancellationSource.its_token_is_always_the_same_one")
@Says(
    of = Diagnostics.class,
    value = "neither cancelled nor closed before they became unreachable, are reported",
    by = {
      "DiagnosticsTest.a_forgotten_child_is_reported_though_nobody_makes_another_source",
      "DiagnosticsTest.so_are_one_whose_parent_went_with_it_and_a_linked_one"
    })
@Says(
    of = Diagnostics.class,
    value = "What this library makes for itself is not reported",
    by = "DiagnosticsTest.what_the_library_made_for_itself_is_not_reported")
@Says(
    of = Cancellation.class,
    value = "It does not travel to other threads by itself",
    by = "OfCancellation.the_current_token_is_seen_on_the_same_thread_and_not_on_others")
@Says(
    of = Cancellation.class,
    value = "The token that was current before is not lost",
    by = {
      "AmbientTest.the_outer_token_is_never_lost",
      "AmbientTest.none_does_not_hide_the_outer_token"
    })
@Says(
    of = Cancellation.class,
    value = {
      "so that it does not see the current token",
      "When the shield ends, the outer token is seen again, cancelled or not"
    },
    by = "AmbientTest.a_shield_hides_the_outer_token_and_ends")
@Says(
    of = Cancellation.class,
    value = "Nor does an interrupt of this library come in",
    by = "ProtectionTest.promise22_clean_up_that_is_protected_is_not_cut_short")
@Says(
    of = Cancellation.class,
    value = "Interrupts that others send are not held back",
    by = "BlockingTest.promise18_a_foreign_interrupt_is_not_held_back")
@Says(
    of = Cancellation.class,
    value = {
      "what asks the current token once in stride steps",
      "what asks token once in stride steps",
      "if the stride is not positive"
    },
    by = {
      "StrideTest.the_first_step_asks_and_then_every_nth",
      "StrideTest.it_obeys_the_current_token",
      "StrideTest.misuse_names_the_rule_and_the_value"
    })
@Says(
    of = Cancellation.class,
    value = {
      "Sleeps, but not on after the current token is cancelled",
      "Sleeps, but not on after token, or the current token, is cancelled"
    },
    by = {
      "AmbientTest.sleep_sleeps_and_stops",
      "AmbientTest.sleep_on_a_cancelled_token_throws_at_once_even_for_zero",
      "CurrentWithTest.sleep_obeys_the_token_that_it_is_given_and_the_current_one"
    })
@Says(
    of = Cancellation.class,
    value = "A callback on it is handed over before any other callback runs",
    by = "CallbackTest.the_dispatcher_is_told_before_slow_callbacks_run")
@Says(
    of = Cancellation.class,
    value = {
      "Its threads are platform threads, daemons, made when needed, 256 at most",
      "the executor for callbacks that may block"
    },
    by = {
      "OfCancellation.the_dispatcher_has_daemon_platform_threads",
      "OfCancellation.the_dispatcher_has_256_threads_at_most"
    })
@Says(
    of = CancelledException.class,
    value = "It carries names and the reason, never a live task, thread or token",
    by = "OfTheExceptions.they_never_carry_a_live_task_thread_or_token")
@Says(
    of = CancelledException.class,
    value = "if the token is not cancelled",
    by = "OfTheExceptions.they_are_made_only_of_a_token_that_is_cancelled")
@Says(
    of = CancelledException.class,
    value = {
      "That is the first cause that is not one of the wrappers",
      "It looks through these wrappers alone"
    },
    by = "OfTheExceptions.unwrap_looks_through_the_wrappers_of_futures_and_streams_alone")
@Says(
    of = CancelledException.class,
    value = "A TimeoutException is none, whatever its cause",
    by = "OfTheExceptions.find_looks_through_everything_but_a_timeout")
@Says(
    of = Outcome.class,
    value = "an interrupt is addressed to the thread, and is not the task's result",
    by = "OutcomeTest.an_interrupt_is_not_an_outcome")
@Says(
    of = Outcome.Cancelled.class,
    value = "The task was cancelled, before it began or while it ran",
    by = {"OfState.the_states", "OutcomeTest.a_cancellation_keeps_its_reason"})
@Says(
    of = Disposer.class,
    value =
        "it may throw checked exceptions, so that Connection::close or InputStream::close is one",
    by = {
      "TasksTest.a_disposer_that_throws_does_no_harm",
      "ScopeUnderAttackTest.a_disposer_that_throws_an_error_keeps_nothing_from_being_disposed_of"
    })
@Says(
    of = CancellationCallbackException.class,
    value = "this is thrown after all of them",
    by = "OfCancellationSource.if_callbacks_fail_cancel_throws_after_all_of_them_have_run")
@Says(
    of = Stride.class,
    value = {
      "Asks a token once in so many steps",
      "once the token was found cancelled, each step finds it so",
      "A loop thus makes at most n - 1 steps after a cancellation"
    },
    by = "OfStride.the_first_step_asks_then_every_nth_and_once_cancelled_each")
@Says(
    of = Stride.class,
    value = {
      "#isCancelled() and #blockEnd do not throw",
      "What it has made of the steps before stays with the caller"
    },
    by = "OfStride.blockEnd_does_not_throw_when_cancelled")
@Says(
    of = Stride.class,
    value = {
      "Asks the token, and tells how far to go before it is to be asked again",
      "the first index that has not been dealt with",
      "the end of all, which is not dealt with itself"
    },
    by = {
      "StrideTest.blocks_cover_everything_once",
      "StrideTest.a_stride_longer_than_the_range_is_one_block"
    })
@Says(
    of = CancellationSource.class,
    value = "Owns the right to cancel: hands out one CancellationToken, and cancels it, once",
    by = {
      "OfCancellationSource.hands_out_one_token_always_the_same",
      "OfCancellationSource.cancels_once_the_first_wins_and_its_reason_stays"
    })
@Says(
    of = CancellationSource.class,
    value =
        "When another call was first, it returns at once, while that call may still be running"
            + " callbacks",
    by = "OfCancellationSource.when_another_call_was_first_it_returns_at_once")
@Says(
    of = CancellationSource.class,
    value = "All methods may be called from any thread",
    by = {
      "OfCancellationSource.when_another_call_was_first_it_returns_at_once",
      "CallbackTest.promise8_a_callback_runs_on_the_cancelling_thread"
    })
@Says(
    of = CancellationSource.class,
    value = "cancel and close throw a CancellationCallbackException after all of them have run",
    by = "OfCancellationSource.if_callbacks_fail_cancel_throws_after_all_of_them_have_run")
@Says(
    of = CancellationSource.class,
    value = "Repeated parents count once and CancellationToken#none() not at all",
    by = "OfCancellationSource.linked_repeated_parents_count_once_and_none_not_at_all")
@Says(
    of = CancellationSource.class,
    value =
        "If another call was first it is complete, and does not tell when that call's callbacks"
            + " end",
    by = "OfCancellationSource.cancelAsync_runs_no_callback_on_the_calling_thread")
@Says(
    of = TimeSource.class,
    value = {"and then need not sleep", "only differences mean something"},
    by = "DeadlineTest.promise17_waits_run_on_manual_time_on_any_thread")
@Says(
    of = TimeSource.class,
    value = "and not while a lock of this library is held",
    by = "OfTimeSource.it_is_called_while_no_lock_is_held")
@Says(
    of = TimeSource.class,
    value = "Runs task once when #nanoTime() has reached nanoTime",
    by = "OfTimeSource.a_timers_task_runs_once_and_not_if_it_was_cancelled")
@Says(
    of = TimeSource.class,
    value = {
      "Tasks given by this library are quick, do not block and do not throw",
      "on a thread other than the timer's own"
    },
    by = "DeadlineTest.the_machines_timer_fires_and_survives_what_callbacks_do")
@Says(
    of = TimeSource.class,
    value = "may also return for no reason",
    by = "WaitTest.a_stray_unpark_does_not_end_a_wait")
@Says(
    of = CancellationReason.class,
    value =
        "They are values: two are equal if all they say is, also after one was sent to another"
            + " process and back",
    by = "SerializationTest.reasons_are_equal_to_themselves_after_any_journey")
@Says(
    of = CancellationReason.class,
    value = "the reason of a contestant that was not first",
    by = "TasksTest.a_race_gives_the_first_value_and_the_loser_has_ended_with_the_reason")
@Says(
    of = CancellationRegistration.class,
    value = {
      "#unregister() never waits: it says whether it came in time",
      "Never waits.",
      "Makes sure that the callback does not run, if it is not too late",
      "true if this call made sure that the callback never runs",
      "false if it has run, is running, had been unregistered or closed before"
    },
    by = {
      "OfCancellationRegistration.unregister_never_waits_and_says_whether_it_came_in_time",
      "OfCancellationRegistration.on_none_unregister_is_false"
    })
@Says(
    of = CancellationRegistration.class,
    value = {
      "there it comes back only when the callback is not running and never will",
      "Makes sure that the callback does not run any more"
    },
    by =
        "OfCancellationRegistration.close_comes_back_only_when_the_callback_is_not_running_and_never_will")
@Says(
    of = CancellationRegistration.class,
    value = {
      "Every method may be called from any thread, any number of times, also from inside the"
          + " callback",
      "Called by the callback itself, it does not wait"
    },
    by = {
      "OfCancellationRegistration.called_by_the_callback_itself_close_does_not_wait",
      "CallbackTest.promise10_a_callback_may_do_anything"
    })
@Says(
    of = CancellationRegistration.class,
    value =
        "What a callback did happens-before the return of a #close() that found it finished or"
            + " waited for it",
    by = "CallbackTest.promise10_unregister_does_not_wait_and_close_does")
@Says(
    of = CancellationRegistration.class,
    value = "nor does it when waiting could never end",
    by = {
      "CallbackTest.promise10_two_callbacks_that_close_each_other_do_not_deadlock",
      "CallbackTest.promise10_a_circle_of_three_does_not_deadlock"
    })
@Says(
    of = CancellationToken.class,
    value = {
      "#none() is never cancelled",
      "the token that is never cancelled",
      "whether this token is or may yet be cancelled: false for #none() alone"
    },
    by = "OfCancellationToken.none_is_never_cancelled_and_alone_cannot_be")
@Says(
    of = CancellationToken.class,
    value = {
      "already runs (or is submitted) before the registering call returns",
      "callback runs now, before this method returns, and what it throws leaves this method"
    },
    by = {
      "OfCancellationToken.registered_too_late_it_runs_now_and_what_it_throws_leaves_the_method",
      "CallbackTest.promise7_a_late_callback_goes_to_its_executor"
    })
@Says(
    of = CancellationToken.class,
    value =
        "so a callback may do anything, including to cancel, to register, and to close its own"
            + " registration or source",
    by = {
      "OfCancellationToken.a_callback_may_cancel_register_and_close_its_own_registration_and_source",
      "CallbackTest.promise8_no_lock_is_held_while_a_callback_runs"
    })
@Says(
    of = CancellationToken.class,
    value = {
      "All methods may be called from any thread",
      "What a thread did before it cancelled happens-before what another does"
    },
    by = {"OfCancellationToken.what_was_done_before_is_seen", "WaitTest.a_thousand_waiters_wake"})
@Says(
    of = CancellationToken.class,
    value = {"one of its tokens may report cancelled and another not yet"},
    by = {
      "OfCancellationToken.before_the_first_callback_every_token_reports_cancelled",
      "TreeTest.promise3_flags_reach_through_links_before_any_callback"
    })
@Says(
    of = CancellationSource.class,
    value = {"longer than 146 years means never", "longer than 146 years takes the deadline away"},
    by = {
      "CurrentWithTest.a_source_with_a_name_and_a_timeout",
      "CurrentWithTest.longer_than_the_clock_means_never"
    })
@Says(
    of = CancellationToken.class,
    value = "longer than 146 years means never",
    by = "DeadlineTest.over_long_timeouts_mean_never")
@Says(
    of = CancellationToken.class,
    value = "Has callback run once when this token is cancelled, on the thread that cancels",
    by = "OfCancellationToken.a_callback_runs_once_on_the_thread_that_cancels")
@Says(
    of = CancellationToken.class,
    value = "Has callback submitted to executor once when this token is cancelled",
    by = "OfCancellationToken.with_an_executor_it_is_submitted_there_once_and_nowhere_else")
@Says(
    of = CancellationToken.class,
    value = "Returns at once, and without a look at the interrupt, if it is cancelled already",
    by =
        "OfCancellationToken.await_returns_at_once_without_a_look_at_the_interrupt_if_it_is_cancelled")
@Says(
    of = CancellationToken.class,
    value = "zero only asks",
    by = "OfCancellationToken.await_zero_only_asks")
@Says(
    of = CancellationToken.class,
    value = {
      "if the token is cancelled already or the condition holds",
      "asked before the wait and each time the thread wakes"
    },
    by = "OfCancellationToken.awaitOr_returns_at_once_if_the_condition_holds")
@Says(
    of = CancellationToken.class,
    value = "never by the thread that cancels: whatever hangs on it cannot slow down cancel",
    by =
        "OfCancellationToken.whenCancelled_gives_the_same_stage_while_live_and_a_complete_one_after")
@Says(
    of = CancellationToken.class,
    value = "on #none(), it never will be",
    by = "WaitTest.the_stage_of_a_cancelled_token_is_complete_and_that_of_none_never_is")
@Says(
    of = Deadline.class,
    value = {
      "setting the wall clock does not move it",
      "Setting the wall clock later does not move it"
    },
    by = "DeadlineTest.an_instant_is_turned_into_monotonic_time_when_the_deadline_is_made")
@Says(
    of = Deadline.class,
    value = "the deadline that never passes",
    by = "OfDeadline.none_never_passes")
@Says(
    of = Deadline.class,
    value = "If both pass at once, a",
    by = "OfDeadline.of_two_the_earliest_is_the_one_that_passes_first_or_has")
@Says(
    of = Deadline.class,
    value = "never negative, zero once passed",
    by = "OfDeadline.remaining_is_never_negative_and_zero_once_passed")
@Says(
    of = CancelledIOException.class,
    value = "if the token is not cancelled",
    by = "OfTheExceptions.they_are_made_only_of_a_token_that_is_cancelled")
@Says(
    of = CancelledIOException.class,
    value = "Says that an input or output operation was cancelled",
    by = "OfTheExceptions.an_io_one_is_an_InterruptedIOException_and_counts_up_to_its_fields_limit")
@Says(
    of = Cancellation.class,
    value = {
      "The ambient token: the one that the code running now is meant to obey",
      "may not be used inside, neither to fork",
      "In a tight loop, fetch #current() once"
    },
    advice = true)
@Says(
    of = Cancellation.Carrier.class,
    value = {
      "Use it in the task, not around the thread",
      "For the stages of a CompletableFuture: they are submitted by whichever thread"
    },
    advice = true)
@Says(
    of = Action.class,
    value = {
      "What is done and gives no value, and may throw",
      "and a consumer of a reason that does not ask for the reason",
      "@param reason not asked for"
    },
    by = {
      "LambdaFormsTest.a_task_is_an_action_and_both_are_what_the_jdk_takes",
      "LambdaFormsTest.a_reference_to_one_of_several_methods_that_gives_a_value",
      "LambdaFormsTest.a_callback_with_and_without_the_reason"
    })
@Says(
    of = Task.class,
    value = {"What gives a value, and may throw", "It is also an Action that drops the value"},
    by = {
      "LambdaFormsTest.what_it_throws_is_all_that_is_to_be_caught",
      "LambdaFormsTest.a_reference_to_one_of_several_methods_that_gives_a_value"
    })
@Says(
    of = CancellationToken.class,
    value = {
      "Has callback performed once when this token is cancelled",
      "Has callback told the reason once when this token is cancelled",
      "Has callback submitted to executor once when this token is cancelled",
      "as #onCancel(Runnable) does for one that does not ask",
      "as #onCancel(Executor, Runnable) does for one that does not ask"
    },
    by = {
      "LambdaFormsTest.a_callback_with_and_without_the_reason",
      "LambdaFormsTest.a_callback_for_an_executor_with_and_without_the_reason"
    })
@Says(
    of = CancelledException.class,
    value = "a call that was cancelled is not to be tried again",
    advice = true)
@Says(of = Stride.class, value = "It is not safe for use by several threads at once", advice = true)
@Says(
    of = TimeSource.class,
    value = "Programs use #system() and never meet this type",
    advice = true)
@Says(
    of = CancellationToken.class,
    value = {
      "The read-only view of a CancellationSource",
      "callback should be quick and must not wait for the thread that cancels",
      "Use Cancellation#dispatcher() for a callback that may block",
      "Does not tell which of the three it was",
      "must be quick and must not park"
    },
    advice = true)
@Says(
    of = Deadline.class,
    value = "A deadline is made from a timeout or an instant once",
    advice = true)
@Says(
    of = Leftovers.class,
    value = "before it is reported: ten seconds, if this is not called",
    by = {
      "DeafWorkTest.the_patience_can_be_set",
      "DeafWorkTest.work_that_goes_on_is_listed_and_told_until_it_ends"
    })
@Says(
    of = Diagnostics.class,
    value = "What costs too much to be always on, and helps to find who did what",
    advice = true)
@ExtendWith(Hygiene.class)
@Timeout(30)
class RootContractTest {
  private final CancellationSource source = CancellationSource.create("source");
  private final CancellationToken token = source.token();
  private final AtomicInteger runs = new AtomicInteger();
  private final ManualTime time = new ManualTime();

  private static Duration millis(long millis) {
    return Duration.ofMillis(millis);
  }

  @Nested
  class OfCancellationSource {
    @Test
    void its_token_is_always_the_same_one() {
      var source = CancellationSource.create();
      CancellationToken token = source.token();
      assertSame(token, source.token());
      source.cancel();
      assertSame(token, source.token());
    }

    @Test
    void hands_out_one_token_always_the_same() {
      assertSame(token, source.token());
    }

    @Test
    void cancels_once_the_first_wins_and_its_reason_stays() {
      assertTrue(source.cancel("first"));
      assertFalse(source.cancel("second"));
      assertFalse(source.cancel(CancellationReason.shutdown("third")));
      source.close();
      source.cancelAfter(Duration.ZERO);
      assertEquals("first", token.reason().orElseThrow().message());
    }

    @Test
    void closing_cancels_and_a_closed_source_stays_usable() {
      source.close();
      assertInstanceOf(CancellationReason.Closed.class, token.reason().orElseThrow());
      source.close(); // does nothing if it is cancelled already
      assertTrue(source.isCancelled());
      assertFalse(source.cancel());
      token.onCancel(runs::incrementAndGet);
      assertEquals(1, runs.get());
    }

    @Test
    void marks_every_token_then_wakes_then_runs_the_callbacks_on_the_calling_thread() {
      var child = token.child();
      var seen = new ArrayList<Object>();
      token.onCancel(() -> seen.add(child.isCancelled()));
      token.onCancel(() -> seen.add(Thread.currentThread()));
      source.cancel();
      assertEquals(2, seen.size());
      assertTrue(seen.contains(true));
      assertTrue(seen.contains(Thread.currentThread()));
    }

    @Test
    void when_another_call_was_first_it_returns_at_once() throws Exception {
      var begun = new CountDownLatch(1);
      var end = new CountDownLatch(1);
      token.onCancel(
          () -> {
            begun.countDown();
            awaitLatch(end);
          });
      Thread first = Thread.startVirtualThread(source::cancel);
      begun.await();
      assertFalse(source.cancel()); // while that call is still running callbacks
      end.countDown();
      first.join();
    }

    @Test
    void cancelAsync_runs_no_callback_on_the_calling_thread() throws Exception {
      var thread = new AtomicReference<@Nullable Thread>();
      token.onCancel(() -> thread.set(Thread.currentThread()));
      assertTrue(source.cancelAsync(CancellationReason.requested()).toCompletableFuture().get());
      assertNotSame(Thread.currentThread(), Objects.requireNonNull(thread.get()));
      assertTrue(Objects.requireNonNull(thread.get()).isDaemon());
      assertFalse(source.cancelAsync(CancellationReason.requested()).toCompletableFuture().get());
    }

    @Test
    void linked_repeated_parents_count_once_and_none_not_at_all() {
      assertSame(
          Node.class,
          Objects.requireNonNull(
                  CancellationSource.linkedTo(token, token, CancellationToken.none())
                      .token()
                      .node())
              .getClass());
      try (var plain = CancellationSource.linkedTo(CancellationToken.none())) {
        source.cancel();
        assertFalse(plain.isCancelled());
      }
    }

    @Test
    void linked_to_cancelled_ones_it_has_the_reason_of_the_first_in_the_order_given() {
      var a = CancellationToken.cancelled(CancellationReason.requested("a"));
      var b = CancellationToken.cancelled(CancellationReason.requested("b"));
      assertEquals("b", messageOf(CancellationSource.linkedTo(token, b, a).token()));
    }

    @Test
    void cancelAfter_zero_cancels_now_on_the_calling_thread() {
      token.onCancel(runs::incrementAndGet);
      source.cancelAfter(Duration.ZERO);
      assertEquals(1, runs.get());
    }

    @Test
    void cancelAfter_of_more_than_146_years_takes_the_deadline_away() {
      source.cancelAfter(Duration.ofHours(1));
      source.cancelAfter(ChronoUnit.FOREVER.getDuration());
      assertTrue(token.deadline().isNone());
    }

    @Test
    void cancelAfter_refuses_a_negative_timeout_and_changes_nothing() {
      source.cancelAfter(Duration.ofHours(1));
      Deadline before = token.deadline();
      assertThrows(IllegalArgumentException.class, () -> source.cancelAfter(millis(-1)));
      assertEquals(before, token.deadline());
    }

    @Test
    void if_callbacks_fail_cancel_throws_after_all_of_them_have_run() {
      for (int i = 0; i < 3; i++) {
        token.onCancel(
            () -> {
              throw new IllegalStateException("number " + runs.incrementAndGet());
            });
      }
      var thrown = assertThrows(CancellationCallbackException.class, source::cancel);
      assertEquals(3, runs.get());
      assertEquals("number 1", Objects.requireNonNull(thrown.getCause()).getMessage());
      assertEquals(
          List.of("number 2", "number 3"),
          Arrays.stream(thrown.getSuppressed()).map(Throwable::getMessage).toList());
      assertTrue(source.isCancelled());
    }

    @Test
    void a_parent_that_lives_long_keeps_nothing_of_a_closed_child() {
      token.child().close();
      assertEquals(new Census(0, 0), Census.of(source));
    }

    @Test
    @SuppressWarnings("NullAway")
    void a_null_argument_is_named_and_has_no_effect() {
      assertNames("message", () -> source.cancel((String) null));
      assertNames("reason", () -> source.cancel((CancellationReason) null));
      assertNames("timeout", () -> source.cancelAfter(null));
      assertNames("name", () -> CancellationSource.create(null));
      assertNames("parents[1]", () -> CancellationSource.linkedTo(token, null));
      assertNames("reason", () -> source.cancelAsync(null));
      assertFalse(source.isCancelled());
    }
  }

  @Nested
  class OfCancellationToken {
    @Test
    void once_cancelled_it_is_for_ever_with_one_reason() {
      source.cancel("for ever");
      assertTrue(token.isCancelled());
      assertSame(token.reason().orElseThrow(), token.reason().orElseThrow());
    }

    @Test
    void none_is_never_cancelled_and_alone_cannot_be() throws Exception {
      CancellationToken none = CancellationToken.none();
      assertFalse(none.canBeCancelled());
      assertTrue(token.canBeCancelled());
      source.cancel();
      assertTrue(token.canBeCancelled());
      assertFalse(none.await(Duration.ZERO));
      assertNotSame(none.whenCancelled(), none.whenCancelled());
      assertTrue(none.reason().isEmpty() && none.path().isEmpty() && none.deadline().isNone());
      assertFalse(none.caused(new CancelledException(token)));
      none.throwIfCancelled();
    }

    @Test
    void cancelled_is_so_from_the_start() {
      CancellationToken born = CancellationToken.cancelled(CancellationReason.closed("gone"));
      assertTrue(born.isCancelled());
      assertTrue(born.child().isCancelled());
      assertEquals("gone", messageOf(born));
    }

    @Test
    void a_callback_runs_once_on_the_thread_that_cancels() {
      token.onCancel(runs::incrementAndGet);
      source.cancel();
      source.close();
      assertEquals(1, runs.get());
    }

    @Test
    void registered_too_late_it_runs_now_and_what_it_throws_leaves_the_method() {
      source.cancel();
      token.onCancel(runs::incrementAndGet);
      assertEquals(1, runs.get());
      var failure = new IllegalStateException("its own");
      assertSame(
          failure,
          assertThrows(
              IllegalStateException.class,
              () ->
                  token.onCancel(
                      () -> {
                        throw failure;
                      })));
    }

    @Test
    void with_an_executor_it_is_submitted_there_once_and_nowhere_else() {
      var submitted = new ArrayList<Runnable>();
      token.onCancel(submitted::add, runs::incrementAndGet);
      source.cancel();
      assertEquals(0, runs.get());
      assertEquals(1, submitted.size());
      submitted.getFirst().run();
      submitted.getFirst().run();
      assertEquals(1, runs.get());
    }

    @Test
    void a_rejection_reaches_the_caller_of_cancel_or_of_onCancel() {
      Executor refuses =
          _ -> {
            throw new RejectedExecutionException("full");
          };
      token.onCancel(refuses, runs::incrementAndGet);
      assertThrows(CancellationCallbackException.class, source::cancel);
      assertThrows(
          RejectedExecutionException.class, () -> token.onCancel(refuses, runs::incrementAndGet));
      assertEquals(0, runs.get());
    }

    @Test
    void before_the_first_callback_every_token_reports_cancelled() {
      var below = new ArrayList<CancellationSource>();
      for (CancellationToken at = token; below.size() < 10; at = below.getLast().token()) {
        below.add(at.child());
      }
      token.onCancel(() -> below.forEach(child -> assertTrue(child.isCancelled())));
      source.cancel();
    }

    @Test
    void a_callback_may_cancel_register_and_close_its_own_registration_and_source() {
      var own = new AtomicReference<@Nullable CancellationRegistration>();
      own.set(
          token.onCancel(
              () -> {
                assertFalse(source.cancel());
                token.onCancel(runs::incrementAndGet);
                Objects.requireNonNull(own.get()).close();
                source.close();
              }));
      source.cancel();
      assertEquals(1, runs.get());
    }

    @Test
    void await_returns_at_once_without_a_look_at_the_interrupt_if_it_is_cancelled()
        throws Exception {
      source.cancel();
      Thread.currentThread().interrupt();
      assertTrue(token.await());
      assertTrue(token.await(millis(1)));
      token.awaitOr(() -> false, Deadline.none());
      assertTrue(Thread.interrupted());
    }

    @Test
    void await_throws_if_the_thread_was_interrupted_first_and_the_token_is_as_it_was() {
      Thread.currentThread().interrupt();
      assertThrows(InterruptedException.class, token::await);
      assertFalse(Thread.interrupted());
      assertFalse(token.isCancelled());
    }

    @Test
    void await_zero_only_asks() throws Exception {
      assertFalse(token.await(Duration.ZERO));
      source.cancel();
      assertTrue(token.await(Duration.ZERO));
    }

    @Test
    void awaitOr_returns_at_once_if_the_condition_holds() throws Exception {
      Thread.currentThread().interrupt();
      token.awaitOr(() -> true, Deadline.none());
      assertTrue(Thread.interrupted());
    }

    @Test
    void whenCancelled_gives_the_same_stage_while_live_and_a_complete_one_after() throws Exception {
      var stage = token.whenCancelled();
      assertSame(stage, token.whenCancelled());
      var thread = new CompletableFuture<Thread>();
      var _ = stage.thenRun(() -> thread.complete(Thread.currentThread()));
      source.cancel("told");
      assertNotSame(Thread.currentThread(), thread.get()); // never by the thread that cancels
      assertTrue(thread.get().isDaemon());
      assertTrue(token.whenCancelled().toCompletableFuture().isDone());
      assertFalse(CancellationToken.none().whenCancelled().toCompletableFuture().isDone());
    }

    @Test
    void whenCancelled_cannot_be_completed_from_outside() {
      token.whenCancelled().toCompletableFuture().complete(CancellationReason.requested());
      assertFalse(token.isCancelled());
      assertFalse(token.whenCancelled().toCompletableFuture().isDone());
    }

    @Test
    void a_child_is_cancelled_with_its_parent_and_never_the_other_way() {
      var child = token.child();
      var other = token.child();
      child.cancel();
      assertFalse(source.isCancelled());
      assertFalse(other.isCancelled());
      source.cancel();
      assertTrue(other.isCancelled());
    }

    @Test
    void a_child_with_a_later_deadline_has_the_earlier_one() throws Exception {
      var parent = time.call(() -> CancellationSource.create("parent"));
      parent.cancelAfter(millis(10));
      try (var child = parent.token().childWithTimeout(millis(20))) {
        assertEquals(millis(10), child.token().deadline().remaining());
      }
    }

    @Test
    void with_a_passed_deadline_or_a_zero_timeout_a_child_is_cancelled_from_the_start()
        throws Exception {
      assertTrue(token.childWithTimeout(Duration.ZERO).isCancelled());
      assertTrue(token.childWithDeadline(Deadline.at(Instant.EPOCH)).isCancelled());
      Deadline passed = time.call(() -> Deadline.after(millis(1)));
      time.advance(millis(2));
      assertTrue(token.childWithDeadline("named", passed).isCancelled());
    }

    @Test
    void caused_tells_its_own_cancellation_whatever_is_wrapped_around_and_no_other() {
      CancellationReason same = CancellationReason.requested("the same reason");
      var stranger = CancellationSource.create();
      assertFalse(token.caused(new IllegalStateException()));
      source.cancel(same);
      stranger.cancel(same);
      var own = new CancelledException(token.child().token());
      assertTrue(token.caused(own));
      assertTrue(token.caused(new IllegalStateException(new ExecutionException(own))));
      var carrier = new IllegalStateException("carries it");
      carrier.addSuppressed(new CompletionException(own));
      assertTrue(token.caused(carrier));
      assertFalse(token.caused(new CancelledException(stranger.token())));
    }

    @Test
    void what_was_done_before_is_seen() throws Exception {
      var plain = new int[1];
      var heard = new CompletableFuture<Integer>();
      token.onCancel(() -> heard.complete(plain[0]));
      var polls =
          CompletableFuture.supplyAsync(
              () -> {
                while (!token.isCancelled()) {
                  Thread.onSpinWait();
                }
                return plain[0];
              });
      Thread canceller =
          Thread.startVirtualThread(
              () -> {
                plain[0] = 42;
                source.cancel();
              });
      assertTrue(token.await());
      assertEquals(42, plain[0]);
      assertEquals(42, polls.get());
      assertEquals(42, heard.get());
      canceller.join();
    }

    @Test
    void throwIfCancelled_returns_while_live() {
      token.throwIfCancelled();
      source.cancel();
      assertSame(
          token.reason().orElseThrow(),
          assertThrows(CancelledException.class, token::throwIfCancelled).reason());
    }

    @Test
    void a_deadlines_callbacks_run_on_a_daemon_thread_of_the_library() throws Exception {
      var thread = new CompletableFuture<Thread>();
      token.onCancel(() -> thread.complete(Thread.currentThread()));
      source.cancelAfter(millis(1));
      assertTrue(thread.get().isDaemon());
      assertNotSame(Thread.currentThread(), thread.get());
    }

    @Test
    @SuppressWarnings("NullAway")
    void a_null_argument_is_named_on_none_too() {
      for (CancellationToken any : List.of(token, CancellationToken.none())) {
        assertNames("callback", () -> any.onCancel(null));
        assertNames("executor", () -> any.onCancel(null, () -> {}));
        assertNames("name", () -> any.child(null));
        assertNames("deadline", () -> any.childWithDeadline(null));
        assertNames("timeout", () -> any.childWithTimeout(null));
        assertNames("timeout", () -> any.await(null));
        assertNames("condition", () -> any.awaitOr(null, Deadline.none()));
        assertNames("thrown", () -> any.caused(null));
      }
    }
  }

  @Nested
  class OfCancellationRegistration {
    @Test
    void unregister_never_waits_and_says_whether_it_came_in_time() throws Exception {
      var early = token.onCancel(runs::incrementAndGet);
      assertTrue(early.unregister());
      assertFalse(early.unregister());
      var begun = new CountDownLatch(1);
      var end = new CountDownLatch(1);
      var late =
          token.onCancel(
              () -> {
                begun.countDown();
                awaitLatch(end);
              });
      Thread canceller = Thread.startVirtualThread(source::cancel);
      begun.await();
      assertFalse(late.unregister()); // and did not wait for the run
      end.countDown();
      canceller.join();
      assertEquals(0, runs.get());
    }

    @Test
    void unregister_covers_the_time_between_submission_and_the_run() {
      var submitted = new ArrayList<Runnable>();
      var registration = token.onCancel(submitted::add, runs::incrementAndGet);
      source.cancel();
      assertTrue(registration.unregister());
      submitted.getFirst().run();
      assertEquals(0, runs.get());
    }

    @Test
    void close_comes_back_only_when_the_callback_is_not_running_and_never_will() throws Exception {
      var begun = new CountDownLatch(1);
      var end = new CountDownLatch(1);
      var registration =
          token.onCancel(
              () -> {
                begun.countDown();
                awaitLatch(end);
                runs.incrementAndGet();
              });
      Thread canceller = Thread.startVirtualThread(source::cancel);
      begun.await();
      var found = new AtomicInteger();
      Thread closer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    registration.close();
                    found.set(runs.get());
                  });
      while (closer.getState() != Thread.State.WAITING) {
        LockSupport.parkNanos(100_000);
      }
      end.countDown();
      closer.join();
      canceller.join();
      assertEquals(1, found.get());
    }

    @Test
    void called_by_the_callback_itself_close_does_not_wait() {
      var own = new AtomicReference<@Nullable CancellationRegistration>();
      own.set(token.onCancel(() -> Objects.requireNonNull(own.get()).close()));
      source.cancel();
    }

    @Test
    void on_none_unregister_is_false() {
      assertFalse(CancellationToken.none().onCancel(() -> {}).unregister());
      assertSame(token, token.onCancel(() -> {}).token());
    }
  }

  @Nested
  class OfReasonsAndOrigins {
    @Test
    void all_tokens_of_a_cancelled_tree_give_the_same_reason() {
      var deep = token.child().token().child();
      source.cancel();
      assertSame(token.reason().orElseThrow(), deep.token().reason().orElseThrow());
    }

    @Test
    void an_origin_is_noted_on_the_thread_that_makes_the_reason() {
      assertEquals(
          Origin.nameOf(Thread.currentThread()), CancellationReason.requested().origin().thread());
      assertNull(CancellationReason.requested().origin().callSite());
    }

    @Test
    @SuppressWarnings("NullAway")
    void nothing_of_a_reason_may_be_missing() {
      assertNames("message", () -> CancellationReason.requested(null));
      assertNames("message", () -> CancellationReason.remote("peer", null));
      assertNames("peer", () -> CancellationReason.remote(null, "m"));
      assertNames("deadline", () -> CancellationReason.deadlineExceeded("x", null));
      assertNames("thread", () -> new Origin(null, Instant.EPOCH, null));
      assertNames("time", () -> new Origin("t", null, null));
    }

    @Test
    void a_deadline_that_had_passed_when_it_was_set_says_so() {
      source.cancelAfter(Duration.ZERO);
      assertEquals("the deadline of \"source\" passed before it was set", messageOf(token));
    }
  }

  @Nested
  class OfTheExceptions {
    @Test
    void they_never_carry_a_live_task_thread_or_token() {
      for (Class<?> type : List.of(CancelledException.class, CancelledIOException.class)) {
        for (Field field : type.getDeclaredFields()) {
          assertFalse(
              !Modifier.isStatic(field.getModifiers())
                  && List.of(
                          CancellationToken.class,
                          CancellationSource.class,
                          Node.class,
                          Thread.class)
                      .contains(field.getType()),
              field.toString());
        }
      }
    }

    @Test
    void they_are_made_only_of_a_token_that_is_cancelled() {
      assertThrows(IllegalArgumentException.class, () -> new CancelledException(token));
      assertThrows(IllegalArgumentException.class, () -> new CancelledIOException(token));
    }

    @Test
    void unwrap_looks_through_the_wrappers_of_futures_and_streams_alone() {
      source.cancel();
      var cancelled = new CancelledException(token);
      assertSame(
          cancelled,
          CancelledException.unwrap(new CompletionException(new ExecutionException(cancelled))));
      assertSame(
          cancelled, CancelledException.unwrap(new CancellationException().initCause(cancelled)));
      assertInstanceOf(
          CancelledException.class, CancelledException.unwrap(new CancelledIOException(token)));
      var other = new IllegalStateException(cancelled);
      assertSame(other, CancelledException.unwrap(other));
      assertSame(cancelled, CancelledException.find(other).orElseThrow());
    }

    @Test
    void find_looks_through_everything_but_a_timeout() {
      source.cancel();
      var cancelled = new CancelledException(token);
      var wrapped = new IllegalStateException(new IOException(cancelled));
      assertSame(cancelled, CancelledException.find(wrapped).orElseThrow());
      var timeout = new TimeoutException();
      timeout.initCause(cancelled);
      assertTrue(CancelledException.find(timeout).isEmpty());
      assertTrue(CancelledException.find(new IllegalStateException(timeout)).isEmpty());
    }

    @Test
    void wrappers_that_are_each_others_cause_are_given_back() {
      var a = new CancellationException("a");
      var b = new CompletionException("b", a);
      a.initCause(b);
      assertSame(a, CancelledException.unwrap(a));
    }

    @Test
    void an_io_one_is_an_InterruptedIOException_and_counts_up_to_its_fields_limit() {
      source.cancel();
      InterruptedIOException thrown = new CancelledIOException(token, Long.MAX_VALUE);
      assertEquals(Integer.MAX_VALUE, thrown.bytesTransferred);
      assertThrows(IllegalArgumentException.class, () -> new CancelledIOException(token, -1));
      assertInstanceOf(CancelledException.class, thrown.getCause());
    }

    @Test
    void an_outcome_is_a_success_if_completion_beat_cancellation() throws Exception {
      Outcome<Integer> outcome =
          Outcome.of(
              () -> {
                source.cancel();
                return 1;
              });
      assertEquals(new Outcome.Success<>(1), outcome);
      assertInstanceOf(
          Outcome.Cancelled.class,
          Outcome.of(
              () -> {
                throw new IllegalStateException(new CancelledException(token));
              }));
      assertThrows(
          InterruptedException.class,
          () ->
              Outcome.of(
                  () -> {
                    throw new InterruptedException();
                  }));
    }
  }

  @Nested
  class OfDeadline {
    @Test
    void none_never_passes() {
      assertFalse(Deadline.none().isPassed());
      assertEquals(ChronoUnit.FOREVER.getDuration(), Deadline.none().remaining());
    }

    @Test
    void remaining_is_never_negative_and_zero_once_passed() throws Exception {
      Deadline deadline = time.call(() -> Deadline.after(millis(5)));
      time.advance(millis(9));
      assertTrue(deadline.isPassed());
      assertEquals(Duration.ZERO, deadline.remaining());
    }

    @Test
    void zero_has_passed_already_and_negative_is_refused() {
      assertTrue(Deadline.after(Duration.ZERO).isPassed());
      assertThrows(IllegalArgumentException.class, () -> Deadline.after(millis(-1)));
    }

    @Test
    void of_two_the_earliest_is_the_one_that_passes_first_or_has() throws Exception {
      Deadline early = time.call(() -> Deadline.after(millis(1)));
      Deadline late = time.call(() -> Deadline.after(millis(2)));
      Deadline other = new ManualTime().call(() -> Deadline.after(Duration.ZERO));
      Deadline same = time.call(() -> Deadline.after(millis(1)));
      time.advance(millis(3));
      assertSame(early, Deadline.earliest(late, early)); // though both have passed
      assertSame(same, Deadline.earliest(same, early)); // both at once: a
      assertSame(late, Deadline.earliest(late, other)); // other clocks, both passed: a
      assertSame(other, Deadline.earliest(other, late));
      assertSame(early, Deadline.earliest(Deadline.none(), early));
    }
  }

  @Nested
  class OfCancellation {
    @Test
    void the_current_token_is_seen_on_the_same_thread_and_not_on_others() throws Exception {
      var seen = new CompletableFuture<CancellationToken>();
      Cancellation.run(
          token,
          () -> {
            assertSame(token, Cancellation.current());
            Thread.startVirtualThread(() -> seen.complete(Cancellation.current()));
          });
      assertSame(CancellationToken.none(), seen.get());
      assertSame(CancellationToken.none(), Cancellation.current());
    }

    @Test
    void a_cancelled_token_does_not_keep_the_body_from_running_up_to_its_checkpoint() {
      source.cancel();
      assertThrows(
          CancelledException.class,
          () ->
              Cancellation.run(
                  token,
                  () -> {
                    runs.incrementAndGet();
                    Cancellation.checkpoint();
                  }));
      assertEquals(1, runs.get());
    }

    @Test
    void the_body_sees_the_tokens_time_but_for_none() throws Exception {
      var manual = time.call(() -> CancellationSource.create());
      assertSame(time, Cancellation.call(manual.token(), TimeSource::current));
      assertSame(
          time, time.call(() -> Cancellation.call(CancellationToken.none(), TimeSource::current)));
    }

    @Test
    void a_callback_sees_what_is_current_where_it_runs() throws Exception {
      var other = CancellationSource.create();
      var here = new AtomicReference<@Nullable CancellationToken>();
      var there = new CompletableFuture<CancellationToken>();
      token.onCancel(() -> here.set(Cancellation.current()));
      token.onCancel(Cancellation.dispatcher(), () -> there.complete(Cancellation.current()));
      Cancellation.run(other.token(), source::cancel);
      assertSame(other.token(), here.get());
      assertSame(CancellationToken.none(), there.get());
    }

    @Test
    void sleep_of_zero_is_a_checkpoint_and_negative_is_refused() throws Exception {
      Cancellation.sleep(Duration.ZERO);
      assertThrows(IllegalArgumentException.class, () -> Cancellation.sleep(millis(-1)));
      source.cancel();
      assertThrows(
          CancelledException.class,
          () ->
              Cancellation.call(
                  token,
                  () -> {
                    Cancellation.sleep(Duration.ZERO);
                    return 1;
                  }));
    }

    @Test
    void the_dispatcher_has_daemon_platform_threads() throws Exception {
      var thread = new CompletableFuture<Thread>();
      Cancellation.dispatcher().execute(() -> thread.complete(Thread.currentThread()));
      assertTrue(thread.get().isDaemon());
      assertFalse(thread.get().isVirtual());
    }

    @Test
    void the_dispatcher_has_256_threads_at_most() throws Exception {
      int tasks = 300;
      var inside = new AtomicInteger();
      var most = new AtomicInteger();
      var ended = new CountDownLatch(tasks);
      var release = new CountDownLatch(1);
      for (int i = 0; i < tasks; i++) {
        Cancellation.dispatcher()
            .execute(
                () -> {
                  most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                  awaitLatch(release);
                  inside.decrementAndGet();
                  ended.countDown();
                });
      }
      while (inside.get() < 256) {
        Thread.onSpinWait();
      }
      release.countDown();
      ended.await();
      assertEquals(256, most.get());
    }
  }

  @Nested
  class OfStride {
    @Test
    void the_first_step_asks_then_every_nth_and_once_cancelled_each() {
      Stride stride = Cancellation.every(token, 3);
      assertFalse(stride.isCancelled());
      source.cancel();
      assertFalse(stride.isCancelled());
      assertFalse(stride.isCancelled());
      assertTrue(stride.isCancelled());
      assertTrue(stride.isCancelled());
      assertThrows(CancelledException.class, stride::checkpoint);
    }

    @Test
    void blockEnd_does_not_throw_when_cancelled() {
      Stride stride = Cancellation.every(token, 3);
      assertEquals(3, stride.blockEnd(0, 10));
      assertEquals(10, stride.blockEnd(9, 10));
      source.cancel();
      assertEquals(5, stride.blockEnd(5, 10));
      assertThrows(IndexOutOfBoundsException.class, () -> stride.blockEnd(11, 10));
      assertThrows(IllegalArgumentException.class, () -> Cancellation.every(token, 0));
    }
  }

  @Nested
  class OfTimeSource {
    @Test
    void a_source_belongs_to_the_time_it_was_made_in_a_child_to_its_parents() throws Exception {
      var manual = time.call(() -> CancellationSource.create());
      assertSame(time, timeOf(manual.token()));
      assertSame(time, timeOf(manual.token().child().token()));
      assertSame(TimeSource.system(), timeOf(time.call(() -> token.child().token())));
      assertSame(time, timeOf(CancellationSource.linkedTo(manual.token(), token).token()));
      assertSame(
          TimeSource.system(), timeOf(CancellationSource.linkedTo(token, manual.token()).token()));
    }

    private static TimeSource timeOf(CancellationToken token) {
      return Objects.requireNonNull(token.node()).time;
    }

    /** A time source each of whose methods hangs while it is told to. */
    private final class Hanging implements TimeSource {
      volatile String at = "";
      volatile CountDownLatch reached = new CountDownLatch(1);
      volatile CountDownLatch release = new CountDownLatch(1);

      void hang(String where) {
        if (where.equals(at)) {
          at = "";
          reached.countDown();
          awaitLatch(release);
        }
      }

      @Override
      public long nanoTime() {
        hang("nanoTime");
        return time.nanoTime();
      }

      @Override
      public Instant instant() {
        hang("instant");
        return time.instant();
      }

      @Override
      public Timer schedule(long nanoTime, Runnable task) {
        hang("schedule");
        Timer timer = time.schedule(nanoTime, task);
        return () -> {
          hang("cancel");
          return timer.cancel();
        };
      }

      @Override
      public void dispatch(Runnable task) {
        hang("dispatch");
        time.dispatch(task);
      }

      @Override
      public void parkUntil(Object blocker, long nanoTime) {
        hang("parkUntil");
        time.parkUntil(blocker, nanoTime);
      }
    }

    private static void awaitShortly(CancellationToken token) {
      try {
        token.await(Duration.ofMillis(1));
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nanoTime", "instant", "schedule", "cancel", "dispatch", "parkUntil"})
    void it_is_called_while_no_lock_is_held(String where) throws Exception {
      var clock = new Hanging();
      CancellationSource root = TimeSource.callWith(clock, CancellationSource::create);
      CancellationSource parent = root.token().child();
      parent.token().onCancel(runs::incrementAndGet);
      clock.at = where;
      Thread hangs =
          Thread.ofPlatform()
              .daemon()
              .start(
                  () -> {
                    parent.cancelAfter(Duration.ofSeconds(1));
                    switch (where) {
                      case "dispatch" -> time.advance(Duration.ofSeconds(1));
                      case "parkUntil" -> awaitShortly(parent.token());
                      default -> parent.cancel();
                    }
                  });
      clock.reached.await();
      CancellationSource child = parent.token().child();
      child.token().onCancel(runs::incrementAndGet).unregister();
      root.token().onCancel(runs::incrementAndGet);
      child.close();
      CancellationSource.linkedTo(parent.token(), token).close();
      assertTrue(root.cancel());
      assertTrue(parent.isCancelled());
      assertTrue(runs.get() > 0);
      clock.release.countDown();
      while (hangs.isAlive()) {
        time.advance(Duration.ofMillis(1));
        hangs.join(1);
      }
    }

    @Test
    void a_timers_task_runs_once_and_not_if_it_was_cancelled() {
      TimeSource.Timer kept = time.schedule(5, runs::incrementAndGet);
      TimeSource.Timer taken = time.schedule(5, runs::incrementAndGet);
      assertTrue(taken.cancel());
      assertFalse(taken.cancel());
      time.advance(millis(1));
      time.advance(millis(1));
      assertEquals(1, runs.get());
      assertFalse(kept.cancel());
    }

    @Test
    void the_systems_is_current_unless_another_is_bound() throws Exception {
      assertSame(TimeSource.system(), TimeSource.current());
      assertSame(time, TimeSource.callWith(time, TimeSource::current));
    }
  }

  private static void awaitLatch(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String messageOf(CancellationToken token) {
    return token.reason().orElseThrow().message();
  }

  private static void assertNames(
      String parameter, org.junit.jupiter.api.function.Executable call) {
    var thrown = assertThrows(NullPointerException.class, call);
    assertNotNull(thrown.getMessage());
    assertEquals(parameter, thrown.getMessage());
  }
}
