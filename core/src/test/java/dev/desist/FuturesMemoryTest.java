package dev.desist;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.desist.concurrent.Futures;
import dev.desist.concurrent.Latest;
import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What futures and slots leave behind on a token that lives long. */
@Timeout(120)
class FuturesMemoryTest {
  private static final Census NOTHING = new Census(0, 0);

  private final CancellationSource root = CancellationSource.create("long-lived");

  @Test
  void promise14_a_million_futures_leave_no_registration() {
    for (int i = 0; i < 1_000_000; i++) {
      var original = new CompletableFuture<Integer>();
      var view = Futures.cancelWith(root.token(), original);
      original.complete(i);
      assertEquals(i, view.join());
    }
    assertEquals(NOTHING, Census.of(root));
  }

  @Test
  void promise14_a_million_tasks_leave_no_child() {
    for (int i = 0; i < 1_000_000; i++) {
      int value = i;
      assertEquals(value, Futures.supplyAsync(root.token(), Runnable::run, () -> value).join());
    }
    assertEquals(NOTHING, Census.of(root));
  }

  @Test
  void promise14_a_cancelled_future_leaves_nothing() {
    for (int i = 0; i < 1_000; i++) {
      Futures.cancelWith(root.token(), new CompletableFuture<String>()).cancel(true);
      Futures.supplyAsync(root.token(), _ -> {}, () -> "v").cancel(true);
    }
    await().until(() -> Census.of(root).equals(NOTHING));
  }

  @Test
  void promise14_whoever_is_first_nothing_is_left() throws Exception {
    try (var other = Executors.newSingleThreadExecutor()) {
      for (int i = 0; i < 20_000; i++) {
        var original = new CompletableFuture<Integer>();
        var view = Futures.cancelWith(root.token(), original);
        var queue = new ArrayDeque<Runnable>();
        var future = Futures.supplyAsync(root.token(), queue::add, () -> 1);
        var raced =
            other.submit(
                () -> {
                  original.complete(1);
                  queue.remove().run();
                });
        view.cancel(true);
        future.cancel(true);
        raced.get();
      }
    }
    await().until(() -> Census.of(root).equals(NOTHING));
  }

  @Test
  void promise14_a_slot_keeps_nothing_of_the_tasks_before() {
    var slot = Latest.<Integer>builder(Runnable::run, v -> {}, e -> {}).token(root.token()).build();
    for (int i = 0; i < 1_000; i++) {
      int value = i;
      slot.submit(() -> value);
    }
    slot.close();
    await().until(() -> Census.of(root).equals(NOTHING));
  }

  @Test
  void a_chain_that_grows_for_ever_does_not_keep_its_past() {
    var gate = new CompletableFuture<Object>();
    var middle = new WeakReference<>(gate);
    CompletableFuture<Object> last = Futures.cancelWith(root.token(), gate);
    for (int i = 0; i < 1_000; i++) {
      last = last.thenApply(v -> v);
      if (i == 500) {
        middle = new WeakReference<>(last);
      }
    }
    gate.complete("open");
    assertEquals("open", last.join());
    var collected = middle;
    await()
        .until(
            () -> {
              System.gc();
              return collected.refersTo(null);
            });
    assertEquals("open", last.join());
  }
}
