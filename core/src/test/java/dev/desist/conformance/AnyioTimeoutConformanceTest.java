package dev.desist.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Timeouts, and whose they are, as the tests of anyio see them. */
@ExtendWith(Hygiene.class)
@Timeout(60)
class AnyioTimeoutConformanceTest {
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration TWO = Duration.ofSeconds(2);
  private static final Duration MINUTE = Duration.ofMinutes(1);

  private final ManualTime time = new ManualTime();

  /** Spends {@code duration}, and is then at a checkpoint. */
  private String spend(Duration duration) {
    time.advance(duration);
    Cancellation.checkpoint();
    return "in time";
  }

  private static void assertMentions(String words, Throwable thrown) {
    assertTrue(String.valueOf(thrown.getMessage()).contains(words), thrown::toString);
  }

  private static TimeoutException joinTooLate(
      ManualTime time, UnaryOperator<TaskScope.Configuration> configure) {
    try (var scope = TaskScope.<Boolean, Void>open(Joiner.awaitAll(), configure)) {
      time.advance(SECOND);
      scope.fork(() -> true);
      return assertThrows(TimeoutException.class, scope::join);
    }
  }

  @Test
  @Conforms("ANY-12")
  void a_timeout_is_an_exception_whose_cause_tells_of_the_deadline() throws Exception {
    time.call(
        () -> {
          for (var timeout : new Duration[] {Duration.ZERO, SECOND}) {
            var thrown =
                assertThrows(
                    TimeoutException.class, () -> Tasks.within(timeout, () -> spend(timeout)));
            var cause = assertInstanceOf(CancelledException.class, thrown.getCause());
            assertMentions("deadline passed", cause);
            assertInstanceOf(CancellationReason.DeadlineExceeded.class, cause.reason());
          }
          var at = Deadline.at(time.instant().plus(SECOND));
          var thrown = joinTooLate(time, c -> c.withDeadline(at));
          var cause = assertInstanceOf(CancelledException.class, thrown.getCause());
          assertMentions("the 1 s deadline passed", cause);
          var exceeded =
              assertInstanceOf(CancellationReason.DeadlineExceeded.class, cause.reason());
          assertEquals(at, exceeded.deadline());
          return true;
        });
  }

  @Test
  @Conforms("ANY-13")
  void no_timeout_is_a_deadline_that_never_passes() throws Exception {
    time.call(
        () ->
            Tasks.within(
                ChronoUnit.FOREVER.getDuration(),
                () -> {
                  assertTrue(Cancellation.current().deadline().isNone());
                  assertEquals(0, time.pending());
                  return spend(Duration.ofDays(36_500));
                }));
  }

  @Test
  @Conforms({"ANY-14", "ANY-15"})
  void a_scope_cancelled_before_its_deadline_has_not_timed_out() throws Exception {
    time.call(
        () -> {
          try (var scope =
              TaskScope.<Boolean, Void>open(Joiner.awaitAll(), c -> c.withTimeout(SECOND))) {
            scope.cancel(CancellationReason.requested("by hand"));
            scope.fork(() -> true);
            var thrown = assertThrows(CancelledException.class, scope::join);
            assertEquals("by hand", thrown.reason().message());
          }
          try (var scope =
              TaskScope.<Boolean, Void>open(Joiner.awaitAll(), c -> c.withTimeout(SECOND))) {
            scope.cancel(CancellationReason.requested("by hand"));
            time.advance(TWO); // the deadline is past before anybody asks
            scope.fork(() -> true);
            var thrown = assertThrows(CancelledException.class, scope::join);
            assertEquals("by hand", thrown.reason().message());
          }
          return true;
        });
  }

