package dev.desist.contract;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationCallbackException;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Leftover;
import dev.desist.Leftovers;
import dev.desist.Outcome;
import dev.desist.Task;
import dev.desist.TimeSource;
import dev.desist.contract.SentencesTest.Of;
import dev.desist.contract.SentencesTest.Says;
import dev.desist.scope.Grace;
import dev.desist.scope.Joiner;
import dev.desist.scope.Subtask;
import dev.desist.scope.TaskScope;
import dev.desist.scope.Tasks;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the API documentation of {@code dev.desist.scope} says, sentence by sentence. What is shown
 * by tests of the package already is named at the head of each part.
 */
@ExtendWith(Hygiene.class)
@Timeout(30)
@SuppressWarnings({"NullAway", "try"}) // nulls are refused by name; closing twice is closing once
class ScopeContractTest {
  private static final Duration FOREVER = ChronoUnit.FOREVER.getDuration();
  private static final CancellationToken CANCELLED =
      CancellationToken.cancelled(CancellationReason.requested("over"));

  private final ManualTime time = new ManualTime();
  private final CountDownLatch begun = new CountDownLatch(1);
  private final CountDownLatch release = new CountDownLatch(1);

  /** What no sentence is about, but every test: a task that runs until it is cancelled. */
  @SuppressWarnings("TypeParameterUnusedInFormals") // it gives nothing
  private static <T> T listen() throws InterruptedException {
    Cancellation.sleep(FOREVER);
    throw new AssertionError();
  }

  /** A task that hears of nothing, until it is let go. */
  private <T> T deaf(T value) {
    begun.countDown();
    while (true) {
      try {
        release.await();
        return value;
      } catch (InterruptedException e) {
        // deaf
      }
    }
  }

  private static <T> FutureTask<T> elsewhere(Callable<T> body) {
    var task = new FutureTask<>(body);
    Thread.ofPlatform().daemon().start(task);
    return task;
  }

  private static <T> T get(FutureTask<T> task) throws Exception {
    return task.get(20, TimeUnit.SECONDS);
  }

  private static void refuses(String message, Executable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
  }

  /** Tells all that it is told, and stops the scope on demand. */
  private static class Recorder implements Joiner<Object, List<String>> {
    /** What it was told, and by which thread. */
    record Told(String what, Thread thread) {}

    private final List<Told> calls = new CopyOnWriteArrayList<>();
    String stopAt = "";

    private boolean tell(String what, Subtask<?> subtask) {
      String told = what + ' ' + subtask.name();
      calls.add(new Told(told, Thread.currentThread()));
      return stopAt.equals(told);
    }

    List<String> told() {
      return calls.stream().map(Told::what).toList();
    }

    Thread threadOf(String what) {
      return calls.stream().filter(each -> each.what.equals(what)).findFirst().orElseThrow().thread;
    }

    @Override
    public boolean onFork(Subtask<?> subtask) {
      return tell("fork", subtask);
    }

    @Override
    public boolean onComplete(Subtask<?> subtask) {
      assertNotEquals(Subtask.State.UNAVAILABLE, subtask.state());
      return tell("end", subtask);
    }

    @Override
    public List<String> result() {
      calls.add(new Told("result", Thread.currentThread()));
      return told();
    }
  }

  @Nested
  @Of(Joiner.class)
  @Says(
      value = "A joiner collects the results of one scope, and is used for one scope only",
      by = "ScopeForeignCodeTest.one_joiner_serves_one_scope")
  @Says(value = "The type of the values is not inferred from what is forked later", advice = true)
  class OfJoiner {
    @Test
    @Says({
      "#onFork is called by the thread that forks, #onComplete by the thread of the subtask that"
          + " ended or, if that never started, by the one that cancelled it, or by the owner in"
          + " join or close",
      "#result is called at most once, by the owner of the scope, after the last call"
    })
    void which_thread_runs_what() throws Exception {
      var recorder = new Recorder();
      Thread canceller;
      var runner = new AtomicReference<Thread>();
      try (var scope = TaskScope.open(recorder, c -> c.withParallelism(1))) {
        scope.fork(
            "runs",
            () -> {
              runner.set(Thread.currentThread());
              begun.countDown();
              return release.await(20, TimeUnit.SECONDS);
            });
        Subtask<Object> waits = scope.fork("waits", ScopeContractTest::listen);
        scope.fork("dropped", ScopeContractTest::listen);
        begun.await();
        canceller = Thread.ofPlatform().daemon().start(waits::cancel);
        canceller.join();
        assertSame(canceller, recorder.threadOf("end waits"));
        scope.cancel();
        release.countDown();
        assertThrows(CancelledException.class, scope::join);
      }
      assertEquals(
          List.of("fork runs", "fork waits", "fork dropped", "end waits"),
          recorder.told().subList(0, 4));
      assertSame(Thread.currentThread(), recorder.threadOf("fork runs"));
      assertSame(Thread.currentThread(), recorder.threadOf("end dropped"));
      assertSame(runner.get(), recorder.threadOf("end runs"));
      assertFalse(recorder.told().contains("result"));
    }

