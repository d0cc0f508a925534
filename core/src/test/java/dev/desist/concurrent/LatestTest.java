package dev.desist.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Outcome;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The slot, one law at a time, on executors that run when the test says so. */
@ExtendWith(Hygiene.class)
@Timeout(20)
class LatestTest {
  private final CancellationSource parent = CancellationSource.create("page");
  private final ArrayDeque<Runnable> worker = new ArrayDeque<>();
  private final ArrayDeque<Runnable> screen = new ArrayDeque<>();
  private final List<String> shown = new ArrayList<>();
  private final List<String> disposed = new ArrayList<>();

  private Latest.Builder<String> builder() {
    return Latest.<String>builder(
            screen::add, shown::add, failure -> shown.add("failure " + failure.getMessage()))
        .token(parent.token())
        .executor(worker::add)
        .disposer(disposed::add);
  }

  private final Latest<String> latest = builder().build();

  private static void run(ArrayDeque<Runnable> queue) {
    for (Runnable task = queue.poll(); task != null; task = queue.poll()) {
      task.run();
    }
  }

  private static <T> T now(CompletionStage<T> stage) {
    var future = stage.toCompletableFuture();
    assertTrue(future.isDone());
    return future.join();
  }

  private static CancellationReason reason(CompletionStage<Outcome<String>> over) {
    return switch (now(over)) {
      case Outcome.Cancelled<String>(CancellationReason reason) -> reason;
      case Outcome<String> other -> throw new AssertionError("not cancelled: " + other);
    };
  }

  @Test
  void a_result_is_shown_on_the_executor_for_showing() {
    var over = latest.submit(() -> "a");
    run(worker);
    assertEquals(List.of(), shown);
    assertFalse(over.toCompletableFuture().isDone());
    run(screen);
    assertEquals(List.of("a"), shown);
    assertEquals(new Outcome.Success<>("a"), now(over));
    assertEquals(List.of(), disposed);
  }

  @Test
  void a_failure_of_the_newest_is_shown() {
    var thrown = new IOException("no such host");
    var over =
        latest.submit(
            () -> {
              throw thrown;
            });
    run(worker);
    run(screen);
    assertEquals(List.of("failure no such host"), shown);
    assertEquals(new Outcome.Failure<>(thrown), now(over));
  }

  @Test
  void somebody_elses_cancellation_is_shown_as_a_failure() {
    var other = CancellationToken.cancelled(CancellationReason.requested("of another kind"));
    var over =
        latest.submit(
            () -> {
              other.throwIfCancelled();
              return "a";
            });
    run(worker);
    run(screen);
    assertEquals(1, shown.size());
    assertInstanceOf(Outcome.Failure.class, now(over));
  }

  @Test
  void a_newer_task_supersedes_the_one_before() {
    var first =
        latest.submit(
            () -> {
              latest.submit(() -> "b");
              Cancellation.checkpoint();
              return "a";
            });
    run(worker);
    run(screen);
    assertEquals(List.of("b"), shown);
    assertInstanceOf(CancellationReason.Superseded.class, reason(first));
    assertEquals("request 2 took its place", reason(first).message());
  }

  @Test
  void a_task_obeys_a_token_of_its_own_below_the_parent() {
    var path = new ArrayList<String>();
    latest.submit(
        () -> {
          parent.cancel();
          path.addAll(Cancellation.current().path());
          return "a";
        });
    run(worker);
    assertEquals(List.of("page", "latest", "request 1"), path);
  }

  @Test
  void promise23_a_task_superseded_in_the_queue_never_starts() {
    var first = latest.submit(FuturesTest::mustNotStart);
    latest.submit(() -> "b");
    run(worker);
    run(screen);
    assertEquals(List.of("b"), shown);
    assertInstanceOf(CancellationReason.Superseded.class, reason(first));
  }

  @Test
  void promise20_a_late_result_is_disposed_of_and_not_shown() {
    var first =
        latest.submit(
            () -> {
              latest.submit(() -> "b");
              return "a";
            });
    run(worker);
    assertEquals(List.of("a"), disposed);
    run(screen);
    assertEquals(List.of("b"), shown);
    assertInstanceOf(CancellationReason.Superseded.class, reason(first));
  }

  @Test
  void promise20_a_result_that_waits_to_be_shown_is_not_shown_after_a_newer_submit() {
    var first = latest.submit(() -> "a");
    run(worker);
    latest.submit(() -> "b");
    run(screen);
    assertEquals(List.of(), shown);
    assertEquals(List.of("a"), disposed);
    assertInstanceOf(CancellationReason.Superseded.class, reason(first));
    run(worker);
    run(screen);
    assertEquals(List.of("b"), shown);
  }

