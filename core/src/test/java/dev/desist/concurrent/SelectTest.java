package dev.desist.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Census;
import dev.desist.Deadline;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Waiting for the first of several: who wins, what is left of the others, and what is kept. */
@ExtendWith(Hygiene.class)
@Timeout(60)
class SelectTest {
  private final Event<String> event = Event.create();
  private final SelectableQueue<String> queue = SelectableQueue.unbounded();
  private final SelectableQueue<String> other = SelectableQueue.unbounded();
  private final CompletableFuture<String> future = new CompletableFuture<>();
  private final CancellationSource stop = CancellationSource.create("stop");
  private final CancellationSource current = CancellationSource.create("current");
  private final Deadline never = Deadline.after(Duration.ofDays(1));

  private final Select<String> everything =
      Select.biased(
          Clause.cancelled(stop.token(), _ -> "stopped"),
          Clause.completed(future, value -> value),
          Clause.happened(event, value -> value),
          Clause.taken(queue, element -> element),
          Clause.taken(other, element -> element),
          Clause.passed(never, () -> "late"));

  private void assertNothingIsLeftBehind() {
    assertEquals(
        List.of(Census.EMPTY, Census.EMPTY, Census.EMPTY, Census.EMPTY, Census.EMPTY),
        Stream.of(stop.token(), event.token(), queue.arrival(), other.arrival(), current.token())
            .map(Census::of)
            .toList());
  }

  // ---- who wins ----

  @Test
  void the_only_one_that_becomes_ready_wins() throws Exception {
    var waiting = Parked.in(() -> everything.await(current.token()));
    other.add("a");
    assertEquals("a", waiting.get());
    assertNothingIsLeftBehind();
  }

  @Test
  void biased_means_in_the_order_given() throws Exception {
    other.add("d");
    queue.add("c");
    event.set("b");
    future.complete("a");
    assertEquals("a", everything.await(CancellationToken.none()));
    assertEquals("b", onlyThese(2, 3, 4).await(CancellationToken.none()));
    assertEquals("c", onlyThese(3, 4).await(CancellationToken.none()));
    assertEquals("d", onlyThese(4, 3).await(CancellationToken.none()));
  }

  private Select<String> onlyThese(int... indices) {
    List<Clause<String>> all =
        List.of(
            Clause.cancelled(stop.token(), _ -> "stopped"),
            Clause.completed(future, value -> value),
            Clause.happened(event, value -> value),
            Clause.taken(queue, element -> element),
            Clause.taken(other, element -> element));
    return Select.biased(IntStream.of(indices).mapToObj(all::get).toList());
  }

  @Test
  void fair_means_each_of_the_ready_as_often_as_the_others() throws Exception {
    Event<String> open = Event.create();
    event.set("event");
    future.complete("future");
    stop.cancel();
    var select =
        Select.fair(
            Clause.happened(event, Function.identity()),
            Clause.happened(open, Function.identity()),
            Clause.completed(future, Function.identity()),
            Clause.cancelled(stop.token(), _ -> "stop"));
    Map<String, Integer> wins = new HashMap<>();
    for (int i = 0; i < 6_000; i++) {
      wins.merge(select.await(CancellationToken.none()), 1, Integer::sum);
    }
    assertEquals(Set.of("event", "future", "stop"), wins.keySet());
    assertTrue(wins.values().stream().allMatch(count -> count > 1_700), wins.toString());
  }

  @Test
  void promise20_nothing_is_taken_from_the_losers() throws Exception {
    queue.add("a");
    other.add("b");
    var select =
        Select.fair(
            Clause.taken(queue, element -> element), Clause.taken(other, element -> element));
    String first = select.await(CancellationToken.none());
    assertEquals(1, queue.size() + other.size());
    assertEquals(Set.of("a", "b"), Set.of(first, select.await(CancellationToken.none())));
    assertFalse(future.isDone());
  }

  @Test
  void the_handler_runs_on_the_thread_that_waits() throws Exception {
    var on = new ArrayList<Thread>();
    Clause<String> clause =
        Clause.happened(
            event,
            value -> {
              on.add(Thread.currentThread());
              return value;
            });
    var waiting = Parked.in(() -> Select.biased(clause).await(CancellationToken.none()));
    event.set("a");
    assertEquals("a", waiting.get());
    assertEquals(List.of(waiting.thread()), on);
  }

  @Test
  void a_handler_may_select_again() throws Exception {
    event.set("a");
    queue.add("b");
    var inner = Select.biased(Clause.taken(queue, element -> element));
    assertEquals(
        "ab",
        Select.biased(Clause.happened(event, a -> a + awaited(inner)))
            .await(CancellationToken.none()));
  }

