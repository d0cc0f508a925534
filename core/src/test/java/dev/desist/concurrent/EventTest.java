package dev.desist.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationCallbackException;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Census;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;

/** The one-shot event: set once, told to everybody. */
@ExtendWith(Hygiene.class)
@Timeout(20)
class EventTest {
  private final Event<String> event = Event.create();
  private final CancellationSource source = CancellationSource.create();
  private final List<String> heard = new ArrayList<>();

  // ---- setting ----

  @Test
  void an_event_is_open_until_it_is_set() {
    assertFalse(event.isSet());
    assertEquals(Optional.empty(), event.value());
    assertTrue(event.set("a"));
    assertTrue(event.isSet());
    assertEquals(Optional.of("a"), event.value());
  }

  @Test
  void promise1_the_first_value_stays() {
    assertTrue(event.set("a"));
    assertFalse(event.set("b"));
    assertEquals(Optional.of("a"), event.value());
  }

  @Test
  void of_several_that_set_at_once_one_did_it_and_all_find_it_set() throws Exception {
    for (int round = 0; round < 200; round++) {
      Event<Integer> raced = Event.create();
      var barrier = new CyclicBarrier(3);
      var winners = new AtomicInteger();
      var calls =
          IntStream.range(0, 3)
              .mapToObj(
                  i ->
                      CompletableFuture.runAsync(
                          () -> {
                            boolean first = setTogether(raced, i, barrier);
                            assertTrue(raced.isSet());
                            assertEquals(first, raced.value().equals(Optional.of(i)));
                            winners.addAndGet(first ? 1 : 0);
                          },
                          task -> Thread.ofPlatform().start(task)))
              .toArray(CompletableFuture[]::new);
      CompletableFuture.allOf(calls).get();
      assertEquals(1, winners.get());
    }
  }

