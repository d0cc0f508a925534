package dev.desist.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Outcome;
import dev.desist.scope.Joiner;
import dev.desist.scope.Subtask;
import dev.desist.scope.TaskScope;
import dev.desist.testkit.Hygiene;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Where a cancellation is delivered, and to whom, as the tests of Trio see it. */
@ExtendWith(Hygiene.class)
@Timeout(60)
class TrioConformanceTest {
  private final CancellationSource outer = CancellationSource.create("outer");

  private static void assertPending() {
    assertThrows(CancelledException.class, Cancellation::checkpoint);
  }

  @Test
  @Conforms("TRI-01")
  void a_checkpoint_throws_once_cancelled_and_not_behind_a_shield() throws Exception {
    Cancellation.call(
        outer.token(),
        () -> {
          Cancellation.checkpoint();
          Cancellation.sleep(Duration.ZERO);
          outer.cancel();
          assertPending();
          assertThrows(CancelledException.class, () -> Cancellation.sleep(Duration.ZERO));
          assertThrows(CancelledException.class, () -> Cancellation.sleep(Duration.ofDays(1)));
          return Cancellation.shielded(
              () -> {
                Cancellation.checkpoint();
                Cancellation.sleep(Duration.ZERO);
                Cancellation.sleep(Duration.ofNanos(1));
                return true;
              });
        });
  }

  @Test
  @Conforms({"TRI-02", "TRI-11", "ANY-21"})
  void that_it_was_asked_for_and_that_it_was_delivered_are_two_things() throws Exception {
    Outcome<String> delivered =
        Outcome.of(
            () ->
                Cancellation.call(
                    outer.token(),
                    () -> {
                      assertTrue(outer.cancel("first"));
                      assertFalse(outer.cancel("second"));
                      Cancellation.checkpoint();
                      return "not reached";
                    }));
    assertTrue(outer.isCancelled());
    var cancelled = assertInstanceOf(Outcome.Cancelled.class, delivered);
    assertEquals("first", cancelled.reason().message());

    // Cancelled, and at its end without a checkpoint.
    var other = CancellationSource.create();
    Outcome<String> pending =
        Outcome.of(
            () ->
                Cancellation.call(
                    other.token(),
                    () -> {
                      other.cancel();
                      return "value";
                    }));
    assertTrue(other.isCancelled());
    assertEquals(new Outcome.Success<>("value"), pending);
    Cancellation.checkpoint();
  }

  @Test
  @Conforms("TRI-03")
  void every_later_checkpoint_throws_again() throws Exception {
    Workers.runBounded(
        () ->
            Cancellation.call(
                outer.token(),
                () -> {
                  outer.cancel();
                  CancellationToken token = Cancellation.current();
                  for (int i = 0; i < 5; i++) {
                    assertPending();
                    assertThrows(
                        CancelledException.class, () -> Cancellation.sleep(Duration.ofDays(1)));
                    assertTrue(token.await());
                    assertTrue(Cancellation.call(token.child().token(), () -> token.await()));
                  }
                  return true;
                }));
  }

  @Test
  @Conforms({"TRI-06", "ANY-18"})
  void a_shield_hides_what_is_outside_and_nothing_else() throws Exception {
    Cancellation.call(
        outer.token(),
        () -> {
          Cancellation.shielded(
              () -> {
                outer.cancel(); // from behind the shield
                Cancellation.checkpoint();
                try (var own = CancellationSource.create()) {
                  Cancellation.run(
                      own.token(),
                      () -> {
                        Cancellation.checkpoint();
                        own.cancel();
                        assertPending();
                        var inner = own.token().child();
                        Cancellation.run(inner.token(), TrioConformanceTest::assertPending);
                      });
                }
                Cancellation.checkpoint();
              });
          var thrown = assertThrows(CancelledException.class, Cancellation::checkpoint);
          assertSame(outer.token().reason().orElseThrow(), thrown.reason());
          Cancellation.shielded(Cancellation::checkpoint); // up again
          assertPending(); // down again
          return true;
        });
  }

  @Test
  @Conforms("TRI-10")
  void of_two_cancelled_blocks_the_outer_one_ends_both() throws Exception {
    var inner = outer.token().child("inner");
    outer.cancel("outer");
    assertFalse(inner.cancel("inner"));
    var thrown =
        assertThrows(
            CancelledException.class,
            () ->
                Cancellation.run(
                    outer.token(),
                    () -> Cancellation.run(inner.token(), Cancellation::checkpoint)));
    assertEquals("outer", thrown.reason().message());

    // If the inner one was first, it says so, and what follows it in the outer one is stopped.
    var later = CancellationSource.create("later");
    var first = later.token().child("first");
    first.cancel("first");
    later.cancel("later");
    Cancellation.call(
        later.token(),
        () -> {
          Outcome<Boolean> outcome =
              Outcome.of(
                  () ->
                      Cancellation.call(
                          first.token(),
                          () -> {
                            Cancellation.checkpoint();
                            return true;
                          }));
          var cancelled = assertInstanceOf(Outcome.Cancelled.class, outcome);
          assertEquals("first", cancelled.reason().message());
          var next = assertThrows(CancelledException.class, Cancellation::checkpoint);
          assertEquals("later", next.reason().message());
          return true;
        });
  }

  @Test
  @Conforms({"TRI-13", "ANY-09"})
  void a_cancel_before_the_block_is_seen_inside_it() throws Exception {
    outer.cancel("before");
    Outcome<Boolean> outcome =
        Outcome.of(
            () ->
                Cancellation.call(
                    outer.token(),
                    () -> {
                      Cancellation.sleep(Duration.ofDays(1));
                      return true;
                    }));
    assertInstanceOf(Outcome.Cancelled.class, outcome);

    Cancellation.call(
        outer.token(),
        () -> {
          try (var scope = TaskScope.<String, Void>open(Joiner.awaitAll())) {
            assertTrue(scope.token().isCancelled());
            Subtask<String> subtask = scope.fork(() -> "not called");
            assertEquals(Subtask.State.CANCELLED, subtask.state());
            var thrown = assertThrows(CancelledException.class, scope::join);
            assertEquals("before", thrown.reason().message());
          }
          return true;
        });
  }
}
