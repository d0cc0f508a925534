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
import dev.desist.scope.Subtask;
import dev.desist.scope.TaskScope;
import dev.desist.testkit.Hygiene;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Scopes with tasks in them, as the tests of Trio see them. */
@ExtendWith(Hygiene.class)
@Timeout(60)
class TrioScopeConformanceTest {
  private static final CancellationReason ENOUGH = CancellationReason.requested("enough");

  /** Waits until cancelled, and ends as one that was. */
  private static Boolean waitToBeCancelled(CountDownLatch inside) throws InterruptedException {
    inside.countDown();
    Cancellation.sleep(Duration.ofDays(1));
    return false;
  }

  @Test
  @Conforms("TRI-04")
  void a_scope_absorbs_its_own_cancellation_and_no_failure_beside_it() throws Exception {
    var inside = new CountDownLatch(3);
    var failure = new IOException("while cleaning up");
    CancelledException thrown;
    List<Subtask<Boolean>> cancelled;
    try (var scope = TaskScope.<Boolean, Void>open(Joiner.awaitAll())) {
      cancelled =
          List.of(
              scope.fork(() -> waitToBeCancelled(inside)),
              scope.fork(() -> waitToBeCancelled(inside)));
      scope.fork(
          () -> {
            try {
              return waitToBeCancelled(inside);
            } finally {
              Cancellation.shielded(Cancellation::checkpoint);
              fail(failure);
            }
          });
      Workers.pass(inside);
      scope.cancel(ENOUGH);
      thrown = assertThrows(CancelledException.class, scope::join);
    }
    assertSame(ENOUGH, thrown.reason());
    assertEquals(List.of(failure), List.of(thrown.getSuppressed()));
    for (Subtask<Boolean> subtask : cancelled) {
      assertEquals(new Outcome.Cancelled<>(ENOUGH), subtask.outcome().orElseThrow());
    }
  }

  private static void fail(IOException failure) throws IOException {
    throw failure;
  }

  @Test
  @Conforms("TRI-04")
  void the_cancelled_siblings_of_a_failure_are_not_reported_with_it() throws Exception {
    var inside = new CountDownLatch(2);
    var failure = new IOException("the only one");
    ExecutionException thrown;
    try (var scope = TaskScope.<Boolean>open()) {
      scope.fork(() -> waitToBeCancelled(inside));
      scope.fork(() -> waitToBeCancelled(inside));
      scope.fork(
          () -> {
            Workers.pass(inside);
            throw failure;
          });
      thrown = assertThrows(ExecutionException.class, scope::join);
    }
    assertSame(failure, thrown.getCause());
    assertEquals(0, thrown.getSuppressed().length);
  }

  @Test
  @Conforms("TRI-05")
  void a_task_forked_into_a_cancelled_scope_does_not_start() throws Exception {
    var started = new AtomicBoolean();
    var threads = new AtomicInteger();
    try (var scope =
        TaskScope.<Void, Void>open(
            Joiner.awaitAll(),
            c ->
                c.withThreadFactory(
                    task -> {
                      threads.incrementAndGet();
                      return Thread.ofVirtual().unstarted(task);
                    }))) {
      scope.cancel(ENOUGH);
      Subtask<?> subtask = scope.fork(() -> started.set(true));
      assertEquals(new Outcome.Cancelled<>(ENOUGH), subtask.outcome().orElseThrow());
      assertThrows(CancelledException.class, scope::join);
    }
    assertFalse(started.get());
    assertEquals(0, threads.get());
  }

  @Test
  @Conforms({"TRI-07", "ANY-07"})
  void a_cancel_reaches_the_leaves_of_a_tree_of_scopes() throws Exception {
    var inside = new CountDownLatch(4);
    var stopped = new AtomicInteger();
    try (var root = TaskScope.<Boolean, Void>open(Joiner.awaitAll())) {
      for (int i = 0; i < 2; i++) {
        root.fork(
            () -> {
              try (var branch = TaskScope.<Boolean, Void>open(Joiner.awaitAll())) {
                for (int j = 0; j < 2; j++) {
                  branch.fork(
                      () -> {
                        try {
                          return waitToBeCancelled(inside);
                        } catch (CancelledException e) {
                          assertSame(ENOUGH, e.reason());
                          stopped.incrementAndGet();
                          throw e;
                        }
                      });
                }
                branch.join();
                return true;
              }
            });
      }
      Workers.pass(inside);
      assertEquals(0, stopped.get());
      root.cancel(ENOUGH);
      assertThrows(CancelledException.class, root::join);
    }
    assertEquals(4, stopped.get());
  }

