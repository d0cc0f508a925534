package dev.desist.scope;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.Leftovers;
import dev.desist.Outcome;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Races, all, some, and timeouts, in one line each. */
@ExtendWith(Hygiene.class)
@Timeout(30)
class TasksTest {
  private static final Duration MS = Duration.ofMillis(1);

  private final ManualTime time = new ManualTime();
  private final List<Object> disposed = new CopyOnWriteArrayList<>();

  private Tasks.Configuration<Object> disposing(Tasks.Configuration<Object> configuration) {
    return configuration.withDisposer(disposed::add);
  }

  // ---- race ----

  @Test
  void a_race_gives_the_first_value_and_the_loser_has_ended_with_the_reason() throws Exception {
    var loser = new AtomicReference<CancellationReason>();
    var begun = new CountDownLatch(1);
    assertEquals(
        "quick",
        Tasks.race(
            () -> {
              begun.countDown();
              return untilCancelled(loser);
            },
            () -> {
              begun.await();
              return "quick";
            }));
    assertInstanceOf(CancellationReason.RaceLost.class, loser.get());
  }

  @Test
  void a_failure_does_not_win_a_race() throws Exception {
    var failed = new CountDownLatch(1);
    Object value =
        Tasks.race(
            () -> {
              try {
                throw new IOException("down");
              } finally {
                failed.countDown();
              }
            },
            () -> {
              failed.await();
              return "up";
            });
    assertEquals("up", value);
  }

  @Test
  void if_all_fail_the_race_tells_every_failure() {
    var thrown =
        assertThrows(
            ExecutionException.class, () -> Tasks.race(failing("a"), failing("b"), failing("c")));
    var messages = new HashSet<String>();
    messages.add(String.valueOf(thrown.getCause()));
    for (Throwable other : thrown.getSuppressed()) {
      messages.add(String.valueOf(other));
    }
    assertEquals(
        Set.of("java.io.IOException: a", "java.io.IOException: b", "java.io.IOException: c"),
        messages);
  }

  @Test
  void of_a_tie_the_declared_order_decides() throws Exception {
    for (int round = 0; round < 50; round++) {
      assertEquals(1, tie(this::disposing));
    }
    assertEquals(100, disposed.size());
    assertEquals(Set.of(2, 3), Set.copyOf(disposed));
  }

  @Test
  void of_a_fair_tie_the_winner_is_drawn() throws Exception {
    var winners = new HashSet<>();
    for (int round = 0; round < 500 && winners.size() < 3; round++) {
      winners.add(tie(c -> disposing(c).withFairness()));
    }
    assertEquals(Set.of(1, 2, 3), winners); // 500 rounds miss one of three with odds of 1 : 10^87
  }

  /** Three that have all succeeded before the caller looks. */
  private static Object tie(UnaryOperator<Tasks.Configuration<Object>> how) throws Exception {
    var forked = new CountDownLatch(3);
    var tasks = new ArrayList<Callable<Object>>();
    for (int i = 1; i <= 3; i++) {
      int number = i;
      tasks.add(
          () -> {
            forked.countDown();
            forked.await();
            return number;
          });
    }
    return Tasks.race(tasks, c -> how.apply(c).withScope(s -> s.withThreadFactory(new Holding(3))));
  }

  /** Keeps who starts the last thread until all have ended. */
  private static final class Holding implements ThreadFactory {
    private final List<Thread> threads = new ArrayList<>();
    private final int last;

    Holding(int last) {
      this.last = last;
    }

    @Override
    public Thread newThread(Runnable task) {
      var thread =
          new Thread(task) {
            @Override
            public void start() {
              super.start();
              if (threads.size() == last) {
                threads.forEach(Holding::end);
              }
            }
          };
      threads.add(thread);
      return thread;
    }

    private static void end(Thread thread) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  @Test
  void promise20_every_value_is_returned_or_disposed_of_once() throws Exception {
    var made = new AtomicInteger();
    var delivered = new ArrayList<Object>();
    for (int round = 0; round < 2_000; round++) {
      delivered.add(
          Tasks.race(
              List.<Callable<Object>>of(made::incrementAndGet, made::incrementAndGet, () -> -1),
              this::disposing));
    }
    var seen = new HashSet<>(disposed);
    seen.addAll(delivered);
    seen.remove(-1);
    assertEquals(made.get(), seen.size());
    assertEquals(
        made.get(),
        disposed.stream().filter(v -> !v.equals(-1)).count()
            + delivered.stream().filter(v -> !v.equals(-1)).count());
  }

  @Test
  void a_race_of_none_is_refused() {
    var thrown = assertThrows(IllegalArgumentException.class, () -> Tasks.race());
    assertEquals("at least 1 tasks are needed: 0", thrown.getMessage());
  }

  @Test
  void a_disposer_that_throws_does_no_harm() throws Exception {
    int winner =
        Tasks.race(
            List.of(() -> 1, () -> 2),
            c ->
                c.withDisposer(
                    value -> {
                      throw new IllegalStateException("disposer");
                    }));
    assertTrue(Set.of(1, 2).contains(winner));
  }

