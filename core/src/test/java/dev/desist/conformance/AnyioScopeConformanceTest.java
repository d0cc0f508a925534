package dev.desist.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancelledException;
import dev.desist.Outcome;
import dev.desist.TimeSource;
import dev.desist.scope.Joiner;
import dev.desist.scope.Subtask;
import dev.desist.scope.TaskScope;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Groups of tasks, as the tests of anyio see them. */
@ExtendWith(Hygiene.class)
@Timeout(60)
class AnyioScopeConformanceTest {
  private static final CancellationReason ENOUGH = CancellationReason.requested("enough");

  /** Waits until cancelled, and ends as one that was. */
  private static Boolean waitToBeCancelled(CountDownLatch inside) throws InterruptedException {
    inside.countDown();
    Cancellation.sleep(Duration.ofDays(1));
    return false;
  }

  @Test
  @Conforms("ANY-01")
  void a_task_that_comes_to_its_first_checkpoint_late_is_stopped_there() throws Exception {
    var inside = new CountDownLatch(1);
    var goOn = new CountDownLatch(1);
    Subtask<Boolean> subtask;
    try (var scope = TaskScope.<Boolean, Void>open(Joiner.awaitAll())) {
      subtask =
          scope.fork(
              () -> {
                inside.countDown();
                Workers.pass(goOn); // no checkpoint
                Cancellation.sleep(Duration.ofDays(1));
                return true;
              });
      Workers.pass(inside);
      scope.cancel(ENOUGH);
      assertEquals(Subtask.State.UNAVAILABLE, subtask.state());
      goOn.countDown();
      assertThrows(CancelledException.class, scope::join);
    }
    assertEquals(new Outcome.Cancelled<>(ENOUGH), subtask.outcome().orElseThrow());
  }

  @Test
  @Conforms("ANY-06")
  void a_cancel_at_the_end_of_the_block_cancels_the_tasks_and_the_block_keeps_waiting()
      throws Exception {
    var cancelled = new CountDownLatch(1);
    var goOn = new CountDownLatch(1);
    var ended = new AtomicInteger();
    var opened = new CompletableFuture<TaskScope<Boolean, Void>>();
    var inside = new CountDownLatch(1);
    var owner =
        Workers.start(
            () -> {
              try (var scope = TaskScope.<Boolean, Void>open(Joiner.awaitAll())) {
                opened.complete(scope);
                scope.fork(
                    () -> {
                      try {
                        return waitToBeCancelled(inside);
                      } finally {
                        cancelled.countDown();
                        Workers.pass(goOn);
                        ended.incrementAndGet();
                      }
                    });
                assertThrows(CancelledException.class, scope::join);
              }
              assertEquals(1, ended.get());
            });
    Workers.pass(inside);
    owner.awaitBlocked(); // in join
    opened.join().cancel(ENOUGH);
    Workers.pass(cancelled);
    owner.awaitBlocked(); // on its way out, or there
    assertFalse(owner.isDone());
    goOn.countDown();
    owner.finish();
  }

  @Test
  @Conforms("ANY-10")
  void a_task_that_is_cancelled_alone_leaves_the_others_alone() throws Exception {
    try (var scope = TaskScope.<Boolean, Void>open(Joiner.awaitAll())) {
      var inside = new CountDownLatch(1);
      Subtask<Boolean> own =
          scope.fork(
              () -> {
                try (var inner = TaskScope.<Boolean, Void>open(Joiner.awaitAll())) {
                  inner.cancel(ENOUGH);
                  inner.fork(() -> true);
                  assertThrows(CancelledException.class, inner::join);
                }
                Cancellation.checkpoint();
                return true;
              });
      Subtask<Boolean> alone = scope.fork(() -> waitToBeCancelled(inside));
      Subtask<Boolean> other = scope.fork(() -> true);
      Workers.pass(inside);
      alone.cancel(ENOUGH);
      scope.join();
      assertFalse(scope.token().isCancelled());
      assertTrue(own.get());
      assertTrue(other.get());
      assertEquals(new Outcome.Cancelled<>(ENOUGH), alone.outcome().orElseThrow());
    }
  }

