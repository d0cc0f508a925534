package dev.desist.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.Outcome;
import dev.desist.scope.Joiner;
import dev.desist.scope.TaskScope;
import dev.desist.scope.Tasks;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Cancelled blocks and shields, as the tests of anyio see them. */
@ExtendWith(Hygiene.class)
@Timeout(60)
class AnyioConformanceTest {
  private static final Duration SECOND = Duration.ofSeconds(1);

  private final ManualTime time = new ManualTime();
  private final CancellationSource outer = CancellationSource.create("outer");

  private static void assertPending(String message) {
    var thrown = assertThrows(CancelledException.class, Cancellation::checkpoint);
    assertEquals(message, thrown.reason().message());
  }

  @Test
  @Conforms("ANY-02")
  void the_reason_reaches_the_exception() throws Exception {
    outer.cancel("the user pressed stop");
    var thrown =
        assertThrows(
            CancelledException.class,
            () -> Cancellation.run(outer.token(), Cancellation::checkpoint));
    assertEquals("the user pressed stop", thrown.reason().message());
    assertTrue(String.valueOf(thrown.getMessage()).contains("the user pressed stop"));

    try (var scope = TaskScope.<Boolean, Void>open(Joiner.awaitAll())) {
      scope.cancel(CancellationReason.requested("a better answer came"));
      scope.fork(() -> true);
      var joined = assertThrows(CancelledException.class, scope::join);
      assertTrue(String.valueOf(joined.getMessage()).contains("a better answer came"));
    }
  }

  @Test
  @Conforms("ANY-08")
  void one_thread_survives_two_cancelled_blocks_in_a_row() throws Exception {
    for (int i = 0; i < 2; i++) {
      var message = "round " + i;
      try (var source = CancellationSource.create()) {
        Outcome<Boolean> outcome =
            Outcome.of(
                () ->
                    Cancellation.call(
                        source.token(),
                        () -> {
                          source.cancel(message);
                          Cancellation.sleep(Duration.ofDays(1));
                          return true;
                        }));
        var cancelled = assertInstanceOf(Outcome.Cancelled.class, outcome);
        assertEquals(message, cancelled.reason().message());
      }
      Cancellation.checkpoint();
    }
  }

  @Test
  @Conforms("ANY-19")
  void a_block_behind_a_shield_can_itself_be_cancelled() throws Exception {
    outer.cancel("outer");
    Cancellation.call(
        outer.token(),
        () -> {
          Cancellation.shielded(
              () -> {
                try (var own = CancellationSource.create();
                    var scope = TaskScope.<Boolean, Void>open(Joiner.awaitAll())) {
                  Cancellation.run(own.token(), Cancellation::checkpoint);
                  own.cancel("own");
                  Cancellation.run(own.token(), () -> assertPending("own"));

                  assertFalse(scope.token().isCancelled());
                  scope.cancel(CancellationReason.requested("scope")); // at once
                  scope.fork(() -> true);
                  var thrown = assertThrows(CancelledException.class, scope::join);
                  assertEquals("scope", thrown.reason().message());
                }
                Cancellation.checkpoint();
                return true;
              });
          assertPending("outer");
          return true;
        });
  }

  @Test
  @Conforms("ANY-20")
  void clean_up_behind_a_shield_has_no_deadline_and_nothing_pending() throws Exception {
    time.call(
        () ->
            assertThrows(
                TimeoutException.class,
                () ->
                    Tasks.within(
                        SECOND,
                        () -> {
                          try {
                            time.advance(SECOND);
                            Cancellation.checkpoint();
                            return true;
                          } finally {
                            var current = Cancellation.current();
                            assertTrue(current.isCancelled());
                            assertEquals(Duration.ZERO, current.deadline().remaining());
                            Cancellation.shielded(AnyioConformanceTest::assertNothingPending);
                            assertSame(current, Cancellation.current());
                            assertThrows(CancelledException.class, Cancellation::checkpoint);
                          }
                        })));
  }

  private static void assertNothingPending() {
    assertFalse(Cancellation.current().isCancelled());
    assertTrue(Cancellation.current().deadline().isNone());
    Cancellation.checkpoint();
  }

  @Test
  @Conforms("ANY-22")
  void of_two_cancelled_blocks_the_outer_one_ends_both_unless_the_inner_is_shielded()
      throws Exception {
    var unshielded = time.call(() -> Outcome.of(() -> nested(false)));
    assertEquals("outer", unshieldedOwner(unshielded));
    assertEquals("inner", time.call(() -> nested(true)));
  }

  private static String unshieldedOwner(Outcome<String> outcome) {
    var failure = assertInstanceOf(Outcome.Failure.class, outcome);
    return String.valueOf(failure.exception().getMessage()).contains("\"outer\"")
        ? "outer"
        : "another";
  }

  /** Two blocks whose time is up, the outer one's first; tells if the inner one ends by itself. */
  private String nested(boolean shielded) throws Exception {
    return Tasks.within(
        SECOND,
        () -> {
          time.advance(SECOND);
          return shielded ? Cancellation.shielded(this::inner) : inner();
        },
        c -> c.withName("outer"));
  }

  private String inner() throws Exception {
    return Tasks.withinOr(
        SECOND,
        () -> {
          time.advance(SECOND);
          Cancellation.checkpoint();
          return "not reached";
        },
        () -> "inner");
  }

  @Test
  @Conforms("ANY-27")
  void what_is_pending_shows_where_the_last_of_three_shields_ends() throws Exception {
    Cancellation.call(
        outer.token(),
        () -> {
          Cancellation.shielded(
              () -> {
                var middle = CancellationSource.create("middle");
                Cancellation.run(
                    middle.token(),
                    () -> {
                      Cancellation.shielded(
                          () -> {
                            Cancellation.shielded(
                                () -> {
                                  outer.cancel("outer");
                                  middle.cancel("middle");
                                  Cancellation.checkpoint();
                                });
                            Cancellation.checkpoint();
                          });
                      assertPending("middle"); // and not yet the outer one
                    });
                Cancellation.checkpoint();
              });
          assertPending("outer");
          return true;
        });
  }
}