  @Test
  void a_race_whose_token_is_cancelled_is_cancelled_and_loses_nothing() throws Exception {
    var source = CancellationSource.create("request");
    var given = new CountDownLatch(1);
    List<Callable<Object>> tasks =
        List.of(
            () -> {
              source.cancel("the user left");
              given.countDown();
              return "too late";
            });
    var thrown =
        assertThrows(
            CancelledException.class,
            () -> Cancellation.call(source.token(), () -> Tasks.race(tasks, this::disposing)));
    assertEquals("the user left", thrown.reason().message());
    given.await();
    assertEquals(List.of("too late"), disposed);
  }

  // ---- all, any ----

  @Test
  void all_gives_the_values_in_order() throws Exception {
    assertEquals(List.of(1, 2, 3), Tasks.all(() -> 1, () -> 2, () -> 3));
    assertEquals(List.of(), Tasks.all(List.of()));
  }

  @Test
  void if_one_of_all_fails_the_others_end_and_their_values_are_disposed_of() throws Exception {
    var first = new CountDownLatch(1);
    var thrown =
        assertThrows(
            ExecutionException.class,
            () ->
                Tasks.all(
                    List.<Callable<Object>>of(
                        () -> {
                          first.countDown();
                          return "connection";
                        },
                        () -> {
                          first.await();
                          throw new IOException("down");
                        }),
                    this::disposing));
    assertInstanceOf(IOException.class, thrown.getCause());
    assertEquals(List.of("connection"), disposed);
  }

  @Test
  void any_n_gives_n_in_the_order_of_the_tasks() throws Exception {
    var gate = new CountDownLatch(2);
    List<Object> values =
        Tasks.any(
            2,
            List.<Callable<Object>>of(
                () -> untilCancelled(new AtomicReference<>()),
                () -> {
                  gate.countDown();
                  gate.await();
                  return "b";
                },
                () -> {
                  gate.countDown();
                  gate.await();
                  return "c";
                }),
            this::disposing);
    assertEquals(List.of("b", "c"), values);
    assertEquals(List.of(), disposed);
  }

  @Test
  void any_n_gives_up_when_too_many_have_failed() {
    var thrown =
        assertThrows(
            ExecutionException.class,
            () ->
                Tasks.any(
                    2,
                    List.of(
                        failing("a"), failing("b"), () -> untilCancelled(new AtomicReference<>())),
                    this::disposing));
    assertInstanceOf(IOException.class, thrown.getCause());
    assertEquals(1, thrown.getSuppressed().length);
  }

  @Test
  void the_limit_of_the_scope_holds() throws Exception {
    var running = new AtomicInteger();
    var most = new AtomicInteger();
    Callable<Object> task =
        () -> {
          most.accumulateAndGet(running.incrementAndGet(), Math::max);
          running.decrementAndGet();
          return 1;
        };
    Tasks.all(java.util.Collections.nCopies(50, task), c -> c.withScope(s -> s.withParallelism(2)));
    assertTrue(most.get() <= 2, most::toString);
  }

  // ---- within ----

  @Test
  void promise16_a_timeout_within_a_timeout_is_never_mistaken_for_the_outer_one() throws Exception {
    var thrown =
        assertThrows(
            ExecutionException.class,
            () ->
                time.call(
                    () ->
                        Tasks.within(
                            MS.multipliedBy(10), () -> inner(1), c -> c.withName("outer"))));
    assertEquals(
        "the 1 ms deadline of \"inner\" passed",
        assertInstanceOf(TimeoutException.class, thrown.getCause()).getMessage());
    var outer =
        assertThrows(
            TimeoutException.class,
            () -> time.call(() -> Tasks.within(MS, () -> inner(10), c -> c.withName("outer"))));
    assertEquals("the 1 ms deadline of \"outer\" passed", outer.getMessage());
  }

  private Object inner(int millis) throws Exception {
    return Tasks.within(
        Duration.ofMillis(millis),
        () -> {
          time.advance(MS);
          Cancellation.checkpoint();
          return "never";
        },
        c -> c.withName("inner"));
  }

  @Test
  void promise16_a_timeout_that_a_future_has_wrapped_is_still_ones_own() throws Exception {
    var thrown =
        assertThrows(
            TimeoutException.class,
            () ->
                time.call(
                    () ->
                        Tasks.within(
                            MS,
                            () -> {
                              time.advance(MS);
                              return CompletableFuture.failedFuture(
                                      new CancelledException(Cancellation.current()))
                                  .thenApply(v -> v)
                                  .join();
                            })));
    assertEquals("the 1 ms deadline passed", thrown.getMessage());
  }

  @Test
  void within_calls_on_the_calling_thread_and_with_a_scope_on_another() throws Exception {
    assertSame(Thread.currentThread(), Tasks.within(Duration.ofDays(1), Thread::currentThread));
    assertSame(
        Thread.currentThread(),
        Tasks.within(Duration.ofDays(1), Thread::currentThread, c -> c.withName("here")));
    assertNotSame(
        Thread.currentThread(),
        Tasks.within(Duration.ofDays(1), Thread::currentThread, c -> c.withScope(s -> s)));
  }