  /** Counts how often a thread went to sleep. */
  private static final class CountingTime implements TimeSource {
    private final ManualTime time = new ManualTime();
    private final AtomicInteger parks = new AtomicInteger();

    @Override
    public long nanoTime() {
      return time.nanoTime();
    }

    @Override
    public Instant instant() {
      return time.instant();
    }

    @Override
    public Timer schedule(long nanoTime, Runnable task) {
      return time.schedule(nanoTime, task);
    }

    @Override
    public void dispatch(Runnable task) {
      time.dispatch(task);
    }

    @Override
    public void parkUntil(Object blocker, long nanoTime) {
      parks.incrementAndGet();
      time.parkUntil(blocker, nanoTime);
    }
  }

  @Test
  @Conforms("ANY-28")
  void a_cancelled_scope_with_finished_and_shielded_tasks_sleeps_until_they_end() throws Exception {
    var time = new CountingTime();
    var shielded = new CountDownLatch(1);
    var goOn = new CountDownLatch(1);
    var finished = new CountDownLatch(20);
    var delivered = new AtomicInteger();
    var opened = new CompletableFuture<TaskScope<Boolean, Void>>();
    var owner =
        Workers.start(
            () ->
                TimeSource.callWith(
                    time,
                    () -> {
                      try (var scope = TaskScope.<Boolean, Void>open(Joiner.awaitAll())) {
                        opened.complete(scope);
                        for (int i = 0; i < 20; i++) {
                          scope.fork(
                              () -> {
                                Cancellation.current().onCancel(delivered::incrementAndGet);
                                finished.countDown();
                                return true;
                              });
                        }
                        Workers.pass(finished);
                        scope.fork(
                            () -> {
                              Cancellation.current().onCancel(delivered::incrementAndGet);
                              Cancellation.shielded(
                                  () -> {
                                    shielded.countDown();
                                    Workers.pass(goOn);
                                  });
                              return true;
                            });
                        Workers.pass(shielded);
                        scope.cancel(ENOUGH);
                        assertThrows(CancelledException.class, scope::join);
                        delivered.addAndGet(100);
                      }
                      return true;
                    }));
    Workers.pass(shielded);
    Workers.awaitTrue(() -> delivered.get() >= 100 && time.parks.get() > 0);
    owner.awaitBlocked();
    for (int i = 0; i < 50; i++) {
      opened.join().cancel(ENOUGH);
    }
    owner.awaitBlocked();
    assertTrue(time.parks.get() < 10, time.parks::toString); // it may wake for no reason
    goOn.countDown();
    owner.finish();
    assertEquals(121, delivered.get()); // by the end of the task, or by the cancel: once each
  }

  @Test
  @Conforms("ANY-29")
  void a_scope_can_be_closed_by_its_thread_alone() throws Exception {
    try (var scope = TaskScope.<Boolean, Void>open(Joiner.awaitAll(), c -> c.withName("mine"))) {
      Workers.runBounded(
          () -> {
            var thrown = assertThrows(WrongThreadException.class, scope::close);
            assertTrue(String.valueOf(thrown.getMessage()).startsWith("scope \"mine\" is owned"));
          });
      assertFalse(scope.token().isCancelled());
    }
  }

  @Test
  @Conforms("ANY-30")
  void cancelling_a_task_that_has_ended_does_nothing() throws Exception {
    try (var scope = TaskScope.<Boolean, Void>open(Joiner.awaitAll())) {
      Subtask<Boolean> subtask = scope.fork(() -> true);
      subtask.await();
      assertFalse(subtask.cancel(ENOUGH));
      assertFalse(subtask.abort(ENOUGH));
      assertEquals(new Outcome.Success<>(true), subtask.outcome().orElseThrow());
      scope.join();
      assertFalse(scope.token().isCancelled());
      assertTrue(subtask.get());
    }
  }
}