    @Test
    @Says("several at once")
    void it_is_told_of_several_at_once() throws Exception {
      var meet = new CountDownLatch(2);
      var joiner =
          new Recorder() {
            @Override
            public boolean onComplete(Subtask<?> subtask) {
              meet.countDown();
              try {
                assertTrue(meet.await(20, TimeUnit.SECONDS));
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
              return super.onComplete(subtask);
            }
          };
      try (var scope = TaskScope.open(joiner)) {
        scope.fork(() -> 1);
        scope.fork(() -> 2);
        scope.join();
      }
    }

    @Test
    @Says(
        "after the last call of #onComplete for the subtasks that it is to look at: after all of"
            + " them have ended, or after one call has returned true")
    void the_result_is_asked_for_once_and_by_the_owner() throws Exception {
      var all = new Recorder();
      try (var scope = TaskScope.open(all)) {
        scope.fork("one", () -> 1);
        scope.fork("two", () -> 2);
        assertEquals("result", scope.join().getLast());
        assertEquals(
            List.of("end one", "end two"),
            all.told().stream().filter(what -> what.startsWith("end")).sorted().toList());
        assertSame(Thread.currentThread(), all.threadOf("result"));
      }
      assertEquals(5, all.told().size());
      var first = new Recorder();
      first.stopAt = "end one";
      try (var scope = TaskScope.open(first)) {
        scope.fork("two", ScopeContractTest::listen);
        scope.fork("one", () -> 1);
        assertEquals(List.of("fork two", "fork one", "end one", "result"), scope.join());
      }
      assertEquals(4, first.told().size());
    }

    @Test
    @Says("#onComplete does not run under the subtask's token, which is cancelled by then")
    void it_is_told_outside_of_what_has_ended() throws Exception {
      var current = new AtomicReference<CancellationToken>();
      var clock = new AtomicReference<TimeSource>();
      var joiner =
          new Recorder() {
            @Override
            public boolean onComplete(Subtask<?> subtask) {
              assertTrue(subtask.token().isCancelled());
              current.set(Cancellation.current());
              clock.set(TimeSource.current());
              return super.onComplete(subtask);
            }
          };
      try (var scope = time.call(() -> TaskScope.open(joiner))) {
        scope.fork(() -> assertNotSame(CancellationToken.none(), Cancellation.current()));
        scope.join();
      }
      assertSame(CancellationToken.none(), current.get());
      assertSame(TimeSource.system(), clock.get());
    }

    @Test
    @Says({
      "Called for each subtask that is forked, before it starts",
      "What it throws leaves TaskScope#fork, and the subtask does not start",
    })
    void what_onFork_throws_leaves_fork() throws Exception {
      var joiner =
          new Recorder() {
            @Override
            public boolean onFork(Subtask<?> subtask) {
              assertEquals(Subtask.State.UNAVAILABLE, subtask.state());
              throw new IllegalStateException("not this one");
            }
          };
      var ran = new AtomicInteger();
      try (var scope = TaskScope.open(joiner)) {
        var thrown =
            assertThrows(IllegalStateException.class, () -> scope.fork(ran::incrementAndGet));
        assertEquals("not this one", thrown.getMessage());
        scope.join();
      }
      assertEquals(0, ran.get());
    }

    @Test
    @Says("this subtask and further ones do not start, those that run are cancelled")
    void onFork_may_stop_the_scope() throws Exception {
      var recorder = new Recorder();
      recorder.stopAt = "fork two";
      try (var scope = TaskScope.open(recorder)) {
        Subtask<Object> one = scope.fork("one", ScopeContractTest::listen);
        var ran = new AtomicInteger();
        assertEquals(Subtask.State.CANCELLED, scope.fork("two", ran::incrementAndGet).state());
        assertEquals(Subtask.State.CANCELLED, scope.fork("three", ran::incrementAndGet).state());
        one.await();
        assertEquals(Subtask.State.CANCELLED, one.state());
        scope.join();
        assertEquals(0, ran.get());
      }
    }

    @Test
    @Says({
      "Called after a subtask has ended, unless the scope was stopped before by another call, or"
          + " was cancelled before the subtask was forked",
      "also if that does not start because the scope is cancelled, unless join has ended by then",
      "so also while TaskScope#close waits for it, and after that, if it was left behind"
    })
    void of_which_subtasks_it_is_told() throws Exception {
      var recorder = new Recorder();
      Subtask<String> left;
      try (var scope =
          TaskScope.open(recorder, c -> c.withGrace(Grace.leaveAfter(Duration.ZERO)))) {
        left = scope.fork("left", () -> deaf("late"));
        begun.await();
        scope.cancel();
        scope.fork("too late", ScopeContractTest::listen);
        assertThrows(CancelledException.class, scope::join);
      }
      assertFalse(recorder.told().contains("end left"));
      release.countDown();
      left.await();
      await()
          .until(() -> recorder.told().equals(List.of("fork left", "fork too late", "end left")));
      await().until(() -> Leftovers.list().isEmpty());
    }

    @Test
    @Says("Called after a subtask has ended")
    void it_is_told_while_the_scope_closes() throws Exception {
      var recorder = new Recorder();
      try (var scope = TaskScope.open(recorder)) {
        scope.fork("closing", ScopeContractTest::listen);
        scope.cancel();
        assertThrows(CancelledException.class, scope::join);
      }
      assertEquals(List.of("fork closing", "end closing"), recorder.told());
    }

    @Test
    @Says({
      "further subtasks do not start, those that run are cancelled",
      "the reason with which the other subtasks are cancelled, after #onComplete or #onFork"
          + " returned true"
    })
    void onComplete_may_stop_the_scope_with_a_reason() throws Exception {
      var recorder =
          new Recorder() {
            @Override
            public CancellationReason reason(Subtask<?> subtask) {
              return CancellationReason.requested("enough of " + subtask.name());
            }
          };
      recorder.stopAt = "end one";
      try (var scope = TaskScope.open(recorder)) {
        Subtask<Object> runs = scope.fork("runs", ScopeContractTest::listen);
        scope.fork("one", () -> 1);
        scope.join();
        assertEquals(Subtask.State.CANCELLED, scope.fork(() -> 2).state());
        runs.await();
        var cancelled = (Outcome.Cancelled<Object>) runs.outcome().orElseThrow();
        assertEquals("enough of one", cancelled.reason().message());
      } catch (IllegalStateException e) {
        assertTrue(e.getMessage().contains("after it was joined"), e::getMessage);
      }
    }

    @Test
    @Says("all must succeed: stops at the first that does not")
    void all_must_succeed() throws Exception {
      List<Joiner<Object, ?>> joiners =
          List.of(Joiner.awaitAllSuccessfulOrThrow(), Joiner.allSuccessfulOrThrow());
      for (Joiner<Object, ?> joiner : joiners) {
        try (var scope = TaskScope.open(joiner)) {
          scope.fork(() -> listen());
          scope.fork(
              () -> {
                throw new IOException("broken");
              });
          var thrown = assertThrows(ExecutionException.class, scope::join);
          assertInstanceOf(IOException.class, thrown.getCause());
        }
      }
    }

    @Test
    @Says({
      "Keeps nothing of subtasks that succeeded, so a scope may fork for as long as it likes",
      "Keeps nothing of subtasks that ended, so a scope may fork for as long as it likes"
    })
    void what_has_ended_is_kept_by_nobody() throws Exception {
      List<Joiner<Object, ?>> joiners =
          List.of(Joiner.awaitAllSuccessfulOrThrow(), Joiner.awaitAll());
      for (Joiner<Object, ?> joiner : joiners) {
        try (var scope = TaskScope.open(joiner)) {
          WeakReference<Object> value = forkAndForget(scope);
          await()
              .until(
                  () -> {
                    System.gc();
                    return value.refersTo(null);
                  });
          scope.join();
        }
      }
    }

    private static WeakReference<Object> forkAndForget(TaskScope<Object, ?> scope)
        throws InterruptedException {
      var value = new Object();
      scope.fork(() -> value).await();
      return new WeakReference<>(value);
    }

    @Test
    @Says("asked after each subtask that ended, by several threads at once")
    void all_until_asks_after_each() throws Exception {
      var meet = new CountDownLatch(2);
      var asked = new CopyOnWriteArrayList<String>();
      Joiner<Object, ?> joiner =
          Joiner.allUntil(
              subtask -> {
                asked.add(subtask.name());
                meet.countDown();
                try {
                  assertTrue(meet.await(20, TimeUnit.SECONDS));
                } catch (InterruptedException e) {
                  throw new AssertionError(e);
                }
                return false;
              });
      try (var scope = TaskScope.open(joiner)) {
        scope.fork("one", () -> 1);
        scope.fork("two", () -> 2);
        scope.join();
      }
      assertEquals(List.of("one", "two"), asked.stream().sorted().toList());
    }

    @Test
    @Says({
      "If fewer were forked, the cause is an IllegalStateException that says how many, and the"
          + " failures are suppressed in that",
      "if nothing was forked, the cause is a java.util.NoSuchElementException"
    })
    void too_few_forks_are_told_with_the_rule_and_the_numbers() throws Exception {
      try (var scope = TaskScope.open(Joiner.<Integer>atLeastSuccessfulOrThrow(3))) {
        scope.fork(() -> 1);
        scope.fork(
            () -> {
              throw new IOException("broken");
            });
        var thrown = assertThrows(ExecutionException.class, scope::join);
        var cause = assertInstanceOf(IllegalStateException.class, thrown.getCause());
        assertEquals("at least 3 subtasks must be forked: 2", cause.getMessage());
        assertEquals("broken", cause.getSuppressed()[0].getMessage());
      }
      try (var scope = TaskScope.open(Joiner.<Integer>anySuccessfulOrThrow())) {
        var thrown = assertThrows(ExecutionException.class, scope::join);
        assertInstanceOf(NoSuchElementException.class, thrown.getCause());
      }
    }

    @Test
    @Says("A lambda without parameters is a joiner, too: it waits for all")
    void a_lambda_is_a_joiner() throws Exception {
      try (var scope = TaskScope.<Object, Integer>open(() -> 5)) {
        Subtask<Object> fails =
            scope.fork(
                () -> {
                  throw new IOException("broken");
                });
        Subtask<Object> gives = scope.fork(() -> "value");
        assertEquals(5, scope.join());
        assertEquals(Subtask.State.FAILED, fails.state());
        assertEquals("value", gives.get());
      }
    }
  }

