package dev.desist.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancelledException;
import dev.desist.Outcome;
import dev.desist.scope.Subtask;
import dev.desist.scope.TaskScope;
import dev.desist.testkit.Hygiene;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Groups in which something fails, as the tests of anyio see them. */
@ExtendWith(Hygiene.class)
@Timeout(60)
class AnyioFailureConformanceTest {
  /** Waits until cancelled, and ends as one that was. */
  private static Boolean waitToBeCancelled(CountDownLatch inside) throws InterruptedException {
    inside.countDown();
    Cancellation.sleep(Duration.ofDays(1));
    return false;
  }

  @Test
  @Conforms({"ANY-03", "ANY-11"})
  void a_failing_task_cancels_the_body_and_the_others_and_is_reported_alone() throws Exception {
    var inside = new CountDownLatch(2);
    var failure = new IOException("the only one");
    var others = new ArrayList<Subtask<Boolean>>();
    ExecutionException thrown;
    try (var scope = TaskScope.<Boolean>open()) {
      others.add(scope.fork(() -> waitToBeCancelled(inside)));
      others.add(scope.fork(() -> waitToBeCancelled(inside)));
      scope.fork(
          "the one that fails",
          () -> {
            Workers.pass(inside);
            throw failure;
          });
      assertTrue(scope.token().await(Workers.PATIENCE)); // the body
      thrown = assertThrows(ExecutionException.class, scope::join);
    }
    assertSame(failure, thrown.getCause());
    assertEquals(0, thrown.getSuppressed().length);
    for (Subtask<Boolean> other : others) {
      var cancelled = assertInstanceOf(Outcome.Cancelled.class, other.outcome().orElseThrow());
      var reason = assertInstanceOf(CancellationReason.SiblingFailed.class, cancelled.reason());
      assertTrue(reason.message().contains("the one that fails"), reason::message);
    }
  }

  @Test
  @Conforms("ANY-04")
  void a_failing_body_cancels_the_tasks_and_waits_for_them() {
    var inside = new CountDownLatch(2);
    var ended = new AtomicInteger();
    var failure = new IOException("of the body");
    var thrown =
        assertThrows(
            IOException.class,
            () -> {
              try (var scope = TaskScope.<Boolean>open()) {
                for (int i = 0; i < 2; i++) {
                  scope.fork(
                      () -> {
                        try {
                          return waitToBeCancelled(inside);
                        } finally {
                          ended.incrementAndGet();
                        }
                      });
                }
                Workers.pass(inside);
                throw failure;
              }
            });
    assertSame(failure, thrown);
    assertEquals(2, ended.get());
  }

  @Test
  @Conforms("ANY-05")
  void all_failures_of_tasks_are_reported() throws Exception {
    var inside = new CountDownLatch(1);
    var first = new IOException("first");
    var second = new IllegalArgumentException("second");
    ExecutionException thrown;
    try (var scope = TaskScope.<Boolean>open()) {
      scope.fork(() -> failWhenCancelled(inside, second));
      scope.fork(
          () -> {
            Workers.pass(inside);
            throw first;
          });
      thrown = assertThrows(ExecutionException.class, scope::join);
    }
    assertSame(first, thrown.getCause());
    assertEquals(List.of(second), List.of(thrown.getSuppressed()));
  }

  @Test
  @Conforms("ANY-05")
  void a_failure_of_the_body_does_not_hide_those_of_tasks() {
    var inside = new CountDownLatch(1);
    var first = new IOException("first");
    var second = new IllegalArgumentException("second");
    var thrown =
        assertThrows(
            IOException.class,
            () -> {
              try (var scope = TaskScope.<Boolean>open()) {
                scope.fork(() -> failWhenCancelled(inside, second));
                Workers.pass(inside);
                throw first;
              }
            });
    assertSame(first, thrown);
    var below = new ArrayList<Throwable>(Arrays.asList(thrown.getSuppressed()));
    for (Throwable suppressed : thrown.getSuppressed()) {
      below.addAll(Arrays.asList(suppressed.getSuppressed()));
    }
    assertTrue(below.contains(second), below::toString);
  }

  private static Boolean failWhenCancelled(CountDownLatch inside, RuntimeException failure)
      throws InterruptedException {
    try {
      return waitToBeCancelled(inside);
    } catch (CancelledException e) {
      throw failure;
    }
  }
}
