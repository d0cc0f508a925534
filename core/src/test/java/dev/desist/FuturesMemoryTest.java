package dev.desist;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.desist.concurrent.Futures;
import dev.desist.concurrent.Latest;
import dev.desist.testkit.ManualTime;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What futures and slots leave behind on a token that lives long: nothing. */
@Timeout(120)
class FuturesMemoryTest {
  private final CancellationSource root = CancellationSource.create("long-lived");

  private void assertNothingLeft() {
    await().until(() -> Census.of(root).equals(Census.EMPTY));
  }

  @Test
  void promise14_a_million_futures_under_a_token() {
    for (int i = 0; i < 1_000_000; i++) {
      var original = new CompletableFuture<Integer>();
      var linked = Futures.under(root.token(), original);
      original.complete(i);
      assertEquals(i, linked.join());
    }
    assertEquals(Census.EMPTY, Census.of(root));
  }

  @Test
  void promise14_a_million_that_were_done_before() {
    var done = CompletableFuture.completedFuture("v");
    for (int i = 0; i < 1_000_000; i++) {
      assertEquals("v", Futures.under(root.token(), done).join());
    }
    assertEquals(Census.EMPTY, Census.of(root));
  }

  @Test
  void promise14_a_million_tasks() {
    for (int i = 0; i < 1_000_000; i++) {
      int value = i;
      assertEquals(value, Futures.submit(root.token(), Runnable::run, () -> value).join());
    }
    assertEquals(Census.EMPTY, Census.of(root));
  }

  @Test
  void promise14_tasks_that_compose_and_have_timeouts() throws Exception {
    var time = new ManualTime();
    for (int i = 0; i < 100_000; i++) {
      var last =
          Futures.submit(root.token(), Runnable::run, () -> 1)
              .thenCompose(n -> Futures.submit(root.token(), Runnable::run, () -> n + 1));
      assertEquals(2, time.call(() -> last.orTimeout(1, TimeUnit.HOURS)).join());
    }
    assertEquals(0, time.pending());
    assertEquals(Census.EMPTY, Census.of(root));
  }

  @Test
  void promise14_futures_that_were_cancelled() {
    for (int i = 0; i < 10_000; i++) {
      Futures.under(root.token(), new CompletableFuture<String>()).cancel(true);
      Futures.submit(root.token(), _ -> {}, () -> "never").cancel(true);
    }
    assertNothingLeft();
  }

  @Test
  void promise14_whoever_is_first() throws Exception {
    try (var other = Executors.newSingleThreadExecutor()) {
      for (int i = 0; i < 20_000; i++) {
        var original = new CompletableFuture<Integer>();
        var linked = Futures.under(root.token(), original);
        var queue = new ArrayDeque<Runnable>();
        var future = Futures.submit(root.token(), queue::add, () -> 1);
        var raced =
            other.submit(
                () -> {
                  original.complete(1);
                  queue.remove().run();
                });
        linked.cancel(true);
        future.cancel(true);
        raced.get();
      }
    }
    assertNothingLeft();
  }

  @Test
  void promise14_a_slot_keeps_nothing_of_the_tasks_before() throws Exception {
    for (boolean oneAtATime : new boolean[] {false, true}) {
      var slot =
          Cancellation.call(
              root.token(),
              () ->
                  Latest.<Integer>open(
                      CancellationToken.none(),
                      Runnable::run,
                      _ -> {},
                      o -> {
                        var inline = o.withExecutor(Runnable::run);
                        return oneAtATime ? inline.withOneAtATime() : inline;
                      }));
      for (int i = 0; i < 100_000; i++) {
        int value = i;
        slot.submit(() -> value);
      }
      assertEquals(new Census(1, 0), Census.of(root), "the slot itself");
      slot.close();
      assertNothingLeft();
    }
  }

  @Test
  void promise14_a_million_slots() throws Exception {
    for (int i = 0; i < 1_000_000; i++) {
      Cancellation.call(
          root.token(),
          () -> {
            Latest.<Integer>open(CancellationToken.none(), Runnable::run, _ -> {}).close();
            return null;
          });
    }
    assertNothingLeft();
  }
}