  @Test
  void within_throws_what_the_task_throws() {
    for (Callable<Object> call :
        List.<Callable<Object>>of(
            () -> Tasks.within(Duration.ofDays(1), failing("own")::call),
            () ->
                Tasks.within(Duration.ofDays(1), failing("own")::call, c -> c.withScope(s -> s)))) {
      assertEquals("own", assertThrows(IOException.class, call::call).getMessage());
    }
    assertThrows(
        AssertionError.class,
        () ->
            Tasks.within(
                Duration.ofDays(1),
                () -> {
                  throw new AssertionError("broken");
                },
                c -> c.withScope(s -> s)));
  }

  @Test
  void promise16_a_timeout_of_the_task_on_another_thread_is_told_apart_too() {
    var thrown =
        assertThrows(
            ExecutionException.class,
            () ->
                Tasks.within(
                    Duration.ofDays(1),
                    () -> {
                      throw new TimeoutException("of the task");
                    },
                    c -> c.withScope(s -> s)));
    assertEquals(
        "of the task", assertInstanceOf(TimeoutException.class, thrown.getCause()).getMessage());
  }

  @Test
  void promise20_within_leaves_a_deaf_task_behind_and_its_late_value_is_disposed_of()
      throws Exception {
    var inside = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    Thread mover =
        Thread.startVirtualThread(
            () -> {
              ScopeCancellationTest.awaitQuietly(inside);
              time.advance(MS);
            });
    var thrown =
        assertThrows(
            TimeoutException.class,
            () ->
                time.call(
                    () ->
                        Tasks.within(
                            MS,
                            () -> {
                              inside.countDown();
                              release.await();
                              return "late";
                            },
                            c ->
                                c.withName("lookup")
                                    .withScope(s -> s.withGrace(Grace.leaveAfter(Duration.ZERO)))
                                    .withDisposer(disposed::add))));
    mover.join();
    assertEquals("the 1 ms deadline of \"lookup\" passed", thrown.getMessage());
    assertEquals("lookup", Leftovers.list().getFirst().scope());
    assertEquals(List.of(), disposed);
    release.countDown();
    await().until(() -> Leftovers.list().isEmpty());
    assertEquals(List.of("late"), disposed);
  }

  @Test
  void within_or_falls_back_on_its_own_timeout_alone() throws Exception {
    assertEquals(
        "fallback",
        time.call(
            () ->
                Tasks.withinOr(
                    MS,
                    () -> {
                      time.advance(MS);
                      Cancellation.checkpoint();
                      return "never";
                    },
                    () -> "fallback")));
    assertEquals("value", Tasks.withinOr(MS.multipliedBy(100_000), () -> "value", () -> "no"));
    assertThrows(
        ExecutionException.class,
        () ->
            Tasks.withinOr(
                Duration.ofDays(1),
                () -> {
                  throw new TimeoutException("of the task");
                },
                () -> "fallback"));
    var cancelled = CancellationSource.create();
    cancelled.cancel();
    assertThrows(
        CancelledException.class,
        () ->
            Cancellation.call(
                cancelled.token(),
                () ->
                    Tasks.withinOr(
                        Duration.ofDays(1),
                        () -> {
                          Cancellation.checkpoint();
                          return "never";
                        },
                        () -> "fallback")));
  }

  @Test
  void an_outcome_tells_the_timeout_from_the_failure() throws Exception {
    assertEquals(new Outcome.Success<>(1), Tasks.outcomeWithin(Duration.ofDays(1), () -> 1));
    var failure =
        assertInstanceOf(
            Outcome.Failure.class,
            Tasks.outcomeWithin(
                Duration.ofDays(1),
                () -> {
                  throw new TimeoutException("of the task");
                }));
    assertInstanceOf(TimeoutException.class, failure.exception());
    var outcome =
        time.call(
            () ->
                Tasks.outcomeWithin(
                    MS,
                    () -> {
                      time.advance(MS);
                      Cancellation.checkpoint();
                      return 1;
                    }));
    assertInstanceOf(
        CancellationReason.DeadlineExceeded.class,
        assertInstanceOf(Outcome.Cancelled.class, outcome).reason());
  }

  @Test
  void promise14_a_timeout_that_did_not_fire_leaves_no_timer() throws Exception {
    time.call(() -> Tasks.within(Duration.ofDays(1), () -> 1));
    time.call(() -> Tasks.within(Duration.ofDays(1), () -> 1, c -> c.withScope(s -> s)));
    assertEquals(0, time.pending());
  }

  private static String untilCancelled(AtomicReference<CancellationReason> why)
      throws InterruptedException {
    Cancellation.current().await();
    why.set(Cancellation.current().reason().orElseThrow());
    Cancellation.checkpoint();
    return "never";
  }

  private static Callable<Object> failing(String message) {
    return () -> {
      throw new IOException(message);
    };
  }
}
