package dev.desist.scope;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationCallbackException;
import dev.desist.CancellationReason;
import dev.desist.CancelledException;
import dev.desist.Leftovers;
import dev.desist.Outcome;
import dev.desist.testkit.Hygiene;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.spi.AbstractInterruptibleChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** User code that throws, blocks or comes late, at the worst moment: no subtask is forgotten. */
@ExtendWith(Hygiene.class)
@Timeout(60)
class ScopeUnderAttackTest {
  private static final CancellationReason ENOUGH = CancellationReason.requested("enough");

  private final CountDownLatch inside = new CountDownLatch(1);
  private final CountDownLatch release = new CountDownLatch(1);

  /** On a thread of its own, since close takes no notice of the interrupt of a timeout. */
  private static <T> T within20Seconds(Callable<T> body) throws Exception {
    var task = new FutureTask<>(body);
    Thread.ofPlatform().daemon().start(task);
    return task.get(20, TimeUnit.SECONDS);
  }

  private Object take() throws InterruptedException {
    inside.countDown();
    return new SynchronousQueue<>().take();
  }

  private Object deaf() {
    inside.countDown();
    while (true) {
      try {
        release.await();
        return "late";
      } catch (InterruptedException e) {
        // deaf to that, too
      }
    }
  }

  /** Declared after the scope, it is closed before it: so a failed assertion does not hang. */
  private Releasing releasing() {
    return release::countDown;
  }

  private interface Releasing extends AutoCloseable {
    @Override
    void close();
  }

  private static void throwError(String message) {
    throw new AssertionError(message);
  }

  private static void throwUnchecked(String message) {
    throw new IllegalStateException(message);
  }

  // ---- scopes that leak ----