  @Nested
  @Of(Subtask.class)
  @Says(
      value = "It ends without having run if it, or its scope, is cancelled before",
      by = {
        "ScopeCancellationTest.promise23_a_subtask_whose_thread_has_not_begun_never_starts",
        "ScopeCancellationTest.promise23_what_waits_for_a_place_never_starts_and_ends_at_once"
      })
  @Says(
      value = {"if it has not ended or has no value", "if it has not ended or has not failed"},
      by = "ScopeMisuseTest.a_result_is_not_given_before_there_is_one")
  @Says(
      value = "Cancels this subtask alone",
      by = "ScopeCancellationTest.cancelling_a_subtask_leaves_its_siblings_alone")
  @Says(
      value =
          "A joiner that wants all subtasks to succeed stops its scope then, as after a failure",
      by = "ScopeCancellationTest.with_a_policy_that_wants_all_a_cancelled_subtask_is_a_failure")
  @Says(
      value =
          "An interrupt closes a channel, and a socket that a virtual thread reads from: #cancel()"
              + " does not",
      by = {
        "ScopeCancellationTest.cancel_does_not_interrupt",
        "ScopeCancellationTest.promise22_abort_of_a_task_that_reads_from_a_socket_is_a_cancellation"
      })
  @Says(
      value = "and one that has a scope of its own hands it down to the subtasks of that",
      by = "ScopeCancellationTest.promise22_abort_reaches_the_tasks_of_a_scope_inside_the_task")
  @Says(
      value = "only while the task is running",
      by =
          "ScopeCancellationTest.no_interrupt_is_left_for_the_joiner_when_an_aborted_task_did_not_notice")
  @Says(
      value =
          "With the token of the scope, for its owner to take what comes in the order of the forks",
      by = "ScopeCancellationTest.the_owner_waits_for_one_after_the_other_until_the_scope_is_over")
  @Says(value = "The joiner may be told a moment later", advice = true)
  class OfSubtask {
    private int plain;

    @Test
    @Says({
      "what is added is that any thread may cancel it, abort it, wait for it, and ask how it ended",
      "All methods may be called from any thread",
      "What the task did happens-before what another thread does after it saw an outcome, or after"
          + " #await() returned"
    })
    void any_thread_may() throws Exception {
      try (var scope = TaskScope.open(Joiner.awaitAll())) {
        Subtask<String> cancelled = scope.fork("c", ScopeContractTest::listen);
        Subtask<String> aborted = scope.fork("a", ScopeContractTest::listen);
        Subtask<String> gives =
            scope.fork(
                () -> {
                  plain = 42;
                  return "value";
                });
        assertTrue(
            get(
                elsewhere(
                    () -> {
                      assertTrue(cancelled.cancel());
                      assertTrue(aborted.abort());
                      cancelled.await();
                      assertTrue(aborted.await(FOREVER));
                      gives.await(CancellationToken.none());
                      assertEquals(42, plain);
                      assertEquals("value", gives.get());
                      assertEquals(Subtask.State.CANCELLED, cancelled.state());
                      assertInstanceOf(Outcome.Cancelled.class, aborted.outcome().orElseThrow());
                      assertEquals("c", cancelled.name());
                      assertThrows(IllegalStateException.class, gives::exception);
                      return gives.token().isCancelled();
                    })));
        scope.join();
      }
    }

    /** Whether it is to end, and how. */
    enum End {
      UNDISTURBED,
      CANCELLED,
      CANCELLED_WITH_ITS_SCOPE,
      ABORTED,
      ABORTED_WITH_ITS_SCOPE;

      boolean interrupts() {
        return this == ABORTED || this == ABORTED_WITH_ITS_SCOPE;
      }

      void bringAbout(TaskScope<?, ?> scope, Subtask<?> subtask) {
        boolean done =
            switch (this) {
              case UNDISTURBED -> true;
              case CANCELLED -> subtask.cancel();
              case CANCELLED_WITH_ITS_SCOPE -> scope.cancel();
              case ABORTED -> subtask.abort();
              case ABORTED_WITH_ITS_SCOPE -> scope.abort();
            };
        assertTrue(done);
      }

      /**
       * Until it is cancelled; whether the interrupt of an abort comes before that is seen is open.
       */
      void await() throws InterruptedException {
        if (this != UNDISTURBED) {
          try {
            Cancellation.current().await();
          } catch (InterruptedException e) {
            if (!interrupts()) {
              throw e;
            }
          }
        }
      }
    }

    interface Body {
      Object call(End end) throws Exception;
    }

    /** A row of the table; null where there is no state. */
    record Row(
        String task,
        Subtask.@Nullable State undisturbed,
        Subtask.@Nullable State cancelled,
        Subtask.@Nullable State aborted,
        Body body) {
      Subtask.@Nullable State state(End end) {
        return end == End.UNDISTURBED ? undisturbed : end.interrupts() ? aborted : cancelled;
      }

      @Override
      public String toString() {
        return task;
      }
    }

    static List<Row> rows() {
      return List.of(
          new Row(
              "gave a value",
              Subtask.State.SUCCESS,
              Subtask.State.SUCCESS,
              Subtask.State.SUCCESS,
              end -> {
                end.await();
                return "value";
              }),
          new Row(
              "threw that of its own token",
              null,
              Subtask.State.CANCELLED,
              Subtask.State.CANCELLED,
              _ -> listen()),
          new Row(
              "threw what others had wrapped around that",
              null,
              Subtask.State.CANCELLED,
              Subtask.State.CANCELLED,
              _ -> {
                try {
                  return listen();
                } catch (CancelledException e) {
                  throw new IOException("wrapped", e);
                }
              }),
          new Row(
              "threw an interruption",
              Subtask.State.FAILED,
              Subtask.State.FAILED,
              Subtask.State.CANCELLED,
              end -> {
                if (end.interrupts()) {
                  Thread.sleep(FOREVER);
                }
                end.await();
                throw new InterruptedException("of a call");
              }),
          new Row(
              "threw that of another token",
              Subtask.State.FAILED,
              Subtask.State.FAILED,
              Subtask.State.FAILED,
              end -> {
                end.await();
                CANCELLED.throwIfCancelled();
                return "never";
              }),
          new Row(
              "threw anything else",
              Subtask.State.FAILED,
              Subtask.State.FAILED,
              Subtask.State.FAILED,
              end -> {
                end.await();
                throw new IOException("its own");
              }));
    }

