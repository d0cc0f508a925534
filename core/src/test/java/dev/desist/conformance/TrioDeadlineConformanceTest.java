package dev.desist.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.Deadline;
import dev.desist.scope.Joiner;
import dev.desist.scope.TaskScope;
import dev.desist.scope.Tasks;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Blocks with a deadline, as the tests of Trio see them. */
@ExtendWith(Hygiene.class)
@Timeout(60)
class TrioDeadlineConformanceTest {
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration MINUTE = Duration.ofMinutes(1);

  private final ManualTime time = new ManualTime();

  @Test
  @Conforms("TRI-09")
  void a_deadline_works_inside_its_block_can_be_moved_and_is_gone_afterwards() throws Exception {
    var source = time.call(CancellationSource::create);
    source.cancelAfter(SECOND);
    source.close();
    assertEquals(0, time.pending());
    time.advance(MINUTE);
    assertInstanceOf(CancellationReason.Closed.class, source.token().reason().orElseThrow());

    var moved = time.call(CancellationSource::create);
    moved.cancelAfter(SECOND);
    moved.cancelAfter(MINUTE); // later
    time.advance(SECOND.multipliedBy(2));
    Cancellation.run(moved.token(), Cancellation::checkpoint);
    moved.cancelAfter(SECOND); // earlier
    time.advance(SECOND);
    var thrown =
        assertThrows(
            CancelledException.class,
            () -> Cancellation.run(moved.token(), Cancellation::checkpoint));
    assertInstanceOf(CancellationReason.DeadlineExceeded.class, thrown.reason());
  }

  @Test
  @Conforms("TRI-09")
  void a_sleeping_thread_is_woken_by_the_deadline_of_its_block() throws Exception {
    var sleeper =
        Workers.start(
            () ->
                time.call(
                    () ->
                        assertThrows(
                            TimeoutException.class,
                            () ->
                                Tasks.within(
                                    SECOND,
                                    () -> {
                                      Cancellation.sleep(Duration.ofDays(1));
                                      return true;
                                    }))));
    sleeper.awaitBlocked();
    time.advance(SECOND);
    sleeper.finish();
    assertEquals(0, time.pending());
  }

  @Test
  @Conforms("TRI-15")
  void a_deadline_moved_after_it_has_passed_changes_nothing() throws Exception {
    var source = time.call(CancellationSource::create);
    source.cancelAfter(SECOND);
    time.advance(SECOND);
    var reason = source.token().reason();
    source.cancelAfter(MINUTE);
    source.cancelAfter(ChronoUnit.FOREVER.getDuration());
    assertTrue(source.isCancelled());
    assertEquals(reason, source.token().reason());
    assertEquals(0, time.pending());
  }

  @Test
  @Conforms("TRI-17")
  void the_effective_deadline_is_the_earliest_and_ends_at_a_shield() throws Exception {
    time.call(
        () -> {
          assertTrue(Cancellation.current().deadline().isNone());
          return Tasks.within(
              MINUTE,
              () -> {
                assertEquals(MINUTE, left());
                assertEquals(SECOND, Tasks.within(SECOND, TrioDeadlineConformanceTest::left));
                assertEquals(
                    MINUTE, Tasks.within(MINUTE.plus(SECOND), TrioDeadlineConformanceTest::left));
                Cancellation.shielded(
                    () -> {
                      assertTrue(Cancellation.current().deadline().isNone());
                      return Tasks.within(
                          MINUTE.plus(SECOND),
                          () -> {
                            assertEquals(MINUTE.plus(SECOND), left());
                            return true;
                          });
                    });
                var nested = Cancellation.current().child();
                return Cancellation.call(
                    nested.token(),
                    () -> {
                      assertEquals(MINUTE, left());
                      time.advance(MINUTE);
                      assertEquals(Duration.ZERO, left());
                      assertTrue(Cancellation.current().isCancelled());
                      return true;
                    });
              });
        });
  }

  private static Duration left() {
    return Cancellation.current().deadline().remaining();
  }