  @Test
  @Conforms("ANY-16")
  void a_timeout_says_whose_it_was() throws Exception {
    time.call(
        () -> {
          var thrown =
              assertThrows(
                  TimeoutException.class,
                  () -> Tasks.within(SECOND, () -> spend(SECOND), c -> c.withName("the search")));
          assertMentions("\"the search\"", thrown);
          assertMentions(
              "\"the index\"", joinTooLate(time, c -> c.withName("the index").withTimeout(SECOND)));
          var at = Deadline.at(time.instant().plus(SECOND));
          assertMentions(
              "\"the index\"", joinTooLate(time, c -> c.withName("the index").withDeadline(at)));
          return true;
        });
  }

  @Test
  @Conforms("ANY-17")
  void a_timeout_further_out_that_passes_first_is_charged_alone() throws Exception {
    var inner = new AtomicInteger();
    var answer =
        time.call(
            () ->
                Tasks.withinOr(
                    SECOND,
                    () ->
                        Tasks.withinOr(
                            TWO,
                            () -> spend(MINUTE),
                            () -> {
                              inner.incrementAndGet();
                              return "inner";
                            }),
                    () -> "outer"));
    assertEquals("outer", answer);
    assertEquals(0, inner.get());
  }

  @Test
  @Conforms("ANY-23")
  void behind_a_shield_a_deadline_may_be_later_than_the_outer_one() throws Exception {
    time.call(
        () ->
            assertThrows(
                TimeoutException.class,
                () ->
                    Tasks.within(
                        SECOND,
                        () -> {
                          assertEquals(
                              "in time",
                              Cancellation.shielded(
                                  () ->
                                      Tasks.within(
                                          MINUTE,
                                          () -> {
                                            assertEquals(
                                                MINUTE,
                                                Cancellation.current().deadline().remaining());
                                            return spend(TWO);
                                          })));
                          Cancellation.checkpoint();
                          return true;
                        },
                        c -> c.withName("outer"))));
  }

  @Test
  @Conforms("ANY-24")
  void a_timeout_of_zero_stops_at_the_first_checkpoint() throws Exception {
    var reached = new AtomicInteger();
    var answer =
        Tasks.withinOr(
            Duration.ZERO,
            () -> {
              reached.incrementAndGet();
              Cancellation.checkpoint();
              reached.incrementAndGet();
              return "not reached";
            },
            () -> "timed out");
    assertEquals("timed out", answer);
    assertEquals(1, reached.get());
  }

  @Test
  @Conforms("ANY-25")
  void a_deadline_moved_further_away_prevents_the_timeout() throws Exception {
    var source = time.call(CancellationSource::create);
    source.cancelAfter(SECOND);
    var answer =
        Cancellation.call(
            source.token(),
            () -> {
              source.cancelAfter(MINUTE);
              return spend(TWO);
            });
    assertEquals("in time", answer);
  }

  @Test
  @Conforms("ANY-26")
  void of_several_timeouts_the_one_that_passed_first_is_reported() throws Exception {
    time.call(
        () -> {
          var outerFirst =
              assertThrows(TimeoutException.class, () -> nest(SECOND, TWO, () -> spend(MINUTE)));
          assertMentions("\"outer\"", outerFirst);

          // The outer one has passed too, but its task ends with the timeout of the inner one.
          var innerFirst =
              assertThrows(ExecutionException.class, () -> nest(TWO, SECOND, () -> spend(MINUTE)));
          assertMentions(
              "\"inner\"", assertInstanceOf(TimeoutException.class, innerFirst.getCause()));

          var shielded =
              assertThrows(
                  ExecutionException.class,
                  () ->
                      Tasks.within(
                          SECOND,
                          () ->
                              Cancellation.shielded(
                                  () ->
                                      Tasks.within(
                                          TWO, () -> spend(MINUTE), c -> c.withName("inner"))),
                          c -> c.withName("outer")));
          assertMentions(
              "\"inner\"", assertInstanceOf(TimeoutException.class, shielded.getCause()));
          return true;
        });
  }

  private static <T> T nest(Duration outer, Duration inner, Callable<T> task) throws Exception {
    return Tasks.within(
        outer,
        () -> Tasks.within(inner, task::call, c -> c.withName("inner")),
        c -> c.withName("outer"));
  }
}