  private static boolean setTogether(Event<Integer> event, int value, CyclicBarrier barrier) {
    try {
      barrier.await();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
    return event.set(value);
  }

  // ---- listening ----

  @Test
  void a_listener_is_told_once_by_the_thread_that_sets() {
    var on = new ArrayList<Thread>();
    event.onSet(heard::add);
    event.onSet(_ -> on.add(Thread.currentThread()));
    event.set("a");
    event.set("b");
    assertEquals(List.of("a"), heard);
    assertEquals(List.of(Thread.currentThread()), on);
  }

  @Test
  void promise7_a_late_listener_is_told_at_once() {
    event.set("a");
    event.onSet(heard::add);
    assertEquals(List.of("a"), heard);
  }

  @Test
  void a_listener_that_was_taken_back_is_not_told() {
    assertTrue(event.onSet(heard::add).unregister());
    event.set("a");
    assertEquals(List.of(), heard);
    assertEquals(Census.EMPTY, Census.of(event.token()));
  }

  @Test
  void promise8_a_listener_with_an_executor_is_only_submitted() {
    var submitted = new ArrayList<Runnable>();
    event.onSet(submitted::add, heard::add);
    event.set("a");
    event.onSet(submitted::add, heard::add);
    assertEquals(List.of(), heard);
    submitted.forEach(Runnable::run);
    assertEquals(List.of("a", "a"), heard);
  }

  @Test
  void promise9_a_listener_that_fails_keeps_no_other_from_being_told() {
    var failure = new IllegalStateException();
    Consumer<String> failing =
        _ -> {
          throw failure;
        };
    event.onSet(heard::add);
    event.onSet(failing);
    event.onSet(heard::add);
    var thrown = assertThrows(CancellationCallbackException.class, () -> event.set("a"));
    assertSame(failure, thrown.getCause());
    assertEquals(List.of("a", "a"), heard);
    assertSame(failure, assertThrows(IllegalStateException.class, () -> event.onSet(failing)));
  }

  @Test
  void promise3_who_waits_is_woken_before_the_first_listener() throws Exception {
    var woken = new CountDownLatch(1);
    event.onSet(
        _ -> {
          try {
            woken.await();
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
        });
    var waiting =
        Parked.in(
            () -> {
              String value = event.await(source.token());
              woken.countDown();
              return value;
            });
    event.set("a");
    assertEquals("a", waiting.get());
  }

  @Test
  void the_stage_is_one_is_completed_by_a_thread_of_ours_and_by_nobody_else() throws Exception {
    var on = new CompletableFuture<Thread>();
    event.whenSet().thenRun(() -> on.complete(Thread.currentThread()));
    assertSame(event.whenSet(), event.whenSet());
    event.whenSet().toCompletableFuture().complete("by a stranger");
    event.set("a");
    assertNotSame(Thread.currentThread(), on.get());
    assertEquals("a", event.whenSet().toCompletableFuture().get());
  }

  // ---- waiting ----

  @Test
  void who_waits_is_given_the_value() throws Exception {
    var waiting = new ArrayList<Parked<String>>();
    for (int i = 0; i < 20; i++) {
      waiting.add(Parked.in(() -> event.await(source.token())));
    }
    event.set("a");
    for (Parked<String> parked : waiting) {
      assertEquals("a", parked.get());
    }
    assertEquals(Census.EMPTY, Census.of(source.token()));
  }

  @Test
  void a_wait_ends_when_its_token_is_cancelled() {
    var waiting = Parked.in(() -> event.await(source.token()));
    source.cancel("enough");
    var thrown = assertThrows(CancelledException.class, waiting::get);
    assertEquals("enough", thrown.reason().message());
    assertEquals(Census.EMPTY, Census.of(event.token()));
    assertFalse(event.isSet());
  }

  @Test
  void a_wait_obeys_the_current_token_as_well() {
    var waiting =
        Parked.in(
            () -> Cancellation.call(source.token(), () -> event.await(CancellationToken.none())));
    source.cancel();
    assertThrows(CancelledException.class, waiting::get);
    var timed =
        assertThrows(
            CancelledException.class,
            () ->
                Cancellation.call(
                    source.token(),
                    () -> event.await(CancellationToken.none(), Duration.ofDays(1))));
    assertEquals(source.token().reason().orElseThrow(), timed.reason());
  }

  @Test
  void an_event_that_is_set_beats_cancellation_and_interrupt() throws Exception {
    source.cancel();
    event.set("a");
    Thread.currentThread().interrupt();
    assertEquals("a", event.await(source.token()));
    assertEquals(Optional.of("a"), event.await(source.token(), Duration.ZERO));
    assertTrue(Thread.interrupted(), "left alone");
  }

  @Test
  void an_interrupted_waiter_throws_and_leaves_nothing_behind() {
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> event.await(source.token()));
    var waiting = Parked.in(() -> event.await(source.token()));
    waiting.thread().interrupt();
    assertThrows(InterruptedException.class, waiting::get);
    assertEquals(Census.EMPTY, Census.of(event.token()));
    assertEquals(Census.EMPTY, Census.of(source.token()));
  }

  @Test
  void promise17_a_timed_wait_goes_by_the_time_of_the_event() throws Exception {
    var time = new ManualTime();
    Event<String> timed = time.call(Event::create);
    var waiting = Parked.in(() -> timed.await(source.token(), Duration.ofHours(1)));
    time.advance(Duration.ofMinutes(59));
    assertFalse(waiting.task().isDone());
    time.advance(Duration.ofMinutes(1));
    assertEquals(Optional.empty(), waiting.get());
    assertEquals(Census.EMPTY, Census.of(timed.token()));
    assertEquals(Census.EMPTY, Census.of(source.token()));
    assertEquals(0, time.pending());
  }

  @Test
  void a_wait_of_no_time_only_asks() throws Exception {
    assertEquals(Optional.empty(), event.await(CancellationToken.none(), Duration.ZERO));
    source.cancel();
    assertThrows(CancelledException.class, () -> event.await(source.token(), Duration.ZERO));
  }

  // ---- the rest ----

  @Test
  void it_says_its_name_and_whether_it_is_set() {
    Event<String> named = Event.create("ready");
    assertEquals("Event[\"ready\", open]", named.toString());
    named.set("secret");
    assertEquals("Event[\"ready\", set]", named.toString());
    assertEquals("Event[open]", event.toString());
  }

  @Test
  @SuppressWarnings({"NullAway", "DataFlowIssue"}) // passing null is the point
  void misuse_names_the_parameter() {
    refuses("name", () -> Event.create(null));
    for (int round = 0; round < 2; round++) { // open, then set
      refuses("value", () -> event.set(null));
      refuses("listener", () -> event.onSet(null));
      refuses("executor", () -> event.onSet(null, _ -> {}));
      refuses("listener", () -> event.onSet(Runnable::run, null));
      refuses("token", () -> event.await(null));
      refuses("timeout", () -> event.await(CancellationToken.none(), null));
      assertEquals(
          "timeout must not be negative: PT-1S",
          assertThrows(
                  IllegalArgumentException.class,
                  () -> event.await(CancellationToken.none(), Duration.ofSeconds(-1)))
              .getMessage());
      event.set("a");
    }
  }

  private static void refuses(String parameter, Executable call) {
    assertEquals(parameter, assertThrows(NullPointerException.class, call).getMessage());
  }
}
