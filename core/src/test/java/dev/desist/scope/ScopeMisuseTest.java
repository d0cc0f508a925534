package dev.desist.scope;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Action;
import dev.desist.Cancellation;
import dev.desist.CancellationCallbackException;
import dev.desist.CancelledException;
import dev.desist.Leftovers;
import dev.desist.testkit.Hygiene;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Wrong use: each has its message, and leaves nothing half done. */
@ExtendWith(Hygiene.class)
@Timeout(30)
@SuppressWarnings("NullAway") // null is passed on purpose
class ScopeMisuseTest {
  @Test
  void only_the_owner_forks_joins_and_closes() throws Exception {
    try (var scope = TaskScope.open(c -> c.withName("mine"))) {
      assertWrongThread(() -> scope.fork(() -> 1));
      assertWrongThread(scope::join);
      Runnable close = scope::close;
      assertWrongThread(
          () -> {
            close.run();
            return 1;
          });
      scope.join();
    }
  }

  private static void assertWrongThread(Callable<Object> call) throws InterruptedException {
    var task = new FutureTask<>(call);
    Thread.ofPlatform().name("intruder").start(task).join();
    var thrown =
        assertInstanceOf(
            WrongThreadException.class,
            assertThrows(ExecutionException.class, task::get).getCause());
    assertTrue(
        thrown
            .getMessage()
            .startsWith(
                "scope \"mine\" is owned by " + Thread.currentThread() + ", not by Thread["),
        thrown::getMessage);
  }

  @Test
  void a_scope_is_joined_once() throws Exception {
    try (var scope = TaskScope.open()) {
      scope.join();
      var thrown = assertThrows(IllegalStateException.class, scope::join);
      assertEquals("the scope must not be joined after it was joined", thrown.getMessage());
      assertEquals(
          "the scope must not be forked into after it was joined",
          assertThrows(IllegalStateException.class, () -> scope.fork(() -> 1)).getMessage());
    }
  }

  @Test
  void a_closed_scope_stays_closed() throws Exception {
    var scope = TaskScope.open(c -> c.withName("gone"));
    scope.close();
    scope.close();
    assertEquals(
        "scope \"gone\" must not be joined after it was closed",
        assertThrows(IllegalStateException.class, scope::join).getMessage());
    assertThrows(IllegalStateException.class, () -> scope.fork(() -> 1));
    assertFalse(scope.cancel());
  }

  @Test
  void what_was_forked_into_is_joined() {
    var inside = new CountDownLatch(1);
    var ended = new AtomicBoolean();
    var thrown =
        assertThrows(
            IllegalStateException.class,
            () -> {
              try (var scope = TaskScope.open()) {
                scope.fork(
                    () -> {
                      inside.countDown();
                      try {
                        return Cancellation.current().await();
                      } finally {
                        ended.set(true);
                      }
                    });
                inside.await();
              }
            });
    assertTrue(ended.get());
    assertEquals(
        "the scope must be joined before it is closed, since it was forked into",
        thrown.getMessage());
  }

  @Test
  void a_body_that_leaves_before_join_does_not_lose_what_stopped_the_scope() {
    var thrown =
        assertThrows(
            CancelledException.class,
            () -> {
              try (var scope = TaskScope.open()) {
                scope.fork(
                    () -> {
                      throw new IOException("root cause");
                    });
                Cancellation.call(
                    scope.token(),
                    () -> {
                      Cancellation.sleep(Duration.ofDays(1));
                      return scope.join();
                    });
              }
            });
    var misuse = assertInstanceOf(IllegalStateException.class, thrown.getSuppressed()[0]);
    var failure = assertInstanceOf(ExecutionException.class, misuse.getCause());
    assertEquals(
        "root cause", assertInstanceOf(IOException.class, failure.getCause()).getMessage());
  }

  @Test
  void closing_out_of_order_closes_the_inner_ones_first_and_tells() throws Exception {
    var outer = TaskScope.open(c -> c.withName("outer"));
    var inner = TaskScope.open(Joiner.awaitAll(), c -> c.withName("inner"));
    var inside = new CountDownLatch(1);
    Subtask<?> subtask =
        inner.fork(
            () -> {
              inside.countDown();
              return Cancellation.current().await();
            });
    inside.await();
    var thrown = assertThrows(IllegalStateException.class, outer::close);
    assertEquals("scope \"inner\" must be closed before scope \"outer\" is", thrown.getMessage());
    assertTrue(subtask.outcome().isPresent());
    inner.close(); // nothing more to do
    try (var next = TaskScope.open()) {
      next.join();
    }
  }

  @Test
  void a_scope_that_leaks_out_of_its_task_is_closed_and_fails_the_task() throws Exception {
    var inside = new CountDownLatch(1);
    var ended = new AtomicBoolean();
    try (var scope = TaskScope.open()) {
      scope.fork(
          "leaky",
          () -> {
            var leaked = TaskScope.open(c -> c.withName("leaked"));
            leaked.fork(
                () -> {
                  inside.countDown();
                  Cancellation.current().await();
                  ended.set(true);
                  return 1;
                });
            inside.await();
            return "returned";
          });
      var thrown = assertThrows(ExecutionException.class, scope::join);
      assertEquals(
          "scope \"leaked\" must be closed before the task that opened it ends",
          assertInstanceOf(IllegalStateException.class, thrown.getCause()).getMessage());
      assertTrue(ended.get());
    }
  }