    @ParameterizedTest
    @MethodSource("rows")
    @Says({
      "The state in which a subtask ends",
      "A task that was cancelled ends as Outcome.Cancelled if it threw the CancelledException of"
          + " its own token or scope, and, once it was aborted, if it threw an interruption",
      "The CancelledException of any other token"
    })
    void the_state_in_which_it_ends(Row row) throws Exception {
      for (End end : End.values()) {
        Subtask.State state = row.state(end);
        if (state == null) {
          continue;
        }
        var begun = new CountDownLatch(1);
        Subtask<Object> subtask;
        try (var scope = TaskScope.open(Joiner.awaitAll())) {
          subtask =
              scope.fork(
                  () -> {
                    begun.countDown();
                    return row.body().call(end);
                  });
          begun.await();
          end.bringAbout(scope, subtask);
          subtask.await();
          if (!scope.token().isCancelled()) {
            scope.join();
          } else {
            assertThrows(CancelledException.class, scope::join);
          }
        }
        assertEquals(state, subtask.state(), end::name);
        var outcome =
            switch (subtask.outcome().orElseThrow()) {
              case Outcome.Success<Object> _ -> Subtask.State.SUCCESS;
              case Outcome.Failure<Object> _ -> Subtask.State.FAILED;
              case Outcome.Cancelled<Object> _ -> Subtask.State.CANCELLED;
            };
        assertEquals(state, outcome, end::name);
      }
    }

    @Test
    @Says({"If it has not begun, it never will", "false if it has ended or was cancelled before"})
    void what_has_not_begun_never_will() throws Exception {
      var ran = new AtomicInteger();
      try (var scope = TaskScope.open(Joiner.awaitAll(), c -> c.withParallelism(1))) {
        Subtask<Object> first = scope.fork(() -> deaf("first"));
        for (boolean abort : new boolean[] {false, true}) {
          Subtask<Integer> waits = scope.fork(ran::incrementAndGet);
          assertTrue(abort ? waits.abort() : waits.cancel());
          assertFalse(waits.cancel());
          assertFalse(waits.abort());
          assertEquals(Subtask.State.CANCELLED, waits.state());
        }
        release.countDown();
        scope.join();
        assertFalse(first.cancel());
        assertFalse(first.abort());
      }
      assertEquals(0, ran.get());
    }

    /** Tells who interrupts it. */
    private static final class Watched extends Thread {
      private final AtomicReference<Thread> sender;

      Watched(Runnable task, AtomicReference<Thread> sender) {
        super(task);
        this.sender = sender;
        setDaemon(true);
      }

      @Override
      public void interrupt() {
        sender.set(Thread.currentThread());
        super.interrupt();
      }
    }

    @Test
    @Says({
      "The interrupt is sent by a thread of this library, after this method may have returned",
      "a task that aborts itself is not interrupted"
    })
    void who_sends_the_interrupt() throws Exception {
      var sender = new AtomicReference<Thread>();
      try (var scope =
          TaskScope.open(
              Joiner.awaitAll(), c -> c.withThreadFactory(task -> new Watched(task, sender)))) {
        var begun = new CountDownLatch(1);
        Subtask<Object> blocks =
            scope.fork(
                () -> {
                  begun.countDown();
                  Thread.sleep(FOREVER);
                  return 1;
                });
        begun.await();
        blocks.abort();
        blocks.await();
        assertNotSame(Thread.currentThread(), sender.getAndSet(null));
        var own = new AtomicReference<Subtask<Boolean>>();
        own.set(
            scope.fork(
                () -> {
                  await().until(() -> own.get() != null);
                  assertTrue(own.get().abort());
                  return Thread.currentThread().isInterrupted();
                }));
        assertTrue(own.get().await(FOREVER));
        assertFalse(own.get().get());
        assertNull(sender.get());
        scope.join();
      }
    }

    @Test
    @Says({
      "Obeys no token, not even the current one, so that one can wait for the end of what one has"
          + " aborted",
      "an interrupt alone ends the wait",
      "zero only asks",
      "what may end the wait",
      "if a token is or becomes cancelled, and the task has not ended",
    })
    void a_wait_for_it() throws Exception {
      try (var scope = TaskScope.open(Joiner.awaitAll())) {
        Subtask<String> subtask = scope.fork(() -> deaf("done"));
        Cancellation.call(
            CANCELLED,
            () -> {
              assertFalse(subtask.await(Duration.ZERO));
              assertThrows(CancelledException.class, () -> subtask.await(CANCELLED));
              release.countDown();
              subtask.await();
              assertTrue(subtask.await(Duration.ZERO));
              subtask.await(CANCELLED); // it has ended
              return null;
            });
        scope.join();
      }
    }

    @Test
    @Says("zero only asks")
    void a_wait_of_zero_throws_for_an_interrupt_unless_it_has_ended() throws Exception {
      try (var scope = TaskScope.open(Joiner.awaitAll())) {
        Subtask<String> subtask = scope.fork(() -> deaf("done"));
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, () -> subtask.await(Duration.ZERO));
        release.countDown();
        subtask.await();
        Thread.currentThread().interrupt();
        assertTrue(subtask.await(Duration.ZERO));
        assertTrue(Thread.interrupted());
        scope.join();
      }
    }

    @Test
    @Says("if the task itself waits")
    void it_must_not_wait_for_itself() throws Exception {
      var own = new AtomicReference<Subtask<Object>>();
      var known = new CountDownLatch(1);
      try (var scope = TaskScope.open()) {
        own.set(
            scope.fork(
                () -> {
                  known.await();
                  assertThrows(IllegalStateException.class, () -> own.get().await());
                  assertThrows(IllegalStateException.class, () -> own.get().await(Duration.ZERO));
                  return assertThrows(
                      IllegalStateException.class, () -> own.get().await(CancellationToken.none()));
                }));
        known.countDown();
        scope.join();
      }
    }

    @Test
    @Says(
        "What callbacks throw that are left on it then goes to the uncaught-exception handler of"
            + " the subtask's thread")
    void a_callback_that_fails_at_its_end() throws Exception {
      var uncaught = new AtomicReference<Throwable>();
      var handler =
          Thread.ofPlatform().daemon().uncaughtExceptionHandler((_, e) -> uncaught.set(e));
      try (var scope = TaskScope.open(c -> c.withThreadFactory(handler.factory()))) {
        Subtask<Integer> subtask =
            scope.fork(
                () -> {
                  Cancellation.current()
                      .onCancel(
                          () -> {
                            throw new IllegalStateException("left on it");
                          });
                  return 1;
                });
        scope.join();
        assertEquals(1, subtask.get());
      }
      assertInstanceOf(CancellationCallbackException.class, uncaught.get());
    }
  }