  @Test
  void a_late_failure_is_logged_and_not_shown() {
    try (var log = new LogProbe()) {
      latest.submit(
          () -> {
            latest.cancel("enough");
            throw new IOException("late");
          });
      latest.submit(
          () -> {
            latest.cancel("enough");
            throw new CancelledException(Cancellation.current());
          });
      run(worker);
      latest.submit(
          () -> {
            latest.cancel("enough");
            throw new IOException("late");
          });
      run(worker);
      run(screen);
      assertEquals(List.of("late"), log.thrown());
      assertEquals(List.of(), shown);
    }
  }

  @Test
  void cancel_stops_the_newest_and_leaves_the_slot_usable() {
    var over = latest.submit(() -> "a");
    run(worker);
    latest.cancel("the user pressed stop");
    run(screen);
    assertEquals(List.of(), shown);
    assertEquals("the user pressed stop", reason(over).message());
    latest.submit(() -> "b");
    run(worker);
    run(screen);
    assertEquals(List.of("b"), shown);
    latest.cancel("too late to matter");
  }

  @Test
  void cancel_of_an_empty_slot_does_nothing() {
    latest.cancel("the user pressed stop");
  }

  @Test
  void close_cancels_and_nothing_is_shown_afterwards() {
    var over = latest.submit(() -> "a");
    run(worker);
    latest.close();
    run(screen);
    assertEquals(List.of(), shown);
    assertEquals(List.of("a"), disposed);
    assertInstanceOf(CancellationReason.Closed.class, reason(over));
  }

  @Test
  void a_task_submitted_after_close_never_begins() {
    latest.close();
    var over = latest.submit(FuturesTest::mustNotStart);
    run(worker);
    assertInstanceOf(CancellationReason.Closed.class, reason(over));
  }

  @Test
  void a_cancelled_parent_cancels_and_nothing_is_shown_afterwards() {
    var over = latest.submit(() -> "a");
    run(worker);
    parent.cancel(CancellationReason.disconnected("the page is gone"));
    run(screen);
    assertEquals(List.of(), shown);
    assertInstanceOf(CancellationReason.Disconnected.class, reason(over));
    assertInstanceOf(
        CancellationReason.Disconnected.class, reason(submittedAndRun(FuturesTest::mustNotStart)));
  }

  private CompletionStage<Outcome<String>> submittedAndRun(
      java.util.concurrent.Callable<String> task) {
    var over = latest.submit(task);
    run(worker);
    return over;
  }

  @Test
  void the_parent_is_the_current_token_unless_said_otherwise() throws Exception {
    var slot =
        Cancellation.call(
            parent.token(),
            () ->
                Latest.<String>builder(screen::add, shown::add, e -> {})
                    .executor(worker::add)
                    .build());
    parent.cancel("gone");
    var over = slot.submit(FuturesTest::mustNotStart);
    run(worker);
    assertEquals("gone", reason(over).message());
  }

  @Test
  void by_default_a_task_has_a_virtual_thread() {
    var thread = new CompletableFuture<Thread>();
    var slot = Latest.<Thread>builder(Runnable::run, thread::complete, e -> {}).build();
    slot.submit(Thread::currentThread);
    assertTrue(thread.join().isVirtual());
  }

  @Test
  void promise17_a_task_sees_the_time_of_whoever_submitted_it() throws Exception {
    var time = new ManualTime();
    var made = new CompletableFuture<CancellationSource>();
    time.call(
        () ->
            latest.submit(
                () -> {
                  made.complete(CancellationSource.create());
                  return "a";
                }));
    run(worker);
    made.join().cancelAfter(Duration.ofHours(1));
    assertEquals(1, time.pending());
    made.join().close();
  }

  @Test
  void submit_runs_no_callback_of_the_task_before_on_its_thread() {
    var caller = new CompletableFuture<Thread>();
    latest.submit(
        () -> {
          Cancellation.current().onCancel(() -> caller.complete(Thread.currentThread()));
          latest.submit(() -> "b");
          return "a";
        });
    run(worker);
    assertNotSame(Thread.currentThread(), caller.join());
  }

  @Test
  void promise14_a_task_that_is_over_leaves_nothing_on_the_parent() {
    var tokens = new ArrayList<CancellationToken>();
    latest.submit(
        () -> {
          tokens.add(Cancellation.current());
          return "a";
        });
    run(worker);
    assertFalse(tokens.getFirst().isCancelled(), "still to be shown");
    run(screen);
    assertInstanceOf(CancellationReason.Closed.class, tokens.getFirst().reason().orElseThrow());
    assertFalse(parent.isCancelled());
  }

  // ---- one at a time ----

