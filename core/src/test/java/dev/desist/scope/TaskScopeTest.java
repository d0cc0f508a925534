package dev.desist.scope;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Deadline;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Opening, forking, joining and closing; how a scope is cancelled is ScopeCancellationTest's. */
@ExtendWith(Hygiene.class)
@Timeout(30)
class TaskScopeTest {
  private final ManualTime time = new ManualTime();

  @Test
  void two_subtasks_run_at_the_same_time_and_both_values_are_there_after_join() throws Exception {
    var meet = new CountDownLatch(2);
    try (var scope = TaskScope.<Object>open()) {
      Subtask<String> name =
          scope.fork(
              () -> {
                meet.countDown();
                meet.await();
                return "answer";
              });
      Subtask<Integer> number =
          scope.fork(
              () -> {
                meet.countDown();
                meet.await();
                return 42;
              });
      assertNull(scope.join());
      assertEquals("answer", name.get());
      assertEquals(42, number.get());
      assertEquals(Subtask.State.SUCCESS, name.state());
    }
  }

  @Test
  void a_subtask_runs_on_a_virtual_thread_named_after_it_or_its_scope() throws Exception {
    try (var scope = TaskScope.<String>open(c -> c.withName("checkout"))) {
      var named = scope.fork("price", () -> describe(Thread.currentThread()));
      var unnamed = scope.fork(() -> describe(Thread.currentThread()));
      scope.join();
      assertEquals("price virtual", named.get());
      assertEquals("checkout virtual", unnamed.get());
      assertEquals("price", named.name());
      assertEquals("unnamed", unnamed.name());
    }
  }

  @Test
  void a_thread_factory_is_used_as_it_is() throws Exception {
    var factory = Thread.ofPlatform().daemon().name("worker-", 1).factory();
    try (var scope = TaskScope.<String>open(c -> c.withName("x").withThreadFactory(factory))) {
      var subtask = scope.fork(() -> describe(Thread.currentThread()));
      scope.join();
      assertEquals("worker-1 platform", subtask.get());
    }
  }

  private static String describe(Thread thread) {
    return thread.getName() + (thread.isVirtual() ? " virtual" : " platform");
  }

  @Test
  void the_current_token_of_a_subtask_is_its_own_and_descends_from_the_scopes() throws Exception {
    try (var scope = TaskScope.<CancellationToken>open(c -> c.withName("outer"))) {
      Subtask<CancellationToken> subtask = scope.fork("inner", Cancellation::current);
      Subtask<CancellationToken> other = scope.fork(Cancellation::current);
      scope.join();
      assertSame(subtask.token(), subtask.get());
      assertNotSame(subtask.get(), other.get());
      assertNotSame(scope.token(), subtask.get());
    }
  }

  @Test
  void promise15_a_subtask_inherits_the_deadline_of_the_token_around_the_scope() throws Exception {
    time.call(
        () -> {
          Deadline deadline = Deadline.after(Duration.ofSeconds(3));
          try (var outer = CancellationToken.none().childWithDeadline(deadline)) {
            return Cancellation.call(
                outer.token(),
                () -> {
                  try (var scope = TaskScope.<Deadline>open()) {
                    var seen = scope.fork(() -> Cancellation.current().deadline());
                    scope.join();
                    return assertSameDeadline(deadline, seen.get());
                  }
                });
          }
        });
  }

  private static boolean assertSameDeadline(Deadline expected, Deadline actual) {
    assertEquals(expected, actual);
    return true;
  }

  @Test
  void promise17_a_subtask_lives_by_the_clock_of_its_scope() throws Exception {
    time.call(
        () -> {
          try (var scope = TaskScope.<Boolean>open()) {
            var asleep = new CountDownLatch(1);
            var slept =
                scope.fork(
                    () -> {
                      asleep.countDown();
                      Cancellation.sleep(Duration.ofHours(1));
                      return true;
                    });
            asleep.await();
            await().until(() -> time.pending() == 1);
            time.advance(Duration.ofHours(1));
            scope.join();
            return slept.get();
          }
        });
  }

  @Test
  void the_first_failure_is_the_cause_and_the_message_says_whose() throws Exception {
    var failure = new IOException("no route");
    try (var scope = TaskScope.open(c -> c.withName("checkout"))) {
      scope.fork(
          "price",
          () -> {
            throw failure;
          });
      var thrown = assertThrows(ExecutionException.class, scope::join);
      assertSame(failure, thrown.getCause());
      assertEquals(
          "subtask \"price\" of \"checkout\" failed: java.io.IOException: no route",
          thrown.getMessage());
    }
  }