  @Nested
  @Of(Subtask.State.class)
  class OfState {
    @Test
    @Says({"It has not ended", "It was cancelled, before it began or while it ran"})
    void the_states() throws Exception {
      try (var scope = TaskScope.open(Joiner.awaitAll(), c -> c.withParallelism(1))) {
        Subtask<Object> runs = scope.fork(() -> listen());
        Subtask<Object> waits = scope.fork(() -> listen());
        assertEquals(Subtask.State.UNAVAILABLE, runs.state());
        assertEquals(Subtask.State.UNAVAILABLE, waits.state());
        waits.cancel();
        runs.cancel();
        scope.join();
        assertEquals(Subtask.State.CANCELLED, waits.state());
        assertEquals(Subtask.State.CANCELLED, runs.state());
      }
    }
  }

  @Nested
  @Of(Leftovers.Registration.class)
  class OfRegistration {
    @Test
    @Says("A call that is under way is not waited for")
    void closing_does_not_wait() throws Exception {
      var told = new CountDownLatch(1);
      var end = new CountDownLatch(1);
      var registration =
          Leftovers.onReport(
              _ -> {
                told.countDown();
                deafWait(end);
              });
      var owner =
          elsewhere(
              () -> {
                try (var scope =
                    TaskScope.open(c -> c.withGrace(Grace.reportAfter(Duration.ZERO)))) {
                  scope.fork(() -> deaf("done"));
                  begun.await();
                  scope.cancel();
                  assertThrows(CancelledException.class, scope::join);
                }
                return true;
              });
      try (registration) {
        assertTrue(told.await(20, TimeUnit.SECONDS));
      } // the listener is in the middle of it
      assertEquals(1, end.getCount());
      end.countDown();
      release.countDown();
      assertTrue(get(owner));
    }