  @Test
  @Conforms("TRI-19")
  void a_deadline_moved_ten_thousand_times_is_one_entry_in_the_timer() throws Exception {
    var source = time.call(CancellationSource::create);
    for (int i = 0; i < 10_000; i++) {
      source.cancelAfter(i % 2 == 0 ? MINUTE : Duration.ofDays(1));
      assertEquals(1, time.pending());
      if (i % 3 == 0) {
        source.cancelAfter(ChronoUnit.FOREVER.getDuration());
        assertEquals(0, time.pending());
      }
    }
    source.close();
    assertEquals(0, time.pending());
  }

  @Test
  @Conforms("TRI-21")
  void a_negative_timeout_is_refused_and_a_deadline_in_the_past_is_not() throws Exception {
    var negative = Duration.ofNanos(-1);
    assertThrows(IllegalArgumentException.class, () -> Tasks.within(negative, () -> true));
    assertThrows(IllegalArgumentException.class, () -> Tasks.outcomeWithin(negative, () -> true));
    assertThrows(
        IllegalArgumentException.class, () -> Tasks.withinOr(negative, () -> true, () -> false));
    assertThrows(
        IllegalArgumentException.class, () -> TaskScope.open(c -> c.withTimeout(negative)));

    time.call(
        () -> {
          Deadline past = Deadline.at(time.instant().minusSeconds(1));
          try (var scope = TaskScope.<Boolean>open(c -> c.withDeadline(past))) {
            time.advance(Duration.ZERO);
            assertTrue(scope.token().isCancelled());
            scope.fork(() -> true);
            assertThrows(TimeoutException.class, scope::join);
          }
          // Of a timeout and a deadline, the one that was set last holds.
          try (var scope = TaskScope.open(c -> c.withTimeout(SECOND).withDeadline(past))) {
            assertEquals(Duration.ZERO, scope.token().deadline().remaining());
          }
          try (var scope = TaskScope.open(c -> c.withDeadline(past).withTimeout(SECOND))) {
            assertEquals(SECOND, scope.token().deadline().remaining());
          }
          return true;
        });
  }

  @Test
  @Conforms("TRI-22")
  void a_timeout_counts_from_the_opening_of_the_scope() throws Exception {
    UnaryOperator<TaskScope.Configuration> minute = c -> c.withTimeout(MINUTE);
    var deadline = time.call(() -> Deadline.after(MINUTE)); // counts from here
    time.advance(SECOND);
    time.call(
        () -> {
          try (var scope = TaskScope.open(minute)) {
            assertEquals(MINUTE, scope.token().deadline().remaining());
          }
          try (var scope = TaskScope.open(c -> c.withDeadline(deadline))) {
            assertEquals(MINUTE.minus(SECOND), scope.token().deadline().remaining());
          }
          return true;
        });
  }

  @Test
  @Conforms("TRI-24")
  void a_deadline_behind_a_shield_works_as_anywhere() throws Exception {
    var outer = time.call(CancellationSource::create);
    outer.cancel();
    time.call(
        () ->
            Cancellation.call(
                outer.token(),
                () ->
                    Cancellation.shielded(
                        () -> {
                          assertEquals("late", Tasks.withinOr(SECOND, this::late, () -> "late"));
                          assertThrows(
                              TimeoutException.class, () -> Tasks.within(SECOND, this::late));
                          return true;
                        })));
    assertFalse(outer.token().deadline().isPassed());
  }

  @Test
  @Conforms("TRI-25")
  void a_timeout_comes_as_an_exception_or_as_another_value() throws Exception {
    time.call(
        () -> {
          var thrown = assertThrows(TimeoutException.class, () -> Tasks.within(SECOND, this::late));
          assertInstanceOf(CancelledException.class, thrown.getCause());
          assertEquals("late", Tasks.withinOr(SECOND, this::late, () -> "late"));
          assertEquals("in time", Tasks.within(SECOND, () -> "in time"));
          assertEquals("in time", Tasks.withinOr(SECOND, () -> "in time", () -> "late"));
          try (var scope =
              TaskScope.open(Joiner.<String>allSuccessfulOrThrow(), c -> c.withTimeout(SECOND))) {
            scope.fork(this::late);
            assertThrows(TimeoutException.class, scope::join);
          }
          return true;
        });
    assertEquals(0, time.pending());
  }

  private String late() {
    time.advance(SECOND);
    Cancellation.checkpoint();
    return "not reached";
  }
}