  @Test
  void promise21_a_scope_that_leaks_out_of_a_shield_is_closed_too() throws Exception {
    var ended = new AtomicBoolean();
    try (var scope = TaskScope.open()) {
      scope.fork(
          () ->
              Cancellation.shielded(
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
                  }));
      var thrown = assertThrows(ExecutionException.class, scope::join);
      assertInstanceOf(IllegalStateException.class, thrown.getCause());
      assertTrue(ended.get());
    }
  }

  @Test
  void promise20_the_value_of_a_task_that_leaked_a_scope_is_disposed_of_and_the_leak_told() {
    var disposed = new CopyOnWriteArrayList<Object>();
    List<Callable<Object>> leaky =
        List.of(
            () -> {
              TaskScope.open(c -> c.withName("leaked"));
              return "value";
            });
    var thrown =
        assertThrows(
            ExecutionException.class, () -> Tasks.race(leaky, c -> c.withDisposer(disposed::add)));
    assertInstanceOf(IllegalStateException.class, thrown.getCause());
    assertEquals(List.of("value"), disposed);
  }

  // ---- user code that throws ----

  @Test
  void promise21_a_listener_that_throws_an_error_does_not_end_the_wait() throws Exception {
    var subtask = new AtomicReference<Subtask<Object>>();
    try (var _ = Leftovers.onReport(leftover -> throwError("listener"));
        var _ = Leftovers.onReport(leftover -> release.countDown())) {
      within20Seconds(
          () -> {
            try (var scope =
                TaskScope.open(
                    Joiner.awaitAll(), c -> c.withGrace(Grace.reportAfter(Duration.ZERO)))) {
              subtask.set(scope.fork(this::deaf));
              inside.await();
              scope.cancel(ENOUGH);
              assertThrows(CancelledException.class, scope::join);
            }
            assertEquals("late", subtask.get().get());
            try (var next = TaskScope.open()) {
              next.join();
            }
            return true;
          });
    } finally {
      release.countDown();
    }
  }

  @Test
  void a_disposer_that_throws_an_error_keeps_nothing_from_being_disposed_of() throws Exception {
    var disposed = new CopyOnWriteArrayList<Object>();
    var gate = new CountDownLatch(2);
    Callable<Object> task =
        () -> {
          gate.countDown();
          gate.await();
          return "value";
        };
    var thrown =
        assertThrows(
            ExecutionException.class,
            () ->
                Tasks.all(
                    List.of(
                        task,
                        task,
                        () -> {
                          gate.await();
                          throw new IllegalStateException("task");
                        }),
                    c ->
                        c.withDisposer(
                            value -> {
                              disposed.add(value);
                              throwError("disposer");
                            })));
    assertEquals("java.lang.IllegalStateException: task", String.valueOf(thrown.getCause()));
    assertEquals(2, disposed.size());
  }

  @Test
  void a_handler_of_uncaught_exceptions_that_throws_does_not_lose_the_subtask() throws Exception {
    within20Seconds(
        () -> {
          try (var scope =
              TaskScope.open(
                  Joiner.awaitAll(),
                  c ->
                      c.withThreadFactory(
                          Thread.ofVirtual()
                              .uncaughtExceptionHandler((thread, e) -> throwUnchecked("handler"))
                              .factory()))) {
            Subtask<Integer> subtask =
                scope.fork(
                    () -> {
                      Cancellation.current().onCancel(() -> throwUnchecked("callback"));
                      return 1;
                    });
            subtask.await();
            scope.join();
            assertEquals(1, subtask.get());
          }
          return true;
        });
  }

  @Test
  void abort_interrupts_although_a_callback_fails() throws Exception {
    within20Seconds(
        () -> {
          try (var scope = TaskScope.open(Joiner.awaitAll())) {
            Subtask<?> subtask = scope.fork(this::take);
            inside.await();
            subtask.token().onCancel(() -> throwUnchecked("callback"));
            assertThrows(CancellationCallbackException.class, () -> subtask.abort(ENOUGH));
            subtask.await();
            assertEquals(new Outcome.Cancelled<>(ENOUGH), subtask.outcome().orElseThrow());
            scope.join();
          }
          return true;
        });
  }

  @Test
  void abort_of_a_scope_interrupts_although_a_callback_fails() throws Exception {
    within20Seconds(
        () -> {
          try (var scope = TaskScope.open(Joiner.awaitAll())) {
            Subtask<?> subtask = scope.fork(this::take);
            inside.await();
            scope.token().onCancel(() -> throwUnchecked("callback"));
            assertThrows(CancellationCallbackException.class, () -> scope.abort(ENOUGH));
            subtask.await();
            assertThrows(CancelledException.class, scope::join);
          }
          return true;
        });
  }

  @Test
  void promise23_what_waits_for_a_place_ends_at_once_although_a_callback_fails() throws Exception {
    try (var scope = TaskScope.open(Joiner.awaitAll(), c -> c.withParallelism(1));
        var _ = releasing()) {
      scope.fork(this::deaf);
      inside.await();
      Subtask<?> queued = scope.fork(() -> 1);
      queued.token().onCancel(() -> throwUnchecked("callback"));
      assertThrows(CancellationCallbackException.class, () -> queued.cancel(ENOUGH));
      assertEquals(Subtask.State.CANCELLED, queued.state());
      release.countDown();
      scope.join();
    }
  }

  // ---- interrupts ----

  @Test
  void promise18_an_interrupt_that_hangs_does_not_hold_up_who_awaits() throws Exception {
    try (var scope = TaskScope.open(Joiner.awaitAll());
        var _ = releasing()) {
      var closing = new CountDownLatch(1);
      Subtask<?> subtask =
          scope.fork(
              () -> {
                try (var channel =
                    new AbstractInterruptibleChannel() {
                      @Override
                      protected void implCloseChannel() {
                        closing.countDown();
                        deaf();
                      }

                      void use() throws Exception {
                        begin();
                        try {
                          deaf();
                        } finally {
                          end(false);
                        }
                      }
                    }) {
                  channel.use();
                }
                return 1;
              });
      inside.await();
      subtask.abort();
      closing.await();
      assertFalse(within20Seconds(() -> subtask.await(Duration.ofNanos(1))));
      release.countDown();
      scope.join();
    }
  }

  @Test
  void promise18_who_aborts_its_own_scope_is_not_interrupted() throws Exception {
    try (var scope = TaskScope.open(Joiner.awaitAll())) {
      Subtask<Boolean> self =
          scope.fork(
              () -> {
                scope.abort(ENOUGH);
                Subtask<?> other = scopeThatIsInterrupted();
                return other.state() == Subtask.State.CANCELLED
                    && !Thread.currentThread().isInterrupted();
              });
      assertThrows(CancelledException.class, scope::join);
      self.await();
      assertTrue(self.get(), self::toString);
    }
  }

  /** Takes so long that an interrupt sent before would have arrived. */
  private Subtask<?> scopeThatIsInterrupted() throws Exception {
    return Cancellation.shielded(
        () -> {
          try (var scope = TaskScope.open(Joiner.awaitAll())) {
            Subtask<?> subtask = scope.fork(this::take);
            inside.await();
            subtask.abort();
            subtask.await();
            scope.join();
            return subtask;
          }
        });
  }

  @Test
  void an_interruption_in_an_unchecked_wrapper_is_known_for_what_it_is() throws Exception {
    try (var scope = TaskScope.open(Joiner.awaitAll())) {
      Subtask<?> subtask =
          scope.fork(
              () -> {
                try {
                  return take();
                } catch (InterruptedException e) {
                  // what java.nio.file.Files.lines does
                  throw new UncheckedIOException(new ClosedByInterruptException());
                }
              });
      inside.await();
      subtask.abort(ENOUGH);
      subtask.await();
      assertEquals(new Outcome.Cancelled<>(ENOUGH), subtask.outcome().orElseThrow());
      scope.join();
    }
  }

  // ---- forks that come late ----

  @Test
  void join_waits_for_a_fork_that_the_joiner_was_told_of() throws Exception {
    var told = new CountDownLatch(1);
    Joiner<Integer, List<Subtask<Integer>>> all = Joiner.allUntil(_ -> false);
    Joiner<Integer, List<Subtask<Integer>>> slow =
        new Joiner<>() {
          @Override
          public boolean onFork(Subtask<? extends Integer> subtask) {
            boolean stop = all.onFork(subtask);
            told.countDown();
            deaf();
            return stop;
          }

          @Override
          public List<Subtask<Integer>> result() throws Exception {
            return all.result();
          }
        };
    try (var scope = TaskScope.open(slow, c -> c.withSharedForking())) {
      Thread forker = Thread.ofPlatform().start(() -> scope.fork(() -> 1));
      told.await();
      Thread owner = Thread.currentThread();
      Thread releaser =
          Thread.ofPlatform()
              .start(
                  () -> {
                    while (owner.getState() != Thread.State.WAITING) {
                      Thread.onSpinWait();
                    }
                    release.countDown();
                  });
      try {
        assertEquals(List.of(1), scope.join().stream().map(Subtask::get).toList());
      } finally {
        release.countDown();
        forker.join();
        releaser.join();
      }
    }
  }

  @Test
  void promise23_a_subtask_that_forks_after_join_gave_up_gets_a_cancelled_one() throws Exception {
    try (var scope = TaskScope.<Object, Void>open(Joiner.awaitAll(), c -> c.withSharedForking());
        var _ = releasing()) {
      Subtask<Subtask.State> forking =
          scope.fork(
              () -> {
                deaf();
                return scope.fork(() -> 1).state();
              });
      inside.await();
      scope.cancel(ENOUGH);
      assertThrows(CancelledException.class, scope::join);
      release.countDown();
      forking.await();
      assertEquals(Subtask.State.CANCELLED, forking.get());
    }
  }

  // ---- leftovers ----

  @Test
  void promise21_what_has_ended_is_listed_no_more() throws Exception {
    for (int round = 0; round < 2_000; round++) {
      var entered = new CountDownLatch(1);
      var go = new CountDownLatch(1);
      Subtask<?> subtask;
      try (var scope =
          TaskScope.open(Joiner.awaitAll(), c -> c.withGrace(Grace.leaveAfter(Duration.ZERO)))) {
        subtask =
            scope.fork(
                () -> {
                  entered.countDown();
                  go.await();
                  return 1;
                });
        entered.await();
        scope.cancel(ENOUGH);
        assertThrows(CancelledException.class, scope::join);
      }
      go.countDown();
      while (subtask.outcome().isEmpty()) {
        Thread.onSpinWait();
      }
      assertEquals(List.of(), Leftovers.list());
    }
  }

  @Test
  void promise25_what_ended_while_the_report_was_made_is_not_reported() throws Exception {
    var reports = new CopyOnWriteArrayList<String>();
    var subtasks = new CopyOnWriteArrayList<Subtask<?>>();
    var both = new CountDownLatch(2);
    try (var _ =
            Leftovers.onReport(
                leftover -> {
                  reports.add(leftover.task());
                  release.countDown();
                  for (Subtask<?> subtask : subtasks) {
                    awaitQuietly(subtask);
                  }
                });
        var scope =
            TaskScope.open(Joiner.awaitAll(), c -> c.withGrace(Grace.reportAfter(Duration.ZERO)))) {
      for (int i = 0; i < 2; i++) {
        subtasks.add(
            scope.fork(
                () -> {
                  both.countDown();
                  return deaf();
                }));
      }
      both.await();
      scope.cancel(ENOUGH);
      assertThrows(CancelledException.class, scope::join);
    }
    assertEquals(1, reports.size());
  }

  private static void awaitQuietly(Subtask<?> subtask) {
    try {
      subtask.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void every_failure_of_the_joiner_is_told() throws Exception {
    var meet = new CountDownLatch(2);
    Joiner<Object, Object> bad =
        new Joiner<>() {
          @Override
          public boolean onComplete(Subtask<?> subtask) {
            meet.countDown();
            ScopeCancellationTest.awaitQuietly(meet);
            throw new IllegalStateException(subtask.name());
          }

          @Override
          public Object result() {
            return "never";
          }
        };
    IllegalStateException thrown;
    try (var scope = TaskScope.open(bad)) {
      scope.fork("one", () -> 1);
      scope.fork("two", () -> 2);
      thrown = assertThrows(IllegalStateException.class, scope::join);
    }
    var messages = new java.util.TreeSet<String>();
    Throwable cause = assertInstanceOf(IllegalStateException.class, thrown.getCause());
    messages.add(cause.getMessage());
    for (Throwable other : thrown.getSuppressed()) {
      messages.add(other.getMessage());
    }
    for (Throwable other : cause.getSuppressed()) {
      messages.add(other.getMessage());
    }
    assertEquals(new java.util.TreeSet<>(List.of("one", "two")), messages);
  }
}