    private static void deafWait(CountDownLatch latch) {
      try {
        latch.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  @Nested
  @Of(Leftover.class)
  class OfLeftover {
    /** Its wall clock is set back by an hour once. */
    private final class SetBack implements TimeSource {
      volatile Duration by = Duration.ZERO;

      @Override
      public long nanoTime() {
        return time.nanoTime();
      }

      @Override
      public Instant instant() {
        return time.instant().minus(by);
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
        time.parkUntil(blocker, nanoTime);
      }
    }

    @Test
    @Says("never negative")
    void by_a_clock_that_was_set_back() throws Exception {
      var clock = new SetBack();
      try (var _ =
          Leftovers.onReport(
              leftover -> {
                assertEquals(Duration.ZERO, leftover.deafFor());
                release.countDown();
              })) {
        TimeSource.callWith(
            clock,
            () -> {
              try (var scope = TaskScope.open(c -> c.withGrace(Grace.reportAfter(Duration.ZERO)))) {
                scope.fork(() -> deaf("done"));
                begun.await();
                scope.cancel();
                clock.by = Duration.ofHours(1);
                assertThrows(CancelledException.class, scope::join);
              }
              return null;
            });
      }
      assertEquals(0, release.getCount());
    }
  }

  @Nested
  @Of(Tasks.class)
  @Says(
      value =
          "A result that is not returned is handed to the disposer in the configuration, however"
              + " late it comes",
      by = {
        "TasksTest.promise20_every_value_is_returned_or_disposed_of_once",
        "TasksTest.promise20_within_leaves_a_deaf_task_behind_and_its_late_value_is_disposed_of"
      })
  @Says(
      value = {
        "A TimeoutException from this method is always its own: one that the task throws, from a"
            + " timeout of its own, comes as the cause of an ExecutionException",
        "at most timeout to spend"
      },
      by = {
        "TasksTest.promise16_a_timeout_within_a_timeout_is_never_mistaken_for_the_outer_one",
        "TasksTest.promise16_a_timeout_of_the_task_on_another_thread_is_told_apart_too"
      })
  @Says(
      value =
          "With a Grace that leaves, this method returns on time then, although the task does not",
      by = "TasksTest.promise20_within_leaves_a_deaf_task_behind_and_its_late_value_is_disposed_of")
  @Says(
      value =
          "A timeout of the task's own does not lead to the fallback, nor does a cancellation from"
              + " further out",
      by = "TasksTest.within_or_falls_back_on_its_own_timeout_alone")
  class OfTasks {
    @Test
    @Says(
        "runs every task on a thread of its own, and returns when none of them runs any more, so"
            + " nothing is left going")
    void nothing_is_left_going() throws Exception {
      var threads = new CopyOnWriteArrayList<Thread>();
      var cleanedUp = new AtomicInteger();
      var begun = new CountDownLatch(1);
      Tasks.race(
          () -> {
            threads.add(Thread.currentThread());
            begun.countDown();
            try {
              return listen();
            } finally {
              cleanedUp.incrementAndGet();
            }
          },
          () -> {
            threads.add(Thread.currentThread());
            begun.await();
            return "won";
          });
      assertEquals(1, cleanedUp.get());
      assertEquals(2, threads.stream().distinct().count());
      assertFalse(threads.contains(Thread.currentThread()));
    }

    @Test
    @Says("To have the first to end win, failed or not, wrap each in Outcome#of")
    void the_first_to_end_wins_as_an_outcome() throws Exception {
      Callable<Outcome<String>> fails =
          () ->
              Outcome.of(
                  () -> {
                    throw new IOException("first");
                  });
      Callable<Outcome<String>> listens = () -> Outcome.of(ScopeContractTest::listen);
      assertInstanceOf(Outcome.Failure.class, Tasks.race(fails, listens));
    }

    @Test
    @Says("@throws TimeoutException never, without a configuration")
    void without_a_configuration_there_is_no_timeout_of_its_own() {
      try (var outer = CancellationToken.none().childWithTimeout(Duration.ofMillis(1))) {
        assertThrows(
            CancelledException.class,
            () ->
                Cancellation.call(
                    outer.token(), () -> Tasks.<Object>race(ScopeContractTest::listen)));
        assertThrows(
            CancelledException.class,
            () ->
                Cancellation.call(
                    outer.token(), () -> Tasks.<Object>all(ScopeContractTest::listen)));
      }
    }

    @Test
    @Says({"not negative", "at least count"})
    void counts_are_checked() {
      refuses("count must not be negative: -1", () -> Tasks.any(-1, List.of()));
      refuses("at least 2 tasks are needed: 1", () -> Tasks.any(2, List.of(() -> 1)));
    }

    @Test
    @Says({
      "A task that returns a value after all has its value returned",
      "Cooperative: a task that never asks its token is waited for"
    })
    void a_task_that_does_not_listen_is_waited_for() throws Exception {
      String value =
          time.call(
              () ->
                  Tasks.within(
                      Duration.ofSeconds(1),
                      () -> {
                        time.advance(Duration.ofSeconds(2));
                        assertTrue(Cancellation.current().isCancelled());
                        return "after all";
                      }));
      assertEquals("after all", value);
    }

    @Test
    @Says({
      "a value that comes after the time was up is not returned, but goes to the disposer",
      "the cause of the TimeoutException is always the CancelledException that the task sees",
      "in a scope, if it had passed before the task ended"
    })
    void on_a_thread_of_its_own_the_time_decides() throws Exception {
      var disposed = new ArrayList<String>();
      UnaryOperator<Tasks.Configuration<String>> scoped =
          c -> c.withScope(s -> s).withDisposer(disposed::add);
      var thrown =
          assertThrows(
              TimeoutException.class,
              () ->
                  time.call(
                      () ->
                          Tasks.within(
                              Duration.ofSeconds(1),
                              () -> {
                                time.advance(Duration.ofSeconds(2));
                                return "too late";
                              },
                              scoped)));
      assertEquals(List.of("too late"), disposed);
      assertInstanceOf(CancelledException.class, thrown.getCause());
      var wrapped =
          assertThrows(
              TimeoutException.class,
              () ->
                  time.call(
                      () ->
                          Tasks.within(
                              Duration.ofSeconds(1),
                              () -> {
                                time.advance(Duration.ofSeconds(2));
                                try {
                                  return listen();
                                } catch (CancelledException e) {
                                  throw new IOException("wrapped", e);
                                }
                              },
                              scoped)));
      assertInstanceOf(CancelledException.class, wrapped.getCause());
    }

    @Test
    @Says({
      "What differs in a scope: zero does not let the task begin",
      "zero lets the task run up to its first checkpoint"
    })
    void a_timeout_of_zero() {
      var ran = new AtomicInteger();
      assertThrows(
          TimeoutException.class,
          () -> Tasks.within(Duration.ZERO, ran::incrementAndGet, c -> c.withScope(s -> s)));
      assertEquals(0, ran.get());
      assertThrows(
          TimeoutException.class,
          () ->
              Tasks.within(
                  Duration.ZERO,
                  () -> {
                    ran.incrementAndGet();
                    Cancellation.checkpoint();
                    return ran.incrementAndGet();
                  }));
      assertEquals(1, ran.get());
    }

    @Test
    @Says({
      "@throws dev.desist.CancellationCallbackException if callbacks that the task left on its"
          + " token fail at the end",
      "what callbacks throw that the task left on its token goes to the uncaught-exception handler"
          + " of the task's thread"
    })
    void callbacks_that_are_left_and_fail() throws Exception {
      Task<Integer, RuntimeException> leaves =
          () -> {
            Cancellation.current()
                .onCancel(
                    () -> {
                      throw new IllegalStateException("left");
                    });
            return 1;
          };
      assertThrows(CancellationCallbackException.class, () -> Tasks.within(FOREVER, leaves));
      assertThrows(
          CancellationCallbackException.class, () -> Tasks.withinOr(FOREVER, leaves, () -> 2));
      assertThrows(CancellationCallbackException.class, () -> Tasks.outcomeWithin(FOREVER, leaves));
      var uncaught = new AtomicReference<Throwable>();
      var threads =
          Thread.ofPlatform().daemon().uncaughtExceptionHandler((_, e) -> uncaught.set(e));
      int value =
          Tasks.within(
              FOREVER, leaves, c -> c.withScope(s -> s.withThreadFactory(threads.factory())));
      assertEquals(1, value);
      assertInstanceOf(CancellationCallbackException.class, uncaught.get());
    }
  }

  @Nested
  @Of(Tasks.Configuration.class)
  @Says(
      value =
          "of tasks that lost, that succeeded before another one failed, or that ended after they"
              + " were left behind",
      by = {
        "TasksTest.promise20_every_value_is_returned_or_disposed_of_once",
        "TasksTest.if_one_of_all_fails_the_others_end_and_their_values_are_disposed_of",
        "TasksTest.promise20_within_leaves_a_deaf_task_behind_and_its_late_value_is_disposed_of"
      })
  class OfConfigurationOfTasks {
    @Test
    @Says({
      "It is called once for each, by the thread of the task or by the caller, in a shield",
      "Null values are not handed to it"
    })
    void the_disposer_is_called_once_and_in_a_shield() throws Exception {
      var disposed = new CopyOnWriteArrayList<String>();
      var threads = new CopyOnWriteArrayList<Thread>();
      var runners = new CopyOnWriteArrayList<Thread>();
      UnaryOperator<Tasks.Configuration<String>> disposing =
          c ->
              c.withDisposer(
                  value -> {
                    Cancellation.checkpoint(); // what it throws would be logged
                    assertSame(CancellationToken.none(), Cancellation.current());
                    threads.add(Thread.currentThread());
                    disposed.add(value);
                  });
      Callable<String> loses =
          () -> {
            runners.add(Thread.currentThread());
            Cancellation.current().await();
            return "late";
          };
      Callable<String> losesNothing =
          () -> {
            Cancellation.current().await();
            return null;
          };
      Callable<String> wins =
          () -> {
            await().until(() -> runners.size() == 1);
            return "won";
          };
      assertEquals("won", Tasks.race(List.of(wins, loses, losesNothing), disposing));
      assertEquals(List.of("late"), disposed);
      assertTrue(
          threads.getFirst() == Thread.currentThread() || threads.getFirst() == runners.getFirst());
      try (var outer = CancellationSource.create()) {
        Callable<String> cancels =
            () -> {
              outer.cancel(); // the one before has ended: there is one place
              return listen();
            };
        assertThrows(
            CancelledException.class,
            () ->
                Cancellation.call(
                    outer.token(),
                    () ->
                        Tasks.all(
                            List.of(() -> "left", cancels),
                            c -> disposing.apply(c).withScope(s -> s.withParallelism(1)))));
      }
      assertEquals(List.of("late", "left"), disposed);
      assertSame(Thread.currentThread(), threads.getLast());
    }

    @Test
    @Says("applied to the configuration made so far")
    void the_scope_is_configured_step_by_step() throws Exception {
      var names = new CopyOnWriteArrayList<String>();
      Callable<Integer> task = () -> names.add(Thread.currentThread().getName()) ? 1 : 0;
      List<Integer> values =
          Tasks.all(
              List.of(task, task),
              c -> c.withName("before").withScope(s -> s.withParallelism(1)).withName("after"));
      assertEquals(List.of(1, 1), values);
      assertEquals(List.of("after", "after"), names);
    }
  }

  @Nested
  @Of(Grace.class)
  @Says(
      value = {
        "How long cancelled tasks may take to end, and what happens then",
        "report after ten seconds",
        "What a scope does if not told otherwise"
      },
      by = "GraceTest.promise25_the_default_waits_and_reports_after_ten_seconds")
  @Says(
      value = {
        "wait without end",
        "report after patience",
        "how long to wait before the report",
        "after patience, report, and interrupt the tasks",
        "how long to wait before the interrupt"
      },
      by = "GraceTest.an_interrupting_grace_ends_a_call_that_knows_no_tokens")
  @Says(
      value = "after patience, report, and return, leaving the tasks behind",
      by = "GraceTest.promise21_a_scope_that_leaves_returns_on_time_and_the_deaf_one_is_listed")
  @Says(
      value = {
        "as this, and after more time return, leaving the tasks behind",
        "how long to wait after the patience of this one is up"
      },
      by = "GraceTest.after_an_interrupt_that_did_not_help_a_scope_may_still_leave")
  class OfGrace {
    @Test
    @Says("if it is not positive")
    void what_cannot_be_is_refused() {
      refuses("limit must be positive: 0", () -> Grace.forever().withLimit(0));
    }

    @Test
    @Says("When so many of one name do, further ones are refused")
    void at_most_so_many_of_one_name_are_left_behind() throws Exception {
      Grace two = Grace.leaveAfter(Duration.ZERO).withLimit(2);
      for (int i = 1; i <= 2; i++) {
        var begun = new CountDownLatch(1);
        try (var scope = TaskScope.open(c -> c.withName("of one name").withGrace(two))) {
          scope.fork(
              () -> {
                begun.countDown();
                return deaf("late");
              });
          begun.await();
          scope.cancel();
          assertThrows(CancelledException.class, scope::join);
        }
      }
      assertEquals(2, Leftovers.list().size());
      try (var scope = TaskScope.open(c -> c.withName("of one name").withGrace(two))) {
        assertThrows(RejectedExecutionException.class, () -> scope.fork(() -> "refused"));
        assertThrows(RejectedExecutionException.class, () -> scope.fork(() -> {}));
        scope.fork("of another", () -> "runs").await();
        scope.join();
      }
      release.countDown();
      await().until(() -> Leftovers.list().isEmpty());
    }
  }

  @Nested
  @Of(TaskScope.class)
  @Says(
      value = "A block whose tasks end before it does",
      by = "TaskScopeTest.promise21_close_waits_until_every_subtask_has_ended")
  @Says(
      value =
          "that they are cancelled by token and not by interrupt, and that a deaf subtask need not"
              + " hold the scope for ever",
      by = {
        "ScopeCancellationTest.promise22_any_thread_may_cancel_a_scope_and_join_says_why",
        "ScopeCancellationTest.cancel_does_not_interrupt",
        "GraceTest.promise21_a_scope_that_leaves_returns_on_time_and_the_deaf_one_is_listed"
      })
  @Says(
      value = "A scope that is to fork is to be joined, once",
      by = {
        "ScopeMisuseTest.what_was_forked_into_is_joined",
        "ScopeMisuseTest.a_scope_is_joined_once"
      })
  @Says(
      value = {
        "From then on nothing starts: a subtask that waits for its thread never runs, and #fork"
            + " gives one that is cancelled already, without a thread",
        "If this scope is cancelled, it does not start, no thread is made, and the subtask is"
            + " cancelled already"
      },
      by = {
        "ScopeCancellationTest.promise23_fork_after_a_cancel_makes_no_thread_and_gives_a_cancelled_subtask",
        "ScopeCancellationTest.promise23_a_subtask_whose_thread_has_not_begun_never_starts"
      })
  @Says(
      value =
          "they are interrupted only by #abort, by a Grace that says so, and if the owner itself is"
              + " interrupted while it joins or closes",
      by = {
        "ScopeCancellationTest.cancel_does_not_interrupt",
        "ScopeCancellationTest.abort_of_a_scope_interrupts_all_that_run_and_await_waits_for_them",
        "GraceTest.an_interrupting_grace_ends_a_call_that_knows_no_tokens",
        "ScopeCancellationTest.an_interrupt_does_not_end_close_and_is_not_lost"
      })
  @Says(
      value = {
        "#join and #close are for the owner alone, and so is #fork unless",
        "@throws WrongThreadException if the calling thread does not own this scope"
      },
      by = "ScopeMisuseTest.only_the_owner_forks_joins_and_closes")
  @Says(
      value = "of these it can be asked after #close",
      by = "TaskScopeTest.failures_of_siblings_on_their_way_out_are_suppressed_in_what_join_threw")
  @Says(
      value = "join may be called again",
      by = "ScopeCancellationTest.join_may_be_called_again_after_an_interrupt")
  @Says(
      value =
          "An interrupt does not end the wait: it is handed down to the subtasks that run, as by"
              + " #abort(), and is still there afterwards",
      by = "ScopeCancellationTest.an_interrupt_does_not_end_close_and_is_not_lost")
  @Says(
      value =
          "@throws IllegalStateException after all this, if something was forked and join was never"
              + " called",
      by = {
        "ScopeMisuseTest.what_was_forked_into_is_joined",
        "ScopeMisuseTest.a_body_that_leaves_before_join_does_not_lose_what_stopped_the_scope",
        "ScopeMisuseTest.closing_out_of_order_closes_the_inner_ones_first_and_tells"
      })
  @Says(
      value = "@throws CancellationCallbackException after all this, if callbacks failed",
      by = "ScopeMisuseTest.callbacks_that_fail_when_the_scope_is_closed_reach_who_closes_it")
  @Says(
      value = {
        "what may end the wait, beside the token that is current",
        "if a token is or becomes cancelled, and this scope has not come to its end"
      },
      by = "ScopeTokenTest.a_wait_with_a_token_ends_with_that_or_the_current_one")
  @Says(
      value = "if one of the subtasks waits, or one of theirs",
      by =
          "ScopeForeignCodeTest.a_subtask_must_not_wait_for_the_end_of_its_scope_from_however_far_inside")
  class OfTaskScope {
    private static final ScopedValue<String> MINE = ScopedValue.newInstance();

    private int before;
    private int inside;

    @Test
    @Says({"Other scoped values are not inherited", "subtasks have the current token and the"})
    void what_is_bound_to_the_owners_thread() throws Exception {
      var source = time.call(() -> CancellationSource.create("outer"));
      time.call(
          () ->
              ScopedValue.where(MINE, "mine")
                  .call(
                      () ->
                          Cancellation.call(
                              source.token(),
                              () -> {
                                try (var scope = TaskScope.open()) {
                                  scope.fork(
                                      () -> {
                                        assertFalse(MINE.isBound());
                                        assertSame(time, TimeSource.current());
                                        source.cancel("outer was cancelled");
                                        return assertThrows(
                                            CancelledException.class, Cancellation::checkpoint);
                                      });
                                  return assertThrows(CancelledException.class, scope::join);
                                }
                              })));
    }

    @Test
    @Says({
      "What the forking thread did before #fork happens-before the task",
      "what a task did happens-before the return of #join, if it waited for it, and of #close,"
          + " unless it left it behind"
    })
    void what_happens_before_what() throws Exception {
      try (var scope = TaskScope.open()) {
        before = 1;
        scope.fork(() -> inside = before + 1);
        scope.join();
        assertEquals(2, inside);
      }
      try (var scope = TaskScope.open(Joiner.awaitAll())) {
        scope.fork(
            () -> {
              begun.countDown();
              Cancellation.current().await();
              inside = 3;
              return inside;
            });
        begun.await();
        scope.cancel();
        assertThrows(CancelledException.class, scope::join);
      }
      assertEquals(3, inside);
    }

    @Test
    @Says({
      "All other methods may be called from any thread",
      "Obeys no token, not even the current one, so that one can wait for the end of what one has"
          + " aborted",
      "an interrupt alone ends the wait",
      "zero only asks"
    })
    void any_thread_may() throws Exception {
      try (var scope = TaskScope.<Object>open(c -> c.withName("any"))) {
        Subtask<Object> subtask = scope.fork(() -> deaf("done"));
        begun.await();
        assertTrue(
            get(
                elsewhere(
                    () ->
                        Cancellation.call(
                            CANCELLED,
                            () -> {
                              assertFalse(scope.await(Duration.ZERO));
                              assertTrue(scope.toString().contains("any"));
                              assertFalse(scope.token().isCancelled());
                              assertTrue(scope.cancel());
                              assertFalse(scope.abort());
                              assertFalse(scope.cancel(CancellationReason.requested("late")));
                              assertFalse(scope.abort(CancellationReason.requested("late")));
                              assertFalse(scope.await(Duration.ZERO));
                              release.countDown();
                              scope.await();
                              return scope.await(Duration.ZERO);
                            }))));
        assertEquals("done", subtask.get());
      } catch (IllegalStateException e) {
        assertTrue(e.getMessage().contains("must be joined"), e::getMessage);
      }
    }

    @Test
    @Says("zero only asks")
    void a_wait_of_zero_throws_for_an_interrupt() throws Exception {
      try (var scope = TaskScope.open()) {
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, () -> scope.await(Duration.ZERO));
      }
    }

    @Test
    @Says("If this scope is cancelled, it does not wait for the subtasks to notice: #close does")
    void join_does_not_wait_for_who_has_not_noticed() throws Exception {
      Subtask<String> subtask;
      try (var scope = TaskScope.open()) {
        subtask = scope.fork(() -> deaf("noticed"));
        begun.await();
        scope.cancel();
        assertThrows(CancelledException.class, scope::join);
        assertEquals(Subtask.State.UNAVAILABLE, subtask.state());
        release.countDown();
      }
      assertEquals("noticed", subtask.get());
    }

    @Test
    @Says(
        "If it is not, #close cancels with the reason \"interrupted\", and interrupts the subtasks")
    void an_owner_that_was_interrupted_hands_it_down() throws Exception {
      Subtask<String> asks;
      Subtask<String> blocks;
      var begun = new CountDownLatch(2);
      try (var scope = TaskScope.open(Joiner.awaitAll())) {
        asks =
            scope.fork(
                () -> {
                  begun.countDown();
                  return listen();
                });
        blocks =
            scope.fork(
                () -> {
                  begun.countDown();
                  Thread.sleep(FOREVER);
                  return "";
                });
        begun.await();
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, scope::join);
      }
      for (Subtask<String> subtask : List.of(asks, blocks)) {
        var end = (Outcome.Cancelled<String>) subtask.outcome().orElseThrow();
        assertInstanceOf(CancellationReason.Interrupted.class, end.reason());
      }
    }

    @Test
    @Says(
        "If the body of the block threw before it came to join, this is suppressed in what it"
            + " threw")
    void a_body_that_throws_before_join() {
      var thrown =
          assertThrows(
              IOException.class,
              () -> {
                try (var scope = TaskScope.open()) {
                  scope.fork(() -> listen());
                  throw new IOException("the body's");
                }
              });
      assertInstanceOf(IllegalStateException.class, thrown.getSuppressed()[0]);
    }

    @Test
    @Says(
        "the name, whether live or cancelled and why, the time left, how many subtasks have not"
            + " ended, and how many of these wait for others to end")
    void it_says_how_many_wait() throws Exception {
      try (var scope =
          TaskScope.open(Joiner.awaitAll(), c -> c.withName("pool").withParallelism(1))) {
        scope.fork(() -> listen());
        assertEquals("TaskScope[\"pool\", live, 1 subtask]", scope.toString());
        scope.fork(() -> listen());
        scope.fork(() -> listen());
        assertEquals("TaskScope[\"pool\", live, 3 subtasks, 2 of them waiting]", scope.toString());
        scope.cancel();
        assertTrue(
            scope.toString().endsWith("1 subtask]") || scope.toString().endsWith("0 subtasks]"));
        assertThrows(CancelledException.class, scope::join);
      }
    }
  }