  @Test
  void a_failure_cancels_the_siblings_which_are_told_why() throws Exception {
    var waiting = new CountDownLatch(1);
    Subtask<Boolean> sibling;
    try (var scope = TaskScope.<Boolean>open()) {
      sibling =
          scope.fork(
              () -> {
                waiting.countDown();
                Cancellation.sleep(Duration.ofDays(1));
                return true;
              });
      scope.fork(
          "price",
          () -> {
            waiting.await();
            throw new IOException("no route");
          });
      assertThrows(ExecutionException.class, scope::join);
    }
    assertEquals(Subtask.State.CANCELLED, sibling.state());
    var reason = sibling.token().reason().orElseThrow();
    assertInstanceOf(CancellationReason.SiblingFailed.class, reason);
    assertEquals("subtask \"price\" failed with java.io.IOException: no route", reason.message());
  }

  @Test
  void failures_of_siblings_on_their_way_out_are_suppressed_in_what_join_threw() throws Exception {
    var waiting = new CountDownLatch(1);
    var thrown =
        assertThrows(
            ExecutionException.class,
            () -> {
              try (var scope = TaskScope.<Boolean>open()) {
                scope.fork(
                    () -> {
                      waiting.countDown();
                      try {
                        Cancellation.sleep(Duration.ofDays(1));
                      } finally {
                        throwUnchecked("while cleaning up");
                      }
                      return true;
                    });
                scope.fork(
                    () -> {
                      waiting.await();
                      throw new IOException("first");
                    });
                scope.join();
              }
            });
    assertEquals("first", assertInstanceOf(IOException.class, thrown.getCause()).getMessage());
    assertEquals(
        List.of("while cleaning up"),
        List.of(thrown.getSuppressed()).stream().map(Throwable::getMessage).toList());
  }

  private static void throwUnchecked(String message) {
    throw new IllegalStateException(message);
  }

  @Test
  void an_action_gives_null() throws Exception {
    var ran = new AtomicInteger();
    try (var scope = TaskScope.open()) {
      var subtask = scope.fork(ran::incrementAndGet);
      Subtask<?> nothing =
          scope.fork(
              () -> {
                ran.incrementAndGet();
              });
      scope.join();
      assertTrue((int) subtask.get() > 0);
      assertNull(nothing.get());
    }
    assertEquals(2, ran.get());
  }

  @Test
  void promise21_close_waits_until_every_subtask_has_ended() throws Exception {
    var ended = new AtomicInteger();
    var begun =
        new CountDownLatch(50); // whatever has not begun when the scope is cancelled never does
    try (var scope = TaskScope.open(Joiner.anySuccessfulOrThrow())) {
      for (int i = 0; i < 50; i++) {
        scope.fork(
            () -> {
              begun.countDown();
              try {
                Cancellation.current().await();
              } finally {
                ended.incrementAndGet();
              }
              return 1;
            });
      }
      begun.await();
      scope.fork(() -> 0);
      scope.join();
    }
    assertEquals(50, ended.get());
  }

  @Test
  void a_scope_of_nothing_joins_at_once() throws Exception {
    try (var scope = TaskScope.open()) {
      assertNull(scope.join());
    }
    try (var scope = TaskScope.open()) {
      assertFalse(scope.token().isCancelled());
    }
  }

  @Test
  void a_timeout_gives_the_owner_a_timeout_and_the_subtask_a_cancellation() throws Exception {
    Subtask<Boolean> subtask;
    try (var scope =
        time.call(
            () ->
                TaskScope.<Boolean>open(
                    c -> c.withName("lookup").withTimeout(Duration.ofMillis(100))))) {
      subtask =
          scope.fork(
              () -> {
                Cancellation.current().await();
                Cancellation.checkpoint();
                return true;
              });
      time.advance(Duration.ofMillis(100));
      var thrown = assertThrows(TimeoutException.class, scope::join);
      assertEquals("the 100 ms deadline of \"lookup\" passed", thrown.getMessage());
      assertInstanceOf(CancelledException.class, thrown.getCause());
    }
    assertEquals(Subtask.State.CANCELLED, subtask.state());
  }

