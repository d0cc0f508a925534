package dev.desist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The ambient token: what is current, where, and how it travels. */
@ExtendWith(Hygiene.class)
@Timeout(20)
class AmbientTest {
  private final CancellationSource outer = CancellationSource.create("outer");
  private final CancellationSource inner = CancellationSource.create("inner");

  private static CancellationToken seenIn(CancellationToken token) {
    var seen = new AtomicReference<@Nullable CancellationToken>();
    Cancellation.run(token, () -> seen.set(Cancellation.current()));
    return java.util.Objects.requireNonNull(seen.get());
  }

  @Test
  void nothing_is_current_by_itself() {
    assertSame(CancellationToken.none(), Cancellation.current());
    Cancellation.checkpoint();
  }

  @Test
  void run_binds_for_the_extent_of_the_call() throws Exception {
    assertSame(outer.token(), seenIn(outer.token()));
    assertSame(outer.token(), Cancellation.call(outer.token(), Cancellation::current));
    assertSame(CancellationToken.none(), Cancellation.current());
  }

  @Test
  void a_descendant_is_seen_as_it_is() {
    var child = outer.token().child().token().child();
    Cancellation.run(
        outer.token(),
        () -> {
          assertSame(child.token(), seenIn(child.token()));
          assertSame(outer.token(), seenIn(outer.token()));
        });
  }

  @Test
  void the_outer_token_is_never_lost() {
    Cancellation.run(
        outer.token(),
        () -> {
          CancellationToken both = seenIn(inner.token());
          assertFalse(both.isCancelled());
          outer.cancel("from outside");
          assertTrue(both.isCancelled());
          assertFalse(inner.isCancelled());
        });
  }

  @Test
  void the_inner_token_counts_too() {
    Cancellation.run(
        outer.token(),
        () -> {
          CancellationToken both = seenIn(inner.token());
          inner.cancel();
          assertTrue(both.isCancelled());
          assertFalse(outer.isCancelled());
        });
  }

  @Test
  void none_does_not_hide_the_outer_token() {
    Cancellation.run(
        outer.token(), () -> assertSame(outer.token(), seenIn(CancellationToken.none())));
  }

  @Test
  void run_with_a_cancelled_token_runs_up_to_the_first_checkpoint() {
    outer.cancel("before");
    var steps = new ArrayList<String>();
    var thrown =
        assertThrows(
            CancelledException.class,
            () ->
                Cancellation.run(
                    outer.token(),
                    () -> {
                      steps.add("ran");
                      Cancellation.checkpoint();
                      steps.add("never");
                    }));
    assertEquals(List.of("ran"), steps);
    assertEquals("before", thrown.reason().message());
  }

  @Test
  void a_shield_hides_the_outer_token_and_ends() throws Exception {
    outer.cancel();
    Cancellation.run(
        outer.token(),
        () -> {
          Cancellation.shielded(
              () -> {
                Cancellation.checkpoint();
                assertFalse(Cancellation.current().canBeCancelled());
                Cancellation.run(
                    inner.token(), () -> assertSame(inner.token(), Cancellation.current()));
              });
          assertThrows(CancelledException.class, Cancellation::checkpoint);
        });
    assertEquals(5, Cancellation.shielded(() -> 5));
  }

  @Test
  void sleep_sleeps_and_stops() throws Exception {
    var time = new ManualTime();
    var source = time.call(() -> CancellationSource.create("sleeper"));
    var result = new CompletableFuture<Object>();
    Thread.ofVirtual()
        .start(
            () ->
                Cancellation.run(
                    source.token(),
                    () -> {
                      try {
                        Cancellation.sleep(Duration.ofMillis(10));
                        Cancellation.sleep(Duration.ofHours(1));
                        result.complete("slept");
                      } catch (CancelledException | InterruptedException e) {
                        result.complete(e);
                      }
                    }));
    org.awaitility.Awaitility.await().until(() -> time.pending() == 1);
    time.advance(Duration.ofMillis(10));
    org.awaitility.Awaitility.await().until(() -> time.pending() == 1);
    source.cancel("wake up");
    assertEquals("wake up", ((CancelledException) result.get()).reason().message());
    assertEquals(0, time.pending());
  }

  @Test
  void sleep_on_a_cancelled_token_throws_at_once_even_for_zero() {
    outer.cancel();
    Cancellation.run(
        outer.token(),
        () -> {
          assertThrows(CancelledException.class, () -> Cancellation.sleep(Duration.ofDays(1)));
          assertThrows(CancelledException.class, () -> Cancellation.sleep(Duration.ZERO));
        });
    assertThrows(IllegalArgumentException.class, () -> Cancellation.sleep(Duration.ofMillis(-1)));
  }

  @Test
  void an_interrupted_sleep_is_an_interrupted_sleep() {
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> Cancellation.sleep(Duration.ofDays(1)));
  }

  @Test
  void a_carrier_takes_the_token_to_threads_executors_and_stages() throws Exception {
    try (var pool = Executors.newFixedThreadPool(2)) {
      List<CompletableFuture<CancellationToken>> seen =
          Cancellation.call(
              outer.token(),
              () -> {
                var thread = new CompletableFuture<CancellationToken>();
                Cancellation.Carrier carried = Cancellation.carrier();
                Thread.startVirtualThread(
                    () -> carried.call(() -> thread.complete(Cancellation.current())));
                Supplier<CancellationToken> current = Cancellation::current;
                var bound = carried.executor(pool);
                var propagating = Cancellation.propagatingExecutor(pool);
                return List.of(
                    thread,
                    CompletableFuture.supplyAsync(() -> carried.call(Cancellation::current), pool),
                    CompletableFuture.supplyAsync(current, propagating),
                    CompletableFuture.supplyAsync(() -> 1, pool)
                        .thenApplyAsync(x -> Cancellation.current(), bound),
                    CompletableFuture.supplyAsync(() -> 1, pool)
                        .thenApply(_ -> carried.call(Cancellation::current)));
              });
      for (CompletableFuture<CancellationToken> token : seen) {
        assertSame(outer.token(), token.get());
      }
      var plain = CompletableFuture.supplyAsync(Cancellation::current, pool);
      assertSame(CancellationToken.none(), plain.get(), "a pooled thread must not keep a token");
    }
  }

  @Test
  void a_carried_token_outlives_the_call_it_was_taken_in() throws Exception {
    var go = new CountDownLatch(1);
    var seen = new CompletableFuture<Boolean>();
    Cancellation.run(
        outer.token(),
        () ->
            Cancellation.run(
                inner.token(), // the body sees a token linked to both
                () -> {
                  Cancellation.Carrier carried = Cancellation.carrier();
                  Thread.startVirtualThread(
                      () ->
                          carried.call(
                              () -> {
                                try {
                                  go.await();
                                } catch (InterruptedException e) {
                                  throw new AssertionError(e);
                                }
                                seen.complete(Cancellation.current().isCancelled());
                              }));
                }));
    go.countDown();
    assertFalse(seen.get(), "the end of run() must not cancel what was carried away");
  }

  @Test
  void what_is_carried_returns_and_throws_as_it_is() throws Exception {
    var failure = new java.io.IOException("as it is");
    assertEquals(3, Cancellation.carrier().call(() -> 3));
    var thrown =
        assertThrows(
            java.io.IOException.class,
            () ->
                Cancellation.carrier()
                    .call(
                        () -> {
                          throw failure;
                        }));
    assertSame(failure, thrown);
  }
}