  @Test
  void a_task_that_catches_everything_in_a_loop_is_ended_by_its_own_will_alone() throws Exception {
    var stop = new AtomicBoolean();
    var inside = new CountDownLatch(1);
    var caught = new CountDownLatch(100);
    Subtask<?> stubborn;
    try (var scope =
        TaskScope.open(Joiner.awaitAll(), c -> c.withGrace(Grace.leaveAfter(Duration.ZERO)))) {
      stubborn =
          scope.fork(
              "stubborn",
              () -> {
                inside.countDown();
                while (!stop.get()) {
                  try {
                    Cancellation.sleep(Duration.ofDays(1));
                  } catch (CancelledException e) {
                    caught.countDown(); // every checkpoint throws again, not just the first
                  }
                }
                return 1;
              });
      inside.await();
      scope.cancel();
      caught.await();
      assertThrows(CancelledException.class, scope::join);
    }
    assertEquals("stubborn", Leftovers.list().getFirst().task());
    stop.set(true);
    stubborn.await();
    org.awaitility.Awaitility.await().until(() -> Leftovers.list().isEmpty());
  }

  @Test
  void a_thread_factory_that_gives_nothing_fails_the_fork_and_the_scope() throws Exception {
    try (var scope = TaskScope.open(c -> c.withThreadFactory(task -> null))) {
      var refused =
          assertThrows(RejectedExecutionException.class, () -> scope.fork("one", () -> 1));
      assertTrue(refused.getMessage().endsWith("gave no thread"), refused::getMessage);
      var thrown = assertThrows(ExecutionException.class, scope::join);
      assertSame(refused, thrown.getCause());
    }
  }

  @Test
  void a_thread_that_runs_its_task_on_the_owner_does_not_close_the_scope() throws Exception {
    ThreadFactory inline =
        task ->
            new Thread(task) {
              @Override
              public void start() {
                task.run();
              }
            };
    try (var scope =
        TaskScope.open(Joiner.<Integer>allSuccessfulOrThrow(), c -> c.withThreadFactory(inline))) {
      scope.fork(() -> 1);
      assertEquals(1, scope.join().getFirst());
    }
  }

  @Test
  void a_result_is_not_given_before_there_is_one() throws Exception {
    try (var scope = TaskScope.open(Joiner.<Integer>awaitAll())) {
      var go = new CountDownLatch(1);
      Subtask<Integer> subtask =
          scope.fork(
              "slow",
              () -> {
                go.await();
                throw new IOException("late");
              });
      assertEquals(
          "subtask \"slow\" has not ended",
          assertThrows(IllegalStateException.class, subtask::get).getMessage());
      assertThrows(IllegalStateException.class, subtask::exception);
      assertEquals("Subtask[subtask \"slow\", UNAVAILABLE]", subtask.toString());
      go.countDown();
      scope.join();
      var thrown = assertThrows(IllegalStateException.class, subtask::get);
      assertEquals("subtask \"slow\" failed", thrown.getMessage());
      assertInstanceOf(IOException.class, thrown.getCause());
    }
  }

  @Test
  void callbacks_that_fail_when_the_scope_is_closed_reach_who_closes_it() {
    var thrown =
        assertThrows(
            CancellationCallbackException.class,
            () -> {
              try (var scope = TaskScope.open()) {
                scope
                    .token()
                    .onCancel(
                        () -> {
                          throw new IllegalStateException("callback");
                        });
                scope.join();
              }
            });
    assertEquals(
        "callback", assertInstanceOf(IllegalStateException.class, thrown.getCause()).getMessage());
  }

  @Test
  void null_is_refused_by_name() throws Exception {
    try (var scope = TaskScope.open()) {
      assertNames("task", () -> scope.fork((Callable<Object>) null));
      assertNames("task", () -> scope.fork((Action<?>) null));
      assertNames("name", () -> scope.fork(null, () -> 1));
      assertNames("task", () -> scope.fork("x", null));
      assertNames("reason", () -> scope.cancel(null));
      assertNames("joiner", () -> TaskScope.open((Joiner<Object, Object>) null));
      assertNames("configure", () -> TaskScope.open(Joiner.awaitAll(), null));
      assertNames("configure must not give null", () -> TaskScope.open(c -> null));
      assertNames("name", () -> TaskScope.open(c -> c.withName(null)));
      assertNames("timeout", () -> TaskScope.open(c -> c.withTimeout(null)));
      assertNames("grace", () -> TaskScope.open(c -> c.withGrace(null)));
      assertNames("threadFactory", () -> TaskScope.open(c -> c.withThreadFactory(null)));
      assertNames("enough", () -> Joiner.allUntil(null));
      assertNames("patience", () -> Grace.leaveAfter(null));
      assertNames("listener", () -> Leftovers.onReport(null));
      assertEquals(
          "parallelism must be positive: 0",
          assertThrows(
                  IllegalArgumentException.class, () -> TaskScope.open(c -> c.withParallelism(0)))
              .getMessage());
      assertEquals(
          "timeout must not be negative: PT-1S",
          assertThrows(
                  IllegalArgumentException.class,
                  () -> TaskScope.open(c -> c.withTimeout(Duration.ofSeconds(-1))))
              .getMessage());
      scope.join();
    }
  }

  private static void assertNames(String parameter, Callable<?> call) {
    assertEquals(parameter, assertThrows(NullPointerException.class, call::call).getMessage());
  }
}
