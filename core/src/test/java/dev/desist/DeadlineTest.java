package dev.desist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.scope.Tasks;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Time: deadlines, timeouts, and whose they were. All but the last tests run on manual time. */
@ExtendWith(Hygiene.class)
@Timeout(20)
class DeadlineTest {
  private static final Duration FOREVER = ChronoUnit.FOREVER.getDuration();

  private final ManualTime time = new ManualTime();

  private CancellationSource source(String name) throws Exception {
    return time.call(() -> CancellationSource.create(name));
  }

  private static Duration millis(long millis) {
    return Duration.ofMillis(millis);
  }

  @Test
  void promise15_the_earliest_deadline_counts_and_is_visible_below() throws Exception {
    var parent = source("parent");
    parent.cancelAfter(millis(100));
    var late = parent.token().childWithTimeout(millis(500));
    var early = parent.token().childWithTimeout(millis(50));
    assertEquals(millis(100), late.token().deadline().remaining());
    assertEquals(millis(50), early.token().deadline().remaining());
    time.advance(millis(50));
    assertTrue(early.isCancelled());
    assertFalse(late.isCancelled());
    time.advance(millis(50));
    var reason =
        assertInstanceOf(
            CancellationReason.DeadlineExceeded.class, late.token().reason().orElseThrow());
    assertEquals("parent", reason.owner());
    assertEquals("the 100 ms deadline of \"parent\" passed", reason.message());
    assertSame(reason, parent.token().reason().orElseThrow());
    assertEquals(Duration.ZERO, reason.deadline().remaining());
  }

  @Test
  void promise15_of_equal_deadlines_the_outer_one_is_charged() throws Exception {
    var outer = source("outer");
    outer.cancelAfter(millis(10));
    var inner = outer.token().childWithTimeout(millis(10));
    time.advance(millis(10));
    assertEquals(List.of("outer", "unnamed"), inner.token().path());
  }

  @Test
  void cancelAfter_replaces_until_it_has_fired() throws Exception {
    var source = source("moved");
    source.cancelAfter(millis(100));
    source.cancelAfter(millis(10));
    assertEquals(1, time.pending());
    source.cancelAfter(millis(50));
    time.advance(millis(49));
    assertFalse(source.isCancelled());
    time.advance(millis(1));
    assertTrue(source.isCancelled());
    source.cancelAfter(millis(1_000));
    assertEquals(0, time.pending());
  }

  @Test
  void a_deadline_can_be_taken_away() throws Exception {
    var source = source("freed");
    source.cancelAfter(millis(100));
    source.cancelAfter(FOREVER);
    assertTrue(source.token().deadline().isNone());
    assertEquals(0, time.pending());
    time.advance(Duration.ofDays(365));
    assertFalse(source.isCancelled());
  }

  @Test
  void zero_cancels_at_once_and_negative_is_refused() throws Exception {
    var source = source("zero");
    var runs = new AtomicInteger();
    source.token().onCancel(runs::incrementAndGet);
    var refused =
        assertThrows(IllegalArgumentException.class, () -> source.cancelAfter(millis(-1)));
    assertEquals("timeout must not be negative: PT-0.001S", refused.getMessage());
    assertFalse(source.isCancelled());
    source.cancelAfter(Duration.ZERO);
    assertInstanceOf(
        CancellationReason.DeadlineExceeded.class, source.token().reason().orElseThrow());
    assertEquals(1, runs.get());
    assertTrue(CancellationToken.none().childWithTimeout(Duration.ZERO).isCancelled());
    assertThrows(
        IllegalArgumentException.class,
        () -> CancellationToken.none().childWithTimeout(millis(-1)));
    assertThrows(IllegalArgumentException.class, () -> Deadline.after(millis(-1)));
  }

