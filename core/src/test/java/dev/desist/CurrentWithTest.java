package dev.desist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** What is given a token while another is current obeys both; in a shield, the one it is given. */
class CurrentWithTest {
  private final CancellationSource outer = CancellationSource.create("outer");
  private final CancellationSource given = CancellationSource.create("given");

  private CancellationToken both() {
    return Cancellation.call(outer.token(), () -> Cancellation.currentWith(given.token()));
  }

  @Test
  void it_is_cancelled_by_either() {
    CancellationToken first = both();
    CancellationToken second = both();
    assertFalse(first.isCancelled());
    given.cancel("given");
    assertEquals("given", first.reason().orElseThrow().message());
    outer.cancel("outer");
    assertEquals("given", second.reason().orElseThrow().message());
    assertEquals("given", both().reason().orElseThrow().message());
  }

  @Test
  void it_is_one_of_the_two_if_the_other_adds_nothing() {
    CancellationToken below = outer.token().child("below").token();
    CancellationToken none = CancellationToken.none();
    Cancellation.run(
        outer.token(),
        () -> {
          assertSame(below, Cancellation.currentWith(below));
          assertSame(outer.token(), Cancellation.currentWith(outer.token()));
          assertSame(outer.token(), Cancellation.currentWith(none));
        });
    Cancellation.run(below, () -> assertSame(below, Cancellation.currentWith(outer.token())));
    assertSame(given.token(), Cancellation.currentWith(given.token()));
    assertSame(none, Cancellation.currentWith(none));
  }

  @Test
  void in_a_shield_it_is_what_is_given() {
    Cancellation.run(
        outer.token(),
        () ->
            Cancellation.shielded(
                () -> {
                  assertSame(given.token(), Cancellation.currentWith(given.token()));
                  assertSame(
                      CancellationToken.none(), Cancellation.currentWith(CancellationToken.none()));
                }));
  }

  @Test
  void sleep_obeys_the_token_that_it_is_given_and_the_current_one() {
    given.cancel("given");
    var thrown =
        assertThrows(
            CancelledException.class, () -> Cancellation.sleep(given.token(), Duration.ofDays(1)));
    assertEquals("given", thrown.reason().message());
    outer.cancel("outer");
    for (CancellationToken token :
        new CancellationToken[] {
          CancellationToken.none(), CancellationSource.create("live").token()
        }) {
      Cancellation.run(
          outer.token(),
          () ->
              assertEquals(
                  "outer",
                  assertThrows(
                          CancelledException.class,
                          () -> Cancellation.sleep(token, Duration.ofDays(1)))
                      .reason()
                      .message()));
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> Cancellation.sleep(CancellationToken.none(), Duration.ofMillis(-1)));
  }

  @Test
  void promise17_sleep_goes_by_the_time_of_the_token_that_it_is_given() {
    var time = new ManualTime();
    CancellationSource timed = time.call(() -> CancellationSource.create("timed"));
    var slept = new CompletableFuture<String>();
    Thread.startVirtualThread(
        () -> {
          try {
            Cancellation.sleep(timed.token(), Duration.ofHours(1));
            slept.complete("slept");
          } catch (Throwable e) {
            slept.completeExceptionally(e);
          }
        });
    Awaitility.await().until(() -> time.pending() == 1);
    time.advance(Duration.ofHours(1));
    assertEquals("slept", slept.join());
  }

  @Test
  void a_timeout_with_a_reason_of_ones_own() {
    var time = new ManualTime();
    CancellationSource source = time.call(() -> CancellationSource.create("reader"));
    var reason = CancellationReason.disconnected("the peer said nothing for 30 s");
    source.cancelAfter(Duration.ofSeconds(30), reason);
    assertEquals(Duration.ofSeconds(30), source.token().deadline().remaining());
    time.advance(Duration.ofSeconds(29));
    source.cancelAfter(Duration.ofSeconds(30), reason); // it said something
    time.advance(Duration.ofSeconds(29));
    assertFalse(source.isCancelled());
    time.advance(Duration.ofSeconds(1));
    assertSame(reason, source.token().reason().orElseThrow());
    CancellationSource now = CancellationSource.create();
    now.cancelAfter(Duration.ZERO, reason);
    assertSame(reason, now.token().reason().orElseThrow());
    CancellationSource back = time.call(() -> CancellationSource.create());
    back.cancelAfter(Duration.ofSeconds(1), reason);
    back.cancelAfter(Duration.ofSeconds(1)); // the later call replaces the earlier one
    time.advance(Duration.ofSeconds(1));
    assertTrue(back.token().reason().orElseThrow() instanceof CancellationReason.DeadlineExceeded);
    assertThrows(
        IllegalArgumentException.class, () -> now.cancelAfter(Duration.ofNanos(-1), reason));
  }

  @Test
  void a_source_with_a_name_and_a_timeout() {
    var time = new ManualTime();
    CancellationSource source =
        time.call(() -> CancellationSource.create("job", Duration.ofSeconds(2)));
    assertEquals(Duration.ofSeconds(2), source.token().deadline().remaining());
    time.advance(Duration.ofSeconds(2));
    var reason = (CancellationReason.DeadlineExceeded) source.token().reason().orElseThrow();
    assertEquals("job", reason.owner());
    assertTrue(CancellationSource.create("now", Duration.ZERO).isCancelled());
    assertThrows(
        IllegalArgumentException.class,
        () -> CancellationSource.create("no", Duration.ofNanos(-1)));
  }

  @Test
  void longer_than_the_clock_means_never() {
    Duration forever = Duration.ofDays(147 * 366);
    assertTrue(CancellationSource.create("job", forever).token().deadline().isNone());
    CancellationSource source = CancellationSource.create("job", Duration.ofDays(1));
    source.cancelAfter(forever, CancellationReason.shutdown("never"));
    assertTrue(source.token().deadline().isNone());
  }
}
