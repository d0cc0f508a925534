package dev.desist.scope;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationReason;
import dev.desist.Leftover;
import dev.desist.Leftovers;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What becomes of cancelled tasks that do not listen. */
@ExtendWith(Hygiene.class)
@Timeout(30)
class GraceTest {
  private final ManualTime time = new ManualTime();
  private final CountDownLatch inside = new CountDownLatch(1);
  private final CountDownLatch release = new CountDownLatch(1);
  private final List<Leftover> reports = new CopyOnWriteArrayList<>();
  private final Leftovers.Registration listening = Leftovers.onReport(reports::add);

  @AfterEach
  void nothing_is_left() {
    listening.close();
    release.countDown();
    await().until(() -> Leftovers.list().isEmpty());
  }

  /** Goes on until released, whatever happens to its token. */
  private String deaf() {
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

  /** Opens a scope with a deaf subtask on another thread, cancels it by a timeout of 100 ms. */
  private FutureTask<Duration> run(Grace grace, AtomicReference<Subtask<String>> subtask) {
    var task =
        new FutureTask<>(
            () ->
                time.call(
                    () -> {
                      Duration begin = Duration.ofNanos(time.nanoTime());
                      try (var scope =
                          TaskScope.<String>open(
                              c ->
                                  c.withName("lookup")
                                      .withTimeout(Duration.ofMillis(100))
                                      .withGrace(grace))) {
                        subtask.set(scope.fork("stock", this::deaf));
                        assertThrows(TimeoutException.class, scope::join);
                      }
                      return Duration.ofNanos(time.nanoTime()).minus(begin);
                    }));
    Thread.ofVirtual().start(task);
    return task;
  }

  /** Moves time in steps of 10 ms, each when somebody waits for it, until the task is done. */
  private void runUntilDone(FutureTask<?> task) {
    await()
        .pollInterval(Duration.ofMillis(1))
        .until(
            () -> {
              if (!task.isDone() && time.pending() > 0) {
                time.advance(Duration.ofMillis(10));
              }
              return task.isDone();
            });
  }

  @Test
  void promise21_a_scope_that_leaves_returns_on_time_and_the_deaf_one_is_listed() throws Exception {
    var subtask = new AtomicReference<Subtask<String>>();
    FutureTask<Duration> scope = run(Grace.leaveAfter(Duration.ofMillis(100)), subtask);
    inside.await();
    runUntilDone(scope);
    assertEquals(Duration.ofMillis(200), scope.get());

    Leftover leftover = Leftovers.list().getFirst();
    assertEquals("stock", leftover.task());
    assertEquals("lookup", leftover.scope());
    assertTrue(leftover.leftBehind());
    assertEquals(Duration.ofMillis(100), leftover.deafFor());
    assertInstanceOf(CancellationReason.DeadlineExceeded.class, leftover.reason());
    assertTrue(
        leftover.stack().stream().anyMatch(frame -> frame.getMethodName().equals("deaf")),
        leftover::toString);
    assertEquals(1, reports.size());

    release.countDown();
    subtask.get().await();
    assertEquals("late", subtask.get().get());
    await().until(() -> Leftovers.list().isEmpty());
  }

  @Test
  void promise25_the_default_waits_and_reports_after_ten_seconds() throws Exception {
    FutureTask<Duration> scope = run(Grace.forever(), new AtomicReference<>());
    inside.await();
    await()
        .pollInterval(Duration.ofMillis(1))
        .until(
            () -> {
              if (time.pending() > 0) {
                time.advance(Duration.ofMillis(100));
              }
              return !reports.isEmpty();
            });
    assertFalse(reports.getFirst().leftBehind());
    assertEquals(Duration.ofSeconds(10), reports.getFirst().deafFor());
    assertFalse(Leftovers.list().getFirst().leftBehind());
    assertFalse(scope.isDone());
    release.countDown();
    scope.get(10, TimeUnit.SECONDS);
    assertEquals(List.of(), Leftovers.list());
  }

  @Test
  void an_interrupting_grace_ends_a_call_that_knows_no_tokens() throws Exception {
    var scope =
        new FutureTask<>(
            () ->
                time.call(
                    () -> {
                      try (var opened =
                          TaskScope.<String>open(
                              c ->
                                  c.withTimeout(Duration.ofMillis(5))
                                      .withGrace(Grace.interruptAfter(Duration.ofMillis(5))))) {
                        opened.fork(
                            () -> {
                              inside.countDown();
                              return new SynchronousQueue<String>().take();
                            });
                        assertThrows(TimeoutException.class, opened::join);
                      }
                      return time.nanoTime();
                    }));
    Thread.ofVirtual().start(scope);
    inside.await();
    runUntilDone(scope);
    assertTrue(scope.isDone());
    assertEquals(1, reports.size());
  }

  @Test
  void after_an_interrupt_that_did_not_help_a_scope_may_still_leave() throws Exception {
    FutureTask<Duration> scope =
        run(
            Grace.interruptAfter(Duration.ofMillis(50)).thenLeaveAfter(Duration.ofMillis(50)),
            new AtomicReference<>());
    inside.await();
    runUntilDone(scope);
    assertEquals(Duration.ofMillis(200), scope.get());
    assertEquals(List.of(false, true), reports.stream().map(Leftover::leftBehind).toList());
  }

  @Test
  void a_grace_of_zero_leaves_at_once() throws Exception {
    FutureTask<Duration> scope = run(Grace.leaveAfter(Duration.ZERO), new AtomicReference<>());
    inside.await();
    runUntilDone(scope);
    assertEquals(Duration.ofMillis(100), scope.get());
  }

  @Test
  void who_listens_is_not_reported() throws Exception {
    try (var scope =
        TaskScope.open(
            Joiner.anySuccessfulOrThrow(),
            c -> c.withGrace(Grace.leaveAfter(Duration.ofDays(1))))) {
      scope.fork(
          () -> {
            dev.desist.Cancellation.sleep(Duration.ofDays(1));
            return 1;
          });
      scope.fork(() -> 1);
      scope.join();
    }
    assertEquals(List.of(), reports);
  }

  @Test
  void a_listener_that_throws_does_not_keep_the_others_from_being_told() throws Exception {
    try (var _ =
            Leftovers.onReport(
                leftover -> {
                  throw new IllegalStateException("listener");
                });
        var _ = Leftovers.onReport(reports::add)) {
      FutureTask<Duration> scope = run(Grace.leaveAfter(Duration.ZERO), new AtomicReference<>());
      inside.await();
      runUntilDone(scope);
      scope.get();
      assertEquals(2, reports.size());
    }
  }

  @Test
  void a_grace_says_what_it_is_and_refuses_what_cannot_be() {
    assertEquals(
        "Grace[report and interrupt after PT1S, leave after PT2S more]",
        Grace.interruptAfter(Duration.ofSeconds(1))
            .thenLeaveAfter(Duration.ofSeconds(2))
            .toString());
    var thrown =
        assertThrows(IllegalArgumentException.class, () -> Grace.leaveAfter(Duration.ofMillis(-1)));
    assertEquals("patience must not be negative: PT-0.001S", thrown.getMessage());
    assertThrows(
        IllegalArgumentException.class,
        () -> Grace.forever().thenLeaveAfter(Duration.ofMillis(-1)));
  }
}