  @Test
  void over_long_timeouts_mean_never() throws Exception {
    var source = source("patient");
    for (Duration timeout :
        List.of(FOREVER, Duration.ofSeconds(Long.MAX_VALUE), Duration.ofDays(365 * 147L))) {
      source.cancelAfter(timeout);
      assertTrue(source.token().deadline().isNone(), timeout.toString());
      assertSame(Deadline.none(), Deadline.after(timeout));
    }
    source.cancelAfter(Duration.ofNanos(Long.MAX_VALUE / 2)); // the longest that counts
    assertFalse(source.token().deadline().isNone());
    assertFalse(source.isCancelled());
  }

  @Test
  void remaining_is_never_negative_and_for_ever_without_a_deadline() throws Exception {
    assertEquals(FOREVER, Deadline.none().remaining());
    assertEquals(FOREVER, CancellationToken.none().deadline().remaining());
    Deadline deadline = time.call(() -> Deadline.after(millis(10)));
    assertEquals(millis(10), deadline.remaining());
    time.advance(millis(20));
    assertEquals(Duration.ZERO, deadline.remaining());
    assertTrue(deadline.isPassed());
    assertEquals("Deadline[10 ms ago]", deadline.toString());
    assertEquals("Deadline[none]", Deadline.none().toString());
  }

  @Test
  void an_instant_is_turned_into_monotonic_time_when_the_deadline_is_made() throws Exception {
    Instant now = time.instant();
    assertEquals(millis(5), time.call(() -> Deadline.at(now.plusMillis(5)).remaining()));
    assertTrue(time.call(() -> Deadline.at(now.minusSeconds(1)).isPassed()));
    assertTrue(time.call(() -> Deadline.at(Instant.MIN).isPassed()));
    assertSame(Deadline.none(), time.call(() -> Deadline.at(Instant.MAX)));
  }

  @Test
  void the_earliest_of_two() throws Exception {
    Deadline soon = time.call(() -> Deadline.after(millis(1)));
    Deadline later = time.call(() -> Deadline.after(millis(2)));
    assertSame(soon, Deadline.earliest(soon, later));
    assertSame(soon, Deadline.earliest(later, soon));
    assertSame(soon, Deadline.earliest(Deadline.none(), soon));
    assertSame(soon, Deadline.earliest(soon, Deadline.none()));
    assertSame(Deadline.none(), Deadline.earliest(Deadline.none(), Deadline.none()));
  }