  @Nested
  @Of(TaskScope.Configuration.class)
  @Says(
      value = "how long cancelled subtasks may take to end, and what then",
      by = "GraceTest.promise21_a_scope_that_leaves_returns_on_time_and_the_deaf_one_is_listed")
  @Says(
      value =
          "Further ones wait, without a thread, and never start if the scope is cancelled"
              + " meanwhile",
      by = {
        "ScopeCancellationTest.promise23_what_waits_for_a_place_never_starts_and_ends_at_once",
        "TaskScopeTest.no_more_than_the_limit_run_at_the_same_time_and_all_run_in_the_end"
      })
  @Says(
      value = "By default, the owner of the scope alone may",
      by = "ScopeMisuseTest.only_the_owner_forks_joins_and_closes")
  @Says(
      value =
          "a subtask that forks can be sure of its scope, and gets one that is cancelled already if"
              + " the scope was cancelled, although join may have ended by then",
      by = {
        "TaskScopeTest.with_shared_forking_a_subtask_may_fork_more",
        "ScopeUnderAttackTest.promise23_a_subtask_that_forks_after_join_gave_up_gets_a_cancelled_one"
      })
  class OfConfiguration {
    @Test
    @Says("Join ends when no subtask is left, so whoever forks later gets an IllegalStateException")
    void who_forks_after_join() throws Exception {
      try (var scope = TaskScope.<Object>open(TaskScope.Configuration::withSharedForking)) {
        scope.join();
        assertTrue(
            get(
                elsewhere(
                    () ->
                        assertThrows(IllegalStateException.class, () -> scope.fork(() -> 1))
                            .getMessage()
                            .contains("after it was joined"))));
      }
    }