  @Test
  @Conforms("TRI-14")
  void a_scope_is_used_once_and_by_one_thread() throws Exception {
    var scope = TaskScope.<Boolean, Void>open(Joiner.awaitAll());
    Workers.runBounded(
        () -> {
          assertThrows(WrongThreadException.class, () -> scope.fork(() -> true));
          assertThrows(WrongThreadException.class, scope::join);
          assertThrows(WrongThreadException.class, scope::close);
        });
    scope.fork(() -> true);
    scope.join();
    assertThrows(IllegalStateException.class, scope::join);
    assertThrows(IllegalStateException.class, () -> scope.fork(() -> true));
    scope.close();
    assertThrows(IllegalStateException.class, () -> scope.fork(() -> true));
    assertThrows(IllegalStateException.class, scope::join);
    scope.close();
  }

  @Test
  @Conforms({"TRI-16", "ANY-29"})
  void scopes_closed_in_the_wrong_order_are_reported_and_all_closed() throws Exception {
    var inside = new CountDownLatch(1);
    var outer = TaskScope.<Boolean, Void>open(Joiner.awaitAll(), c -> c.withName("outer"));
    var inner = TaskScope.<Boolean, Void>open(Joiner.awaitAll(), c -> c.withName("inner"));
    Subtask<Boolean> subtask = inner.fork(() -> waitToBeCancelled(inside));
    Workers.pass(inside);
    var thrown = assertThrows(IllegalStateException.class, outer::close);
    assertTrue(
        String.valueOf(thrown.getMessage()).contains("\"inner\" must be closed before"),
        thrown::toString);
    assertInstanceOf(Outcome.Cancelled.class, subtask.outcome().orElseThrow());
    assertTrue(inner.token().isCancelled());
    assertTrue(outer.token().isCancelled());
    inner.close();
    try (var next = TaskScope.<Boolean>open()) { // this thread is as good as new
      next.fork(() -> true);
      next.join();
    }
  }

  @Test
  @Conforms("TRI-18")
  void five_thousand_scopes_inside_each_other_are_cancelled() throws Exception {
    int depth = 5_000;
    var inside = new CountDownLatch(1);
    var ended = new AtomicInteger();
    var outer = CancellationSource.create("outer");
    var owner =
        Workers.start(
            () -> {
              var thrown =
                  assertThrows(
                      CancelledException.class,
                      () -> Cancellation.call(outer.token(), () -> nest(depth, inside, ended)));
              assertEquals("enough", thrown.reason().message());
            });
    Workers.pass(inside);
    assertEquals(0, ended.get());
    outer.cancel("enough");
    owner.finish();
    assertEquals(depth, ended.get());
  }

  private static Boolean nest(int depth, CountDownLatch inside, AtomicInteger ended)
      throws Exception {
    if (depth == 0) {
      return waitToBeCancelled(inside);
    }
    try (var scope = TaskScope.<Boolean, Void>open(Joiner.awaitAll())) {
      scope.fork(() -> nest(depth - 1, inside, ended));
      scope.join();
      return true;
    } finally {
      ended.incrementAndGet();
    }
  }

  @Test
  @Conforms("TRI-20")
  void a_cancelled_task_and_its_scope_leave_nothing_behind() throws Exception {
    var outer = CancellationSource.create("long-lived");
    var subtask = new CompletableFuture<Subtask<?>>();
    for (WeakReference<?> reference : cancelOne(outer, subtask)) {
      Workers.awaitCollected(reference);
    }
    assertEquals(Subtask.State.CANCELLED, subtask.join().state());
    assertFalse(outer.isCancelled());
  }

  /** Gives what the cancelled task held, and its thread. */
  private static List<WeakReference<?>> cancelOne(
      CancellationSource outer, CompletableFuture<Subtask<?>> subtask) throws Exception {
    var inside = new CountDownLatch(1);
    var local = new Object[] {new Object()};
    var thread = new AtomicReference<@Nullable Thread>();
    return Cancellation.call(
        outer.token(),
        () -> {
          try (var scope = TaskScope.<Boolean, Void>open(Joiner.awaitAll())) {
            subtask.complete(
                scope.fork(
                    () -> {
                      thread.set(Thread.currentThread());
                      waitToBeCancelled(inside);
                      return local.length == 0;
                    }));
            Workers.pass(inside);
            scope.cancel(ENOUGH);
            assertThrows(CancelledException.class, scope::join);
          }
          return List.of(new WeakReference<>(local), new WeakReference<>(thread.get()));
        });
  }
}