  @Test
  void equal_deadlines_fire_in_the_order_they_were_made() throws Exception {
    var fired = new ArrayList<Integer>();
    for (int i = 0; i < 10; i++) {
      int number = i;
      var source = source("s" + i);
      source.cancelAfter(millis(5));
      source.token().onCancel(() -> fired.add(number));
    }
    time.advance(millis(5));
    assertEquals(List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), fired);
  }

  @Test
  void promise16_the_owner_gets_a_timeout_and_the_code_inside_a_cancellation() throws Exception {
    var inside = new ArrayList<CancelledException>();
    var thrown =
        assertThrows(
            TimeoutException.class,
            () ->
                time.call(
                    () ->
                        Tasks.within(
                            millis(30),
                            () -> {
                              time.advance(millis(30));
                              try {
                                Cancellation.checkpoint();
                              } catch (CancelledException e) {
                                inside.add(e);
                                throw e;
                              }
                              return "never";
                            })));
    assertEquals("the 30 ms deadline passed", thrown.getMessage());
    assertSame(inside.getFirst(), thrown.getCause());
    assertEquals(0, time.pending());
  }

  @Test
  void promise16_an_outer_timeout_is_not_the_inner_ones() throws Exception {
    var thrown =
        assertThrows(
            TimeoutException.class,
            () ->
                time.call(
                    () ->
                        Tasks.within(
                            millis(10),
                            () -> {
                              assertThrows(
                                  CancelledException.class,
                                  () ->
                                      Tasks.within(
                                          millis(20),
                                          () -> {
                                            time.advance(millis(15));
                                            Cancellation.checkpoint();
                                            return 0;
                                          }));
                              Cancellation.checkpoint();
                              return 0;
                            })));
    assertEquals("the 10 ms deadline passed", thrown.getMessage());
  }

  @Test
  void promise16_a_result_beats_the_timeout() throws Exception {
    String value =
        time.call(
            () ->
                Tasks.within(
                    millis(10),
                    () -> {
                      time.advance(millis(20));
                      return "late but done";
                    }));
    assertEquals("late but done", value);
  }

  @Test
  void a_deadline_set_inside_a_shield_still_fires() throws Exception {
    var outer = source("outer");
    outer.cancel();
    assertThrows(
        TimeoutException.class,
        () ->
            time.call(
                () ->
                    Cancellation.call(
                        outer.token(),
                        () ->
                            Cancellation.shielded(
                                () ->
                                    Tasks.within(
                                        millis(5),
                                        () -> {
                                          Cancellation.checkpoint();
                                          time.advance(millis(5));
                                          Cancellation.checkpoint();
                                          return 0;
                                        })))));
  }

  @Test
  void promise17_waits_run_on_manual_time_on_any_thread() throws Exception {
    var source = source("waited");
    var result = new ArrayList<Boolean>();
    var started = new CountDownLatch(1);
    Thread waiter =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    started.countDown();
                    result.add(source.token().await(Duration.ofDays(1)));
                  } catch (InterruptedException e) {
                    throw new AssertionError(e);
                  }
                });
    started.await();
    org.awaitility.Awaitility.await().until(() -> time.pending() == 1);
    time.advance(Duration.ofDays(1));
    waiter.join();
    assertEquals(List.of(false), result);
    assertEquals(0, time.pending());
  }

  @Test
  void the_machines_timer_fires_and_survives_what_callbacks_do() throws Exception {
    var blocked = new CountDownLatch(1);
    var failing = CancellationSource.create("failing");
    var failed = new CountDownLatch(1);
    failing
        .token()
        .onCancel(
            () -> {
              Thread.currentThread().setUncaughtExceptionHandler((t, e) -> failed.countDown());
              throw new IllegalStateException("a callback of a deadline");
            });
    var slow = CancellationSource.create("slow");
    slow.token()
        .onCancel(
            () -> {
              try {
                blocked.await();
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            });
    var last = CancellationSource.create("last");
    failing.cancelAfter(millis(1));
    slow.cancelAfter(millis(2));
    last.cancelAfter(millis(30));
    assertTrue(last.token().await(Duration.ofSeconds(10)), "one callback delayed another deadline");
    assertTrue(slow.isCancelled());
    failed.await();
    blocked.countDown();
  }

  @Test
  void a_duration_is_written_as_a_person_would() {
    assertEquals("0 µs", Deadline.text(Duration.ZERO));
    assertEquals("250 ms", Deadline.text(millis(250)));
    assertEquals("1.5 s", Deadline.text(millis(1_500)));
    assertEquals("12.3 s", Deadline.text(millis(12_345)));
    assertEquals("1 min 30 s", Deadline.text(Duration.ofSeconds(90)));
    assertEquals("2 h 5 min", Deadline.text(Duration.ofMinutes(125)));
    assertEquals("3 d", Deadline.text(Duration.ofDays(3)));
  }

  @Test
  void a_token_whose_time_is_up_still_tells_its_deadline() throws Exception {
    var source = source("late");
    source.cancelAfter(Duration.ofHours(1));
    source.cancelAfter(Duration.ZERO);
    assertTrue(source.token().deadline().isPassed());
    assertTrue(
        CancellationToken.none().childWithTimeout(Duration.ZERO).token().deadline().isPassed());
  }

  @Test
  void a_named_child_is_the_named_owner_of_its_deadline() throws Exception {
    var parent = source("parent");
    var child = parent.token().childWithTimeout("lookup", millis(10));
    var other = parent.token().childWithDeadline("other", child.token().deadline());
    time.advance(millis(10));
    assertEquals(
        "the 10 ms deadline of \"lookup\" passed", child.token().reason().orElseThrow().message());
    assertEquals(
        "the 10 ms deadline of \"other\" passed", other.token().reason().orElseThrow().message());
    assertEquals(time.instant(), child.token().reason().orElseThrow().origin().time());
  }
}