    @Test
    @Says("makes a new thread for each subtask, which it must not start")
    void a_factory_that_starts_its_threads_runs_no_task_twice() throws Exception {
      var ran = new AtomicInteger();
      try (var scope =
          TaskScope.open(
              Joiner.<Object>awaitAll(), c -> c.withThreadFactory(Thread::startVirtualThread))) {
        Subtask<Integer> subtask = null;
        try {
          subtask = scope.fork(ran::incrementAndGet);
        } catch (IllegalThreadStateException e) {
          // by the time that was found out, it had not begun, and never will
        }
        scope.join();
        assertEquals(subtask == null ? 0 : 1, ran.get());
      }
    }

    @Test
    @Says("longer than 146 years means never")
    void a_timeout_that_never_passes() throws Exception {
      try (var scope = time.call(() -> TaskScope.open(c -> c.withTimeout(FOREVER)))) {
        assertTrue(scope.token().deadline().isNone());
        scope.join();
      }
    }

    @Test
    @Says("@throws IllegalArgumentException if it is not positive")
    void what_cannot_be_is_refused() {
      refuses("parallelism must be positive: 0", () -> TaskScope.open(c -> c.withParallelism(0)));
      refuses(
          "timeout must not be negative: PT-1S",
          () -> TaskScope.open(c -> c.withTimeout(Duration.ofSeconds(-1))));
    }

    @Test
    @Says("A thread factory names its threads itself")
    void who_names_the_threads() throws Exception {
      Callable<String> name = () -> Thread.currentThread().getName();
      try (var scope = TaskScope.<Object>open(c -> c.withName("by the scope"))) {
        Subtask<String> own = scope.fork("its own", name);
        Subtask<String> scopes = scope.fork(name);
        scope.join();
        assertEquals("its own", own.get());
        assertEquals("by the scope", scopes.get());
      }
      try (var scope =
          TaskScope.<Object>open(
              c ->
                  c.withName("by the scope")
                      .withThreadFactory(
                          Thread.ofPlatform().daemon().name("by the factory").factory()))) {
        Subtask<String> factorys = scope.fork("its own", name);
        scope.join();
        assertEquals("by the factory", factorys.get());
      }
    }
  }
}
