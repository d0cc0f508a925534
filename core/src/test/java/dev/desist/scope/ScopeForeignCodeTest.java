package dev.desist.scope;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancelledException;
import dev.desist.Leftovers;
import dev.desist.Outcome;
import dev.desist.Task;
import dev.desist.support.ForeignCode;
import dev.desist.testkit.Hygiene;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Code of users in every place where a scope calls it, failing in every way: nothing hangs, nothing
 * is lost, the right one is blamed, and the next scope works.
 */
@ExtendWith(Hygiene.class)
class ScopeForeignCodeTest {
  // ---- what foreign code may throw ----

  private static final Map<String, Supplier<Throwable>> THROWN = thrown();

  private static Map<String, Supplier<Throwable>> thrown() {
    var thrown = new LinkedHashMap<>(ForeignCode.THROWN);
    thrown.put("an error", () -> new AssertionError("own"));
    thrown.put("null", () -> new NullPointerException());
    return Collections.unmodifiableMap(thrown);
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <X extends Throwable, T> T raise(Throwable thrown) throws X {
    throw (X) thrown;
  }

  // ---- the walk ----

  private interface Law {
    void hold(Throwable thrown) throws Exception;
  }

  private static List<DynamicTest> forAll(String what, Law law) {
    var tests = new ArrayList<DynamicTest>();
    THROWN.forEach(
        (name, thrown) ->
            tests.add(
                dynamicTest(
                    what + ": " + name,
                    () -> {
                      inTime(
                          () -> {
                            law.hold(thrown.get());
                            theNextScopeWorks();
                            return true;
                          });
                    })));
    return tests;
  }

  /** On a thread of its own, since close takes no notice of the interrupt of a timeout. */
  private static <T> T inTime(Callable<T> body) throws Exception {
    var task = new FutureTask<>(body);
    Thread.ofPlatform().daemon().start(task);
    try {
      return task.get(20, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof AssertionError error) {
        throw error;
      }
      throw e;
    }
  }

  private static void theNextScopeWorks() throws Exception {
    assertEquals(List.of("a", "b"), Tasks.all(() -> "a", () -> "b"));
    assertEquals("", Cancellation.current().reason().map(Object::toString).orElse(""));
  }

  private static void hasNobody(TaskScope<?, ?> scope) throws InterruptedException {
    assertTrue(scope.await(Duration.ofSeconds(10)), "it comes to its end");
    assertTrue(scope.toString().endsWith(", 0 subtasks]"), scope.toString());
  }

  // ---- tasks ----

  @TestFactory
  List<DynamicTest> a_task_that_throws_fails_with_that_and_costs_nobody_else_a_value() {
    return forAll(
        "a task",
        thrown -> {
          for (int limit : new int[] {0, 1}) {
            TaskScope<String, List<Subtask<String>>> opened;
            try (TaskScope<String, List<Subtask<String>>> scope =
                TaskScope.open(
                    Joiner.allUntil(_ -> false), c -> limit == 0 ? c : c.withParallelism(limit))) {
              opened = scope;
              scope.fork(() -> "before");
              scope.fork(() -> ScopeForeignCodeTest.<RuntimeException, String>raise(thrown));
              scope.fork(() -> "after");
              List<Outcome<String>> outcomes = outcomes(scope.join());
              assertEquals(new Outcome.Success<>("before"), outcomes.get(0));
              assertSame(
                  thrown, assertInstanceOf(Outcome.Failure.class, outcomes.get(1)).exception());
              assertEquals(new Outcome.Success<>("after"), outcomes.get(2));
            }
            hasNobody(opened);
          }
        });
  }

  @TestFactory
  List<DynamicTest> a_task_that_throws_is_the_cause_of_what_join_throws() {
    return forAll(
        "a task",
        thrown -> {
          TaskScope<Object, ?> opened;
          ExecutionException failed;
          try (TaskScope<Object, @Nullable Void> scope = TaskScope.open()) {
            opened = scope;
            scope.fork(() -> raise(thrown));
            scope.fork(
                () -> {
                  Cancellation.current().await();
                  return raise(thrown);
                });
            failed = assertThrows(ExecutionException.class, scope::join);
          }
          assertSame(thrown, failed.getCause());
          hasNobody(opened);
        });
  }

  @TestFactory
  List<DynamicTest> races_and_all_pass_it_on() {
    return forAll(
        "a task",
        thrown -> {
          assertEquals(
              "good",
              Tasks.<String>race(
                  () -> ScopeForeignCodeTest.<RuntimeException, String>raise(thrown),
                  () -> "good"));
          var failed =
              assertThrows(
                  ExecutionException.class, () -> Tasks.all(() -> raise(thrown), () -> "good"));
          assertSame(thrown, failed.getCause());
        });
  }

  @TestFactory
  List<DynamicTest> within_passes_it_on_in_each_of_its_forms() {
    return forAll(
        "a task",
        thrown -> {
          var minute = Duration.ofMinutes(1);
          assertSame(
              thrown,
              assertThrows(Throwable.class, () -> Tasks.within(minute, () -> raise(thrown))));
          assertSame(
              thrown,
              assertThrows(
                  Throwable.class,
                  () -> Tasks.within(minute, () -> raise(thrown), c -> c.withScope(s -> s))));
          assertSame(
              thrown,
              assertThrows(
                  Throwable.class,
                  () -> Tasks.withinOr(minute, () -> raise(thrown), () -> "fallback")));
          if (thrown instanceof Exception && !(thrown instanceof InterruptedException)) {
            Outcome<Object> outcome = Tasks.outcomeWithin(minute, () -> raise(thrown));
            assertSame(thrown, assertInstanceOf(Outcome.Failure.class, outcome).exception());
          }
        });
  }

  @TestFactory
  List<DynamicTest> a_timeout_is_the_owners_whatever_a_layer_makes_of_the_cancellation() {
    return forAll(
        "a layer",
        thrown -> {
          Task<Object, Exception> task =
              () -> {
                try {
                  Cancellation.sleep(Duration.ofMinutes(1));
                  return "slept";
                } catch (CancelledException e) {
                  thrown.addSuppressed(e);
                  return raise(thrown);
                }
              };
          var soon = Duration.ofMillis(1);
          if (thrown instanceof Exception && !(thrown instanceof CancelledException)) {
            var timedOut =
                assertThrows(
                    TimeoutException.class,
                    () -> Tasks.within(soon, task, c -> c.withName("mine")));
            assertSame(thrown, timedOut.getCause());
            assertEquals("fallback", Tasks.withinOr(soon, task, () -> "fallback"));
          }
          assertThrows(
              TimeoutException.class, () -> Tasks.within(soon, task, c -> c.withScope(s -> s)));
        });
  }

  private static <T> List<Outcome<T>> outcomes(List<Subtask<T>> subtasks) {
    return subtasks.stream().map(subtask -> subtask.outcome().orElseThrow()).toList();
  }

  // ---- joiners ----

  /** Throws in one of its methods. */
  private static final class BadJoiner implements Joiner<String, Integer> {
    private final String where;
    private final Throwable thrown;
    final AtomicInteger told = new AtomicInteger();

    BadJoiner(String where, Throwable thrown) {
      this.where = where;
      this.thrown = thrown;
    }

    private void at(String place) {
      if (where.equals(place)) {
        ScopeForeignCodeTest.<RuntimeException, Object>raise(thrown);
      }
    }

    @Override
    public boolean onFork(Subtask<? extends String> subtask) {
      at("onFork");
      return false;
    }

    @Override
    public boolean onComplete(Subtask<? extends String> subtask) {
      told.incrementAndGet();
      at("onComplete");
      return where.startsWith("reason");
    }

    @Override
    @SuppressWarnings("NullAway") // that is what it is about
    public CancellationReason reason(Subtask<? extends String> subtask) {
      at("reason");
      return where.equals("reason is null") ? null : CancellationReason.requested("enough");
    }

    @Override
    public Integer result() {
      at("result");
      return told.get();
    }
  }

  @TestFactory
  List<DynamicTest> a_joiner_that_throws_ends_its_scope_and_no_other() {
    var tests = new ArrayList<DynamicTest>();
    for (String where : List.of("onFork", "onComplete", "reason", "reason is null", "result")) {
      tests.addAll(
          forAll(
              "a joiner, " + where,
              thrown -> {
                for (int limit : new int[] {0, 1}) {
                  checkJoiner(new BadJoiner(where, thrown), where, thrown, limit);
                }
              }));
    }
    return tests;
  }

  private static void checkJoiner(BadJoiner joiner, String where, Throwable thrown, int limit)
      throws Exception {
    TaskScope<String, Integer> opened;
    Throwable failed = null;
    try (TaskScope<String, Integer> scope =
        TaskScope.open(joiner, c -> limit == 0 ? c : c.withParallelism(limit))) {
      opened = scope;
      try {
        scope.fork(() -> "a");
        scope.fork(() -> "b");
        scope.fork(() -> "c");
      } catch (Throwable e) {
        failed = e;
        assertEquals("onFork", where);
      }
      try {
        scope.join();
      } catch (Throwable e) {
        failed = e;
      }
    }
    assertTrue(failed != null, where);
    if (!where.equals("reason is null")) {
      assertTrue(
          failed == thrown || failed.getCause() == thrown, failed.getClass() + " for " + where);
    }
    hasNobody(opened);
  }

  // ---- threads ----

  private interface Threads {
    @Nullable Thread make(Runnable task, ThreadFactory good) throws Throwable;
  }

  @TestFactory
  List<DynamicTest> a_thread_factory_that_does_what_it_must_not_costs_no_count() {
    var tests = new ArrayList<DynamicTest>();
    var ways = new LinkedHashMap<String, Threads>();
    ways.put("gives none", (_, _) -> null);
    ways.put(
        "starts it",
        (task, good) -> {
          Thread thread = good.newThread(task);
          thread.start();
          return thread;
        });
    ways.put(
        "runs the task itself",
        (task, good) -> {
          task.run();
          return good.newThread(task);
        });
    ways.put(
        "runs the task itself, and then throws",
        (task, _) -> {
          task.run();
          throw new IllegalStateException("after it");
        });
    ways.put("gives one that runs it twice", (task, good) -> good.newThread(twice(task)));
    ways.put("gives one that never runs it", (_, good) -> good.newThread(() -> {}));
    THROWN.forEach((name, thrown) -> ways.put("throws " + name, (_, _) -> raise(thrown.get())));
    ways.forEach(
        (name, way) ->
            tests.add(
                dynamicTest(
                    name,
                    () ->
                        inTime(
                            () -> {
                              checkFactory(name, way);
                              theNextScopeWorks();
                              return true;
                            }))));
    return tests;
  }

  private static Runnable twice(Runnable task) {
    return () -> {
      task.run();
      task.run();
    };
  }

  private static void checkFactory(String name, Threads way) throws Exception {
    boolean never = name.endsWith("never runs it");
    for (int limit : new int[] {0, 1}) {
      ThreadFactory good = Thread.ofVirtual().factory();
      var calls = new AtomicInteger();
      var runs = new AtomicInteger();
      ThreadFactory factory =
          task -> {
            if (calls.incrementAndGet() != 2) {
              return good.newThread(task);
            }
            try {
              return way.make(task, good);
            } catch (Throwable e) {
              return ScopeForeignCodeTest.<RuntimeException, Thread>raise(e);
            }
          };
      TaskScope<String, List<Subtask<String>>> opened;
      try (TaskScope<String, List<Subtask<String>>> scope =
          TaskScope.open(
              Joiner.allUntil(_ -> false),
              c -> {
                var set =
                    c.withThreadFactory(factory).withGrace(Grace.reportAfter(Duration.ofMillis(5)));
                return limit == 0 ? set : set.withParallelism(limit);
              })) {
        opened = scope;
        for (int i = 0; i < 3; i++) {
          try {
            scope.fork(
                () -> {
                  runs.incrementAndGet();
                  return "value";
                });
          } catch (Throwable e) {
            assertEquals(2, calls.get(), "the bad one");
          }
        }
        if (never) {
          scope.cancel(); // else nobody could know
        }
        try {
          scope.join();
        } catch (CancelledException e) {
          assertTrue(never, name);
        }
      }
      hasNobody(opened);
      assertTrue(runs.get() <= 3, "each once: " + runs);
    }
  }

  // ---- the rest ----

  @TestFactory
  List<DynamicTest> a_disposer_that_throws_keeps_no_value_from_the_next() {
    return forAll(
        "a disposer",
        thrown -> {
          var asked = new AtomicInteger();
          var all = new CountDownLatch(3);
          String _ =
              Tasks.race(
                  List.of(() -> met(all, "a"), () -> met(all, "b"), () -> met(all, "c")),
                  c ->
                      c.withDisposer(
                          _ -> {
                            asked.incrementAndGet();
                            ScopeForeignCodeTest.<RuntimeException, Object>raise(thrown);
                          }));
          assertEquals(2, asked.get());
        });
  }

  /** All three have values before anybody wins. */
  private static String met(CountDownLatch all, String value) throws InterruptedException {
    all.countDown();
    boolean _ = all.await(10, TimeUnit.SECONDS);
    return value;
  }

  @TestFactory
  List<DynamicTest> a_configuration_that_cannot_be_made_opens_nothing() {
    return forAll(
        "a configuration",
        thrown ->
            assertSame(
                thrown,
                assertThrows(
                    Throwable.class, () -> TaskScope.open(Joiner.awaitAll(), _ -> raise(thrown)))));
  }

  @TestFactory
  List<DynamicTest> a_listener_for_leftovers_that_throws_delays_nobody() {
    return forAll(
        "a listener",
        thrown -> {
          try (var _ =
              Leftovers.onReport(
                  _ -> ScopeForeignCodeTest.<RuntimeException, Object>raise(thrown))) {
            leaveBehind();
          }
        });
  }

  @TestFactory
  List<DynamicTest> a_logger_that_throws_keeps_nothing_from_anybody() {
    return forAll(
        "a logger",
        thrown -> {
          var told = new CountDownLatch(1);
          Logger logger = Logger.getLogger("dev.desist");
          var handler = new Throwing(thrown);
          logger.addHandler(handler);
          logger.setLevel(Level.ALL);
          try (var _ = Leftovers.onReport(_ -> told.countDown())) {
            leaveBehind();
            told.await();
            failLate();
          } finally {
            logger.setLevel(null);
            logger.removeHandler(handler);
          }
          assertTrue(handler.asked.get() >= 2, "logged: " + handler.asked);
        });
  }

  private static final class Throwing extends Handler {
    private final Throwable thrown;
    final AtomicInteger asked = new AtomicInteger();

    Throwing(Throwable thrown) {
      this.thrown = thrown;
    }

    @Override
    public void publish(LogRecord record) {
      asked.incrementAndGet();
      ScopeForeignCodeTest.<RuntimeException, Object>raise(thrown);
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  /** Is reported, goes on, and ends when it may. */
  private static void leaveBehind() throws InterruptedException {
    var begun = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    try (var scope =
        TaskScope.<String>open(c -> c.withGrace(Grace.leaveAfter(Duration.ofMillis(1))))) {
      scope.fork(
          () -> {
            begun.countDown();
            release.await();
            return "late";
          });
      begun.await();
      scope.cancel();
      assertThrows(CancelledException.class, scope::join);
    } finally {
      release.countDown();
    }
    while (!Leftovers.list().isEmpty()) {
      Thread.onSpinWait(); // bounded by inTime
    }
  }

  /** Join succeeds, and a loser fails after that. */
  private static void failLate() throws Exception {
    String value =
        Tasks.race(
            () -> {
              try {
                Cancellation.current().await();
              } finally {
                ScopeForeignCodeTest.<RuntimeException, Object>raise(new IllegalStateException());
              }
              return "never";
            },
            () -> "first");
    assertEquals("first", value);
  }

  /** Those that never began are told to the joiner by the owner, each in its turn. */
  @TestFactory
  List<DynamicTest> a_joiner_that_fails_when_it_is_told_of_what_was_dropped_is_blamed() {
    return forAll(
        "a joiner",
        thrown -> {
          var told = new AtomicInteger();
          var running = new CountDownLatch(1);
          TaskScope<String, String> opened;
          Joiner<String, String> joiner =
              new Joiner<>() {
                @Override
                public boolean onComplete(Subtask<? extends String> subtask) {
                  told.incrementAndGet();
                  if (subtask.name().equals("dropped")) {
                    ScopeForeignCodeTest.<RuntimeException, Object>raise(thrown);
                  }
                  return false;
                }

                @Override
                public String result() {
                  return "result";
                }
              };
          var dropped = new ArrayList<Subtask<String>>();
          try (var scope = TaskScope.open(joiner, c -> c.withParallelism(1))) {
            opened = scope;
            scope.fork(
                "runs",
                () -> {
                  running.countDown();
                  Cancellation.current().await();
                  return "cancelled";
                });
            running.await();
            dropped.add(scope.fork("dropped", () -> "never"));
            dropped.add(scope.fork("dropped", () -> "never"));
            scope.cancel();
            assertSame(thrown, assertThrows(IllegalStateException.class, scope::join).getCause());
          }
          hasNobody(opened);
          assertTrue(told.get() >= 1, "told of " + told); // once it has failed, no more
          dropped.forEach(subtask -> assertEquals(Subtask.State.CANCELLED, subtask.state()));
        });
  }

  @Test
  void one_joiner_serves_one_scope() throws Exception {
    Joiner<String, List<String>> joiner = Joiner.allSuccessfulOrThrow();
    try (var scope = TaskScope.open(joiner)) {
      scope.fork(() -> "a");
      assertEquals(List.of("a"), scope.join());
    }
    var misuse = assertThrows(IllegalStateException.class, () -> TaskScope.open(joiner));
    assertEquals(
        "a Joiner must be used for one scope only; make a new one for each", misuse.getMessage());
    theNextScopeWorks();
  }

  @Test
  void a_subtask_must_not_wait_for_the_end_of_its_scope_from_however_far_inside() throws Exception {
    try (TaskScope<Object, List<Subtask<Object>>> scope =
        TaskScope.open(Joiner.allUntil(_ -> false))) {
      scope.fork(
          () -> {
            scope.await();
            return "not to be had";
          });
      scope.fork(
          () ->
              Tasks.all(
                  () -> {
                    scope.await();
                    return "not to be had";
                  }));
      List<Outcome<Object>> outcomes = outcomes(scope.join());
      assertInstanceOf(
          IllegalStateException.class,
          assertInstanceOf(Outcome.Failure.class, outcomes.get(0)).exception());
      assertInstanceOf(
          IllegalStateException.class,
          assertInstanceOf(Outcome.Failure.class, outcomes.get(1)).exception().getCause());
    }
  }
}