  private static String awaited(Select<String> select) {
    try {
      return select.await(CancellationToken.none());
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  // ---- cancellation, interrupts, time ----

  @Test
  void a_wait_ends_when_its_token_is_cancelled_and_has_taken_nothing() {
    var waiting = Parked.in(() -> everything.await(current.token()));
    current.cancel("enough");
    assertEquals("enough", assertThrows(CancelledException.class, waiting::get).reason().message());
    queue.add("a");
    assertEquals(List.of("a"), List.copyOf(queue));
    assertNothingIsLeftBehind();
  }

  @Test
  void a_wait_obeys_the_current_token_as_well() {
    var waiting =
        Parked.in(
            () ->
                Cancellation.call(
                    current.token(), () -> everything.await(CancellationToken.none())));
    current.cancel();
    assertThrows(CancelledException.class, waiting::get);
  }

  @Test
  void what_is_ready_beats_cancellation_and_interrupt() throws Exception {
    current.cancel();
    Thread.currentThread().interrupt();
    queue.add("a");
    assertEquals("a", everything.await(current.token()));
    assertTrue(Thread.interrupted(), "left alone");
    assertThrows(CancelledException.class, () -> everything.await(current.token()));
  }

  @Test
  void the_current_token_as_a_clause_wins_before_it_throws() throws Exception {
    var select = Select.biased(Clause.cancelled(current.token(), _ -> "handled"));
    current.cancel();
    assertEquals("handled", select.await(current.token()));
  }

  @Test
  void an_interrupted_wait_throws_has_taken_nothing_and_leaves_nothing_behind() {
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> everything.await(current.token()));
    var waiting = Parked.in(() -> everything.await(current.token()));
    waiting.thread().interrupt();
    assertThrows(InterruptedException.class, waiting::get);
    queue.add("a");
    assertEquals(1, queue.size());
    assertNothingIsLeftBehind();
  }

  @Test
  void promise14_a_deadline_that_lost_leaves_the_timer() throws Exception {
    var time = new ManualTime();
    Deadline soon = time.call(() -> Deadline.after(Duration.ofMinutes(1)));
    Deadline late = time.call(() -> Deadline.after(Duration.ofMinutes(2)));
    var select =
        Select.biased(
            Clause.passed(late, () -> "late"),
            Clause.passed(soon, () -> "soon"),
            Clause.taken(queue, element -> element));
    var waiting = Parked.in(() -> select.await(CancellationToken.none()));
    assertEquals(2, time.pending());
    queue.add("a");
    assertEquals("a", waiting.get());
    assertEquals(0, time.pending());
    waiting = Parked.in(() -> select.await(CancellationToken.none()));
    time.advance(Duration.ofMinutes(1));
    assertEquals("soon", waiting.get());
    assertEquals(0, time.pending());
  }

  @Test
  void promise17_deadlines_of_different_times_do_not_hide_each_other() throws Exception {
    var one = new ManualTime();
    var two = new ManualTime();
    Deadline sooner = one.call(() -> Deadline.after(Duration.ofMinutes(1)));
    Deadline later = two.call(() -> Deadline.after(Duration.ofMinutes(2)));
    var select =
        Select.biased(Clause.passed(sooner, () -> "one"), Clause.passed(later, () -> "two"));
    var waiting = Parked.in(() -> select.await(CancellationToken.none()));
    two.advance(Duration.ofMinutes(2));
    assertEquals("two", waiting.get());
    assertEquals(0, one.pending());
  }

  @Test
  void a_passed_deadline_at_the_end_is_what_to_do_if_nothing_is_ready() throws Exception {
    var poll =
        Select.biased(
            Clause.taken(queue, element -> element),
            Clause.passed(Deadline.after(Duration.ZERO), () -> "nothing"));
    assertEquals("nothing", poll.await(CancellationToken.none()));
    queue.add("a");
    assertEquals("a", poll.await(CancellationToken.none()));
  }

  @Test
  void none_is_never_ready() {
    var waiting =
        Parked.in(
            () ->
                Select.biased(
                        Clause.cancelled(CancellationToken.none(), _ -> "no"),
                        Clause.passed(Deadline.none(), () -> "no"))
                    .await(CancellationToken.none()));
    waiting.thread().interrupt();
    assertThrows(InterruptedException.class, waiting::get);
  }

  // ---- many ----

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void ten_thousand_clauses_work(boolean fair) throws Exception {
    var events = new ArrayList<Event<Integer>>();
    var clauses = new ArrayList<Clause<Integer>>();
    for (int i = 0; i < 10_000; i++) {
      Event<Integer> one = Event.create();
      events.add(one);
      clauses.add(Clause.happened(one, value -> value));
    }
    var select = fair ? Select.fair(clauses) : Select.biased(clauses);
    var waiting = Parked.in(() -> select.await(current.token()));
    events.get(9_999).set(9_999);
    assertEquals(9_999, waiting.get());
    assertEquals(Census.EMPTY, Census.of(current.token()));
  }

  @Test
  void ten_thousand_deadlines_work() throws Exception {
    var time = new ManualTime();
    var clauses = new ArrayList<Clause<Integer>>();
    for (int i = 0; i < 10_000; i++) {
      Deadline deadline = time.call(() -> Deadline.after(Duration.ofMinutes(1)));
      clauses.add(Clause.passed(deadline, () -> 1));
    }
    var waiting = Parked.in(() -> Select.biased(clauses).await(CancellationToken.none()));
    time.advance(Duration.ofMinutes(1));
    assertEquals(1, waiting.get());
    assertEquals(0, time.pending());
  }

  @Test
  void promise14_waiting_again_and_again_for_one_stage_leaves_one_callback_there()
      throws Exception {
    int before = future.getNumberOfDependents();
    var select =
        Select.biased(
            Clause.completed(future, value -> value), Clause.taken(queue, element -> element));
    for (int i = 0; i < 100_000; i++) {
      queue.add("a");
      select.await(current.token());
    }
    for (int i = 0; i < 1_000; i++) {
      var waiting = new CompletableFuture<Thread>();
      var waker =
          Thread.startVirtualThread(
              () -> {
                while (waiting.join().getState() != Thread.State.WAITING) {
                  Thread.onSpinWait();
                }
                queue.add("a");
              });
      waiting.complete(Thread.currentThread());
      select.await(current.token());
      waker.join();
    }
    assertEquals(before + 1, future.getNumberOfDependents());
    assertNothingIsLeftBehind();
  }

  @Test
  void several_that_wait_for_one_queue_get_one_element_each() throws Exception {
    var waiting = new ArrayList<Parked<String>>();
    for (int i = 0; i < 10; i++) {
      waiting.add(Parked.in(() -> everything.await(CancellationToken.none())));
    }
    for (int i = 0; i < 10; i++) {
      queue.add("element " + i);
    }
    var got = new HashSet<String>();
    for (Parked<String> parked : waiting) {
      got.add(parked.get());
    }
    assertEquals(10, got.size());
    assertTrue(queue.isEmpty());
  }

  @Test
  void promise2_what_was_done_before_is_seen_by_the_handler() throws Exception {
    var data = new int[1];
    var waiting =
        Parked.in(
            () -> Select.biased(Clause.taken(queue, _ -> data[0])).await(CancellationToken.none()));
    data[0] = 42;
    queue.add("a");
    assertEquals(42, waiting.get());
  }

  // ---- misuse ----

  @Test
  void no_clause_is_refused() {
    for (Executable call :
        List.<Executable>of(
            Select::biased,
            Select::fair,
            () -> Select.biased(List.of()),
            () -> Select.fair(List.of()))) {
      assertEquals(
          "clauses must not be empty: []",
          assertThrows(IllegalArgumentException.class, call).getMessage());
    }
  }

  @Test
  void later_changes_of_the_list_are_not_seen() throws Exception {
    var clauses = new ArrayList<>(List.of(Clause.happened(event, value -> value)));
    var select = Select.biased(clauses);
    clauses.clear();
    event.set("a");
    assertSame("a", select.await(CancellationToken.none()));
  }

  @Test
  @SuppressWarnings({"NullAway", "DataFlowIssue"}) // passing null is the point
  void misuse_names_the_parameter() {
    var clause = Clause.happened(event, value -> value);
    refuses("clauses", () -> Select.biased((Clause<String>[]) null));
    refuses("clauses", () -> Select.fair((Clause<String>[]) null));
    refuses("clauses", () -> Select.biased((List<Clause<String>>) null));
    refuses("clauses", () -> Select.fair((List<Clause<String>>) null));
    refuses("clauses[1]", () -> Select.biased(clause, null));
    refuses("clauses[0]", () -> Select.fair(null, clause));
    refuses("token", () -> Select.biased(clause).await(null));
  }

  private static void refuses(String parameter, Executable call) {
    assertEquals(parameter, assertThrows(NullPointerException.class, call).getMessage());
  }
}
