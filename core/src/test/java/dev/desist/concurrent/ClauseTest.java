package dev.desist.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Deadline;
import dev.desist.Outcome;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;

/** What each kind of clause waits for, and what its handler is given. */
@ExtendWith(Hygiene.class)
@Timeout(20)
class ClauseTest {
  private final CompletableFuture<String> stage = new CompletableFuture<>();
  private final Clause<String> completed = completed(stage);
  private final Clause<Outcome<String>> ended = Clause.ended(stage, outcome -> outcome);

  private static <R extends @Nullable Object> R won(Clause<R> clause) throws InterruptedException {
    return Select.biased(clause).await(CancellationToken.none());
  }

  private static <T extends @Nullable Object> Clause<T> completed(CompletionStage<T> stage) {
    return Clause.<T, T>completed(stage, value -> value);
  }

  // ---- stages ----

  @Test
  void a_stage_that_completes_wins_with_its_value() throws Exception {
    var waiting = Parked.in(() -> won(completed));
    stage.complete("a");
    assertEquals("a", waiting.get());
    assertEquals(new Outcome.Success<>("a"), won(ended));
  }

  @Test
  void a_stage_may_complete_with_null_or_have_completed_before() throws Exception {
    var done = CompletableFuture.<@Nullable String>completedFuture(null);
    Clause<@Nullable String> clause = completed(done);
    assertNull(Select.<@Nullable String>biased(clause).await(CancellationToken.none()));
    assertEquals(
        new Outcome.Success<@Nullable String>(null), won(Clause.ended(done, outcome -> outcome)));
  }

  @Test
  void a_stage_that_fails_is_thrown_as_by_join() {
    var failure = new IOException();
    stage.completeExceptionally(failure);
    var thrown = assertThrows(CompletionException.class, () -> won(completed));
    assertSame(failure, thrown.getCause());
  }

  @Test
  void a_stage_that_fails_behind_another_is_wrapped_once() throws Exception {
    var behind = stage.thenApply(value -> value);
    var failure = new IOException();
    stage.completeExceptionally(failure);
    var thrown = assertThrows(CompletionException.class, () -> won(completed(behind)));
    assertSame(failure, thrown.getCause());
    assertEquals(new Outcome.Failure<>(failure), won(Clause.ended(behind, outcome -> outcome)));
  }

  @Test
  void a_stage_that_is_cancelled_is_a_failure() throws Exception {
    stage.cancel(false);
    assertThrows(CancellationException.class, () -> won(completed));
    assertTrue(
        won(ended) instanceof Outcome.Failure(Throwable exception)
            && exception instanceof CancellationException);
  }

  @Test
  void promise24_a_stage_that_ends_with_our_cancellation_tells_the_reason() throws Exception {
    var reason = CancellationReason.superseded("a newer request came");
    var cancelled = new CancelledException(CancellationToken.cancelled(reason));
    stage.completeExceptionally(cancelled);
    assertSame(cancelled, assertThrows(CancelledException.class, () -> won(completed)));
    assertEquals(new Outcome.Cancelled<>(reason), won(ended));
    assertEquals(
        new Outcome.Cancelled<>(reason),
        won(Clause.ended(stage.thenApply(value -> value), outcome -> outcome)));
  }

  // ---- what belongs to this library ----

  @Test
  void a_token_that_is_cancelled_wins_with_its_reason() throws Exception {
    var source = CancellationSource.create();
    var waiting = Parked.in(() -> won(Clause.cancelled(source.token(), reason -> reason)));
    source.cancel("enough");
    assertEquals("enough", waiting.get().message());
  }

  @Test
  void an_event_that_is_set_wins_with_its_value() throws Exception {
    Event<String> event = Event.create();
    var waiting = Parked.in(() -> won(Clause.happened(event, value -> value)));
    event.set("a");
    assertEquals("a", waiting.get());
  }

  @Test
  void promise20_a_queue_wins_with_the_element_it_no_longer_has() throws Exception {
    SelectableQueue<String> queue = SelectableQueue.unbounded();
    var waiting = Parked.in(() -> won(Clause.taken(queue, element -> element)));
    queue.add("a");
    assertEquals("a", waiting.get());
    assertTrue(queue.isEmpty());
  }

  @Test
  void promise17_a_deadline_wins_when_it_has_passed_by_its_own_time() throws Exception {
    var time = new ManualTime();
    Deadline deadline = time.call(() -> Deadline.after(Duration.ofHours(1)));
    var waiting = Parked.in(() -> won(Clause.passed(deadline, () -> "late")));
    time.advance(Duration.ofMinutes(59));
    assertEquals(1, time.pending());
    time.advance(Duration.ofMinutes(1));
    assertEquals("late", waiting.get());
    assertEquals("late", won(Clause.passed(deadline, () -> "late")));
    assertEquals(0, time.pending());
  }

  @Test
  void what_the_handler_throws_is_thrown() {
    SelectableQueue<String> queue = SelectableQueue.unbounded();
    queue.add("a");
    var failure = new IllegalStateException();
    Clause<String> failing =
        Clause.taken(
            queue,
            _ -> {
              throw failure;
            });
    assertSame(failure, assertThrows(IllegalStateException.class, () -> won(failing)));
    assertTrue(queue.isEmpty(), "it was handed over");
  }

  @Test
  @SuppressWarnings({"NullAway", "DataFlowIssue"}) // passing null is the point
  void misuse_names_the_parameter() {
    refuses("stage", () -> Clause.completed(null, value -> value));
    refuses("handler", () -> Clause.completed(stage, null));
    refuses("stage", () -> Clause.ended(null, outcome -> outcome));
    refuses("handler", () -> Clause.ended(stage, null));
    refuses("token", () -> Clause.cancelled(null, reason -> reason));
    refuses("handler", () -> Clause.cancelled(CancellationToken.none(), null));
    refuses("deadline", () -> Clause.passed(null, () -> 1));
    refuses("handler", () -> Clause.passed(Deadline.none(), null));
    refuses("event", () -> Clause.happened((Event<String>) null, value -> value));
    refuses("handler", () -> Clause.happened(Event.create(), null));
    refuses("queue", () -> Clause.taken((SelectableQueue<String>) null, element -> element));
    refuses("handler", () -> Clause.taken(SelectableQueue.unbounded(), null));
  }

  private static void refuses(String parameter, Executable call) {
    assertEquals(parameter, assertThrows(NullPointerException.class, call).getMessage());
  }
}
