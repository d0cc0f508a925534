package dev.desist.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.Deadline;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Sources with a deadline, as the tests of .NET see them. */
@ExtendWith(Hygiene.class)
class DotNetTimerConformanceTest {
  private static final Duration FOREVER = ChronoUnit.FOREVER.getDuration();

  /** The longest timeout that is one, see {@link CancellationSource#cancelAfter}. */
  private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE / 2);

  private static final List<Duration> TOO_LONG =
      List.of(LONGEST.plusNanos(1), Duration.ofNanos(Long.MAX_VALUE).plusNanos(1), FOREVER);

  private final ManualTime time = new ManualTime();

  private CancellationSource create() throws Exception {
    return time.call(CancellationSource::create);
  }

  @Test
  @Conforms({"NET-52", "NET-60"})
  void an_endless_timeout_never_fires() throws Exception {
    var armed = create();
    armed.cancelAfter(FOREVER);
    var made = create().token().childWithTimeout(FOREVER);
    assertEquals(0, time.pending());
    assertTrue(armed.token().deadline().isNone());
    assertTrue(made.token().deadline().isNone());
    time.advance(Duration.ofDays(36_500));
    assertFalse(armed.isCancelled());
    assertFalse(made.isCancelled());
  }

  @Test
  @Conforms("NET-53")
  void a_shorter_timeout_replaces_a_longer_one() throws Exception {
    var source = create();
    source.cancelAfter(Duration.ofHours(10));
    source.cancelAfter(Duration.ofMillis(50));
    assertEquals(1, time.pending());
    time.advance(Duration.ofMillis(49));
    assertFalse(source.isCancelled());
    time.advance(Duration.ofMillis(1));
    assertTrue(source.isCancelled());
    assertInstanceOf(
        CancellationReason.DeadlineExceeded.class, source.token().reason().orElseThrow());
    assertEquals(0, time.pending());
  }

  @Test
  @Conforms("NET-54")
  void a_shorter_timeout_replaces_a_longer_one_in_real_time_too() throws Exception {
    var source = CancellationToken.none().childWithTimeout(Duration.ofDays(1));
    source.cancelAfter(Duration.ofMillis(5));
    assertTrue(source.token().await(Workers.PATIENCE));
    assertInstanceOf(
        CancellationReason.DeadlineExceeded.class, source.token().reason().orElseThrow());
  }

  @Test
  @Conforms("NET-55")
  void a_negative_timeout_is_refused() throws Exception {
    var parent = create().token();
    for (var negative : List.of(Duration.ofNanos(-1), Duration.ofDays(-1), FOREVER.negated())) {
      for (var token : List.of(CancellationToken.none(), parent)) {
        var refused =
            assertThrows(IllegalArgumentException.class, () -> token.childWithTimeout(negative));
        assertTrue(String.valueOf(refused.getMessage()).contains(negative.toString()));
      }
      assertThrows(IllegalArgumentException.class, () -> Deadline.after(negative));
    }
    assertEquals(0, time.pending());
  }

  @Test
  @Conforms("NET-56")
  void a_timeout_beyond_the_longest_means_never() throws Exception {
    time.advance(Duration.ofDays(1)); // so that an overflow would show
    var parent = create().token();
    var longest = parent.childWithTimeout(LONGEST);
    assertEquals(LONGEST, longest.token().deadline().remaining());
    for (var tooLong : TOO_LONG) {
      var never = parent.childWithTimeout(tooLong);
      assertTrue(never.token().deadline().isNone());
      assertFalse(never.isCancelled());
    }
    time.advance(Duration.ofDays(36_500));
    assertFalse(longest.isCancelled());
  }

  @Test
  @Conforms("NET-57")
  void replacing_a_timeout_checks_the_same_bounds() throws Exception {
    time.advance(Duration.ofDays(1));
    var source = create();
    source.cancelAfter(Duration.ofHours(1));
    assertThrows(IllegalArgumentException.class, () -> source.cancelAfter(Duration.ofNanos(-1)));
    assertEquals(Duration.ofHours(1), source.token().deadline().remaining());
    source.cancelAfter(LONGEST);
    assertEquals(LONGEST, source.token().deadline().remaining());
    for (var tooLong : TOO_LONG) {
      source.cancelAfter(Duration.ofHours(1));
      source.cancelAfter(tooLong);
      assertTrue(source.token().deadline().isNone());
      assertEquals(0, time.pending());
    }
    time.advance(Duration.ofDays(36_500));
    assertFalse(source.isCancelled());
  }

  @Test
  @Conforms("NET-58")
  void a_timeout_on_a_closed_source_does_nothing() throws Exception {
    var source = create();
    source.close();
    source.cancelAfter(Duration.ofSeconds(1));
    source.cancelAfter(Duration.ZERO);
    assertEquals(0, time.pending());
    time.advance(Duration.ofSeconds(1));
    assertInstanceOf(CancellationReason.Closed.class, source.token().reason().orElseThrow());
  }

  @Test
  @Conforms("NET-59")
  void an_endless_timeout_takes_a_pending_one_away_every_time() throws Exception {
    var source = create();
    for (int i = 0; i < 3; i++) {
      source.cancelAfter(Duration.ofSeconds(1));
      assertEquals(1, time.pending());
      source.cancelAfter(FOREVER);
      assertEquals(0, time.pending());
      time.advance(Duration.ofSeconds(2));
      assertFalse(source.isCancelled());
    }
  }
}