  @Test
  void the_timeout_of_a_token_further_out_is_a_cancellation_here() throws Exception {
    try (var outer = time.call(() -> CancellationSource.create("request"))) {
      outer.cancelAfter(Duration.ofMillis(5));
      Cancellation.call(
          outer.token(),
          () -> {
            try (var scope = TaskScope.open(c -> c.withTimeout(Duration.ofMillis(50)))) {
              scope.fork(() -> Cancellation.current().await());
              time.advance(Duration.ofMillis(5));
              var thrown = assertThrows(CancelledException.class, scope::join);
              assertEquals("the 5 ms deadline of \"request\" passed", thrown.reason().message());
            }
            return true;
          });
    }
  }

  @Test
  void completion_beats_a_cancellation_that_comes_when_all_have_succeeded() throws Exception {
    try (var scope = TaskScope.open(Joiner.<Integer>allSuccessfulOrThrow())) {
      Subtask<Integer> subtask = scope.fork(() -> 7);
      subtask.await();
      await().until(() -> scope.toString().contains("0 subtasks"));
      scope.cancel();
      assertEquals(List.of(7), scope.join());
    }
  }

  @Test
  void no_more_than_the_limit_run_at_the_same_time_and_all_run_in_the_end() throws Exception {
    var running = new AtomicInteger();
    var most = new AtomicInteger();
    try (var scope =
        TaskScope.open(Joiner.<Integer>allSuccessfulOrThrow(), c -> c.withParallelism(3))) {
      for (int i = 0; i < 100; i++) {
        int number = i;
        scope.fork(
            () -> {
              most.accumulateAndGet(running.incrementAndGet(), Math::max);
              running.decrementAndGet();
              return number;
            });
      }
      List<Integer> values = scope.join();
      assertEquals(100, values.size());
      assertEquals(99, values.get(99));
    }
    assertTrue(most.get() <= 3, most::toString);
  }

  @Test
  void with_shared_forking_a_subtask_may_fork_more() throws Exception {
    var seen = new CopyOnWriteArrayList<Integer>();
    try (var scope = TaskScope.open(c -> c.withSharedForking())) {
      scope.fork(() -> count(scope, seen, 10));
      scope.join();
    }
    assertEquals(11, seen.size());
  }

  private static boolean count(TaskScope<Object, ?> scope, List<Integer> seen, int left) {
    if (left > 0) {
      scope.fork(() -> count(scope, seen, left - 1));
    }
    return seen.add(left);
  }

  @Test
  void a_deep_nest_of_scopes_is_cancelled_from_the_outermost() throws Exception {
    var reached = new CountDownLatch(1);
    try (var scope = TaskScope.open(Joiner.awaitAll())) {
      scope.fork(() -> nest(200, reached));
      reached.await();
      scope.cancel();
      assertThrows(CancelledException.class, scope::join);
    }
  }

  private static boolean nest(int depth, CountDownLatch reached) throws Exception {
    if (depth == 0) {
      reached.countDown();
      return Cancellation.current().await();
    }
    try (var scope = TaskScope.open()) {
      scope.fork(() -> nest(depth - 1, reached));
      scope.join();
    }
    return true;
  }

  @Test
  void promise14_a_scope_keeps_nothing_of_a_subtask_that_has_ended() throws Exception {
    try (var scope = TaskScope.open(Joiner.awaitAll())) {
      var refs = new ArrayList<java.lang.ref.WeakReference<Object>>();
      for (int i = 0; i < 100; i++) {
        var payload = new Object();
        refs.add(new java.lang.ref.WeakReference<>(payload));
        scope.fork(() -> payload).await();
      }
      await()
          .until(
              () -> {
                System.gc();
                return refs.stream().allMatch(ref -> ref.refersTo(null));
              });
      scope.join();
    }
  }

  @Test
  void to_string_says_name_state_time_left_and_how_many_run() throws Exception {
    try (var scope =
        time.call(
            () -> TaskScope.open(c -> c.withName("checkout").withTimeout(Duration.ofSeconds(2))))) {
      assertEquals("TaskScope[\"checkout\", live, 2 s left, 0 subtasks]", scope.toString());
      scope.fork(() -> Cancellation.current().await());
      assertEquals("TaskScope[\"checkout\", live, 2 s left, 1 subtask]", scope.toString());
      scope.cancel(CancellationReason.requested("the user left"));
      assertTrue(scope.toString().contains("cancelled, requested: the user left"), scope::toString);
      assertThrows(CancelledException.class, scope::join);
    }
  }
}