  @Test
  void one_at_a_time_the_next_one_waits_for_the_one_before() {
    var order = new ArrayList<String>();
    var slot = builder().oneAtATime().disposer(v -> order.add("disposed of " + v)).build();
    slot.submit(
        () -> {
          slot.submit(
              () -> {
                order.add("second");
                return "b";
              });
          assertTrue(worker.isEmpty(), "the second must not be submitted yet");
          order.add("first");
          return "a";
        });
    run(worker);
    run(screen);
    assertEquals(List.of("first", "disposed of a", "second"), order);
    assertEquals(List.of("b"), shown);
  }

  @Test
  void one_at_a_time_only_the_newest_of_those_that_wait_ever_starts() {
    var slot = builder().oneAtATime().build();
    var waited = new ArrayList<CompletionStage<Outcome<String>>>();
    slot.submit(
        () -> {
          waited.add(slot.submit(FuturesTest::mustNotStart));
          waited.add(slot.submit(FuturesTest::mustNotStart));
          slot.submit(() -> "d");
          waited.forEach(over -> assertEquals("superseded", reason(over).kind()));
          return "a";
        });
    run(worker);
    run(screen);
    assertEquals(List.of("d"), shown);
    assertEquals(2, waited.size());
  }

  @Test
  void one_at_a_time_a_task_that_waits_when_the_slot_is_closed_never_starts() {
    var slot = builder().oneAtATime().build();
    var waited = new ArrayList<CompletionStage<Outcome<String>>>();
    slot.submit(
        () -> {
          waited.add(slot.submit(FuturesTest::mustNotStart));
          slot.close();
          return "a";
        });
    run(worker);
    run(screen);
    assertInstanceOf(CancellationReason.Closed.class, reason(waited.getFirst()));
    assertEquals(List.of(), shown);
  }

  @Test
  void one_at_a_time_a_task_that_fails_makes_room() {
    var slot = builder().oneAtATime().build();
    slot.submit(
        () -> {
          throw new IOException("a");
        });
    run(worker);
    slot.submit(() -> "b");
    run(worker);
    run(screen);
    assertEquals(List.of("b"), shown);
  }

  // ---- what users get wrong ----

  @Test
  void a_task_that_is_rejected_counts_as_failed() {
    var slot =
        builder()
            .executor(
                task -> {
                  throw new RejectedExecutionException("full");
                })
            .build();
    slot.submit(FuturesTest::mustNotStart);
    run(screen);
    assertEquals(List.of("failure full"), shown);
  }

  @Test
  void a_result_that_cannot_be_shown_counts_as_late() {
    var slot =
        Latest.<String>builder(
                task -> {
                  throw new RejectedExecutionException("shut down");
                },
                shown::add,
                e -> {})
            .executor(worker::add)
            .disposer(disposed::add)
            .build();
    var over = slot.submit(() -> "a");
    run(worker);
    assertEquals(List.of("a"), disposed);
    assertInstanceOf(CancellationReason.Closed.class, reason(over));
  }

  @Test
  void a_consumer_that_fails_hurts_nobody() {
    var thrown = new IllegalStateException("of the page");
    var slot =
        Latest.<String>builder(
                screen::add,
                result -> {
                  throw thrown;
                },
                e -> shown.add("not a failure of the task"))
            .executor(worker::add)
            .build();
    var over = slot.submit(() -> "a");
    run(worker);
    Thread thread = Thread.currentThread();
    var before = thread.getUncaughtExceptionHandler();
    var uncaught = new CompletableFuture<Throwable>();
    thread.setUncaughtExceptionHandler((t, e) -> uncaught.complete(e));
    try {
      run(screen);
    } finally {
      thread.setUncaughtExceptionHandler(before);
    }
    assertSame(thrown, uncaught.join());
    assertEquals(new Outcome.Success<>("a"), now(over));
    assertEquals(List.of(), shown);
  }

  @Test
  void a_consumer_may_call_the_slot() {
    var seen = new ArrayList<String>();
    var slots = new ArrayList<Latest<String>>();
    slots.add(
        Latest.<String>builder(
                Runnable::run,
                result -> {
                  seen.add(result);
                  if (result.equals("a")) {
                    slots.getFirst().submit(() -> "b");
                  }
                },
                e -> {})
            .executor(Runnable::run)
            .build());
    slots.getFirst().submit(() -> "a");
    assertEquals(List.of("a", "b"), seen);
  }

  @Test
  void it_says_where_it_stands() {
    assertEquals("Latest[CancellationToken[\"latest\", live]]", latest.toString());
    latest.submit(() -> "a");
    assertEquals("Latest[CancellationToken[\"request 1\", live]]", latest.toString());
  }
}
