package dev.desist.scope;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.Outcome;
import dev.desist.testkit.Hygiene;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What each join policy stops at, and what it makes join give. */
@ExtendWith(Hygiene.class)
@Timeout(30)
class JoinerTest {
  @Test
  void all_successful_gives_the_values_in_the_order_of_the_forks() throws Exception {
    try (var scope = TaskScope.open(Joiner.<Integer>allSuccessfulOrThrow())) {
      var last = new CountDownLatch(1);
      scope.fork(
          () -> {
            last.await();
            return 1;
          });
      scope.fork(
          () -> {
            last.countDown();
            return 2;
          });
      assertEquals(List.of(1, 2), scope.join());
    }
  }

  @Test
  void all_successful_gives_null_values_too() throws Exception {
    Callable<String> task = () -> null;
    try (var scope = TaskScope.open(Joiner.<String>allSuccessfulOrThrow())) {
      scope.fork(task);
      assertEquals(Arrays.asList((String) null), scope.join());
    }
  }

  @Test
  void any_successful_gives_the_first_value_and_the_losers_are_told() throws Exception {
    Subtask<String> loser;
    try (var scope = TaskScope.open(Joiner.<String>anySuccessfulOrThrow())) {
      loser = scope.fork(JoinerTest::untilCancelled);
      scope.fork("mirror", () -> "first");
      assertEquals("first", scope.join());
    }
    var reason =
        assertInstanceOf(CancellationReason.RaceLost.class, loser.token().reason().orElseThrow());
    assertEquals("the result of subtask \"mirror\" was enough", reason.message());
    assertEquals(new Outcome.Cancelled<>(reason), loser.outcome().orElseThrow());
  }

  @Test
  void a_failure_that_the_joiner_was_told_of_while_join_ended_is_reported_once() throws Exception {
    var told = new CountDownLatch(1);
    var thrownByJoin = new CountDownLatch(1);
    var joiner = new SlowToBeTold(told, thrownByJoin);
    ExecutionException thrown;
    try (var scope = TaskScope.open(joiner)) {
      scope.fork("a", failing("a"));
      told.await();
      scope.fork("b", failing("b"));
      thrown = assertThrows(ExecutionException.class, scope::join);
      thrownByJoin.countDown();
    }
    assertEquals("java.io.IOException: b", String.valueOf(thrown.getCause()));
    assertEquals("[java.io.IOException: a]", Arrays.toString(thrown.getSuppressed()));
  }

  /** Collects as ours do, and goes on looking at subtask "a" while another one ends the scope. */
  private static final class SlowToBeTold implements Joiner<Object, Object> {
    private final CountDownLatch told;
    private final CountDownLatch thrownByJoin;
    private volatile Throwable first = new AssertionError("none");

    SlowToBeTold(CountDownLatch told, CountDownLatch thrownByJoin) {
      this.told = told;
      this.thrownByJoin = thrownByJoin;
    }

    @Override
    public boolean onComplete(Subtask<?> subtask) {
      if (subtask.name().equals("b")) {
        return true;
      }
      first = subtask.exception();
      told.countDown();
      try {
        thrownByJoin.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      return false;
    }

    @Override
    public Object result() throws ExecutionException {
      var failures = new ExecutionException(new IOException("b"));
      failures.addSuppressed(first);
      throw failures;
    }
  }

  @Test
  void any_successful_collects_the_failures_if_there_is_no_value() throws Exception {
    try (var scope = TaskScope.open(Joiner.<String>anySuccessfulOrThrow())) {
      scope.fork(failing("a")).await();
      scope.fork(failing("b")).await();
      var thrown = assertThrows(ExecutionException.class, scope::join);
      var messages =
          List.of(String.valueOf(thrown.getCause()), Arrays.toString(thrown.getSuppressed()));
      assertTrue(messages.toString().contains("IOException: a"), messages::toString);
      assertTrue(messages.toString().contains("IOException: b"), messages::toString);
      assertEquals(1, thrown.getSuppressed().length);
    }
  }

  @Test
  void promise14_any_successful_keeps_no_more_than_a_hundred_failures() throws Exception {
    try (var scope = TaskScope.open(Joiner.<String>anySuccessfulOrThrow())) {
      for (int i = 0; i < 1_000; i++) {
        scope.fork(failing("a"));
      }
      var thrown = assertThrows(ExecutionException.class, scope::join);
      assertEquals(100, thrown.getSuppressed().length);
    }
  }

  @Test
  void any_successful_of_nothing_says_so() throws Exception {
    try (var scope = TaskScope.open(Joiner.<String>anySuccessfulOrThrow())) {
      var thrown = assertThrows(ExecutionException.class, scope::join);
      assertInstanceOf(NoSuchElementException.class, thrown.getCause());
      assertEquals("no subtask was forked", thrown.getMessage());
    }
  }

  @Test
  void at_least_n_gives_n_values_and_tolerates_failures() throws Exception {
    try (var scope = TaskScope.open(Joiner.<Integer>atLeastSuccessfulOrThrow(2))) {
      scope.fork(() -> 1).await();
      scope.fork(() -> throwChecked("x")).await();
      scope.fork(() -> 3).await();
      scope.fork(() -> Integer.parseInt(untilCancelled()));
      // What has ended may be on its way to the joiner still, so the order is not certain.
      assertEquals(Set.of(1, 3), Set.copyOf(scope.join()));
    }
  }

  @Test
  void at_least_n_fails_with_the_failures_if_fewer_succeed() throws Exception {
    try (var scope = TaskScope.open(Joiner.<Integer>atLeastSuccessfulOrThrow(2))) {
      scope.fork(() -> 1);
      scope.fork(() -> throwChecked("x"));
      var thrown = assertThrows(ExecutionException.class, scope::join);
      assertInstanceOf(IOException.class, thrown.getCause());
    }
  }

  @Test
  void at_least_none_is_enough_from_the_start() throws Exception {
    try (var scope = TaskScope.open(Joiner.<Integer>atLeastSuccessfulOrThrow(0))) {
      Subtask<Integer> subtask = scope.fork(() -> 1);
      assertEquals(Subtask.State.CANCELLED, subtask.state());
      assertEquals(List.of(), scope.join());
    }
    var thrown =
        assertThrows(IllegalArgumentException.class, () -> Joiner.atLeastSuccessfulOrThrow(-1));
    assertEquals("count must not be negative: -1", thrown.getMessage());
  }

  @Test
  void the_first_to_end_with_a_failure_as_well_is_the_first_outcome() throws Exception {
    Subtask<Outcome<String>> loser;
    try (var scope = TaskScope.open(Joiner.<Outcome<String>>anySuccessfulOrThrow())) {
      loser = scope.fork(() -> Outcome.of(JoinerTest::untilCancelled));
      scope.fork("quick", () -> Outcome.of(failing("a")));
      var failure = assertInstanceOf(Outcome.Failure.class, scope.join());
      assertInstanceOf(IOException.class, failure.exception());
    }
    assertInstanceOf(CancellationReason.RaceLost.class, loser.token().reason().orElseThrow());
  }

  @Test
  void await_all_gives_null_whatever_becomes_of_them() throws Exception {
    try (var scope = TaskScope.open(Joiner.<Integer>awaitAll())) {
      Subtask<Integer> failed = scope.fork(() -> throwChecked("x"));
      Subtask<Integer> fine = scope.fork(() -> 1);
      assertNull(scope.join());
      assertEquals(Subtask.State.FAILED, failed.state());
      assertEquals(1, fine.get());
    }
  }

  @Test
  void outcomes_are_in_the_order_of_the_forks_and_can_be_matched() throws Exception {
    try (var scope = TaskScope.open(Joiner.<Integer>allUntil(_ -> false))) {
      scope.fork(() -> 1);
      scope.fork(() -> throwChecked("x"));
      scope.fork(() -> Integer.parseInt(untilCancelled())).cancel();
      var words =
          scope.join().stream()
              .map(
                  subtask ->
                      switch (subtask.outcome().orElseThrow()) {
                        case Outcome.Success<Integer>(Integer value) -> "value " + value;
                        case Outcome.Failure<Integer>(Throwable e) -> "failed " + e.getMessage();
                        case Outcome.Cancelled<Integer>(CancellationReason why) -> why.kind();
                      })
              .toList();
      assertEquals(List.of("value 1", "failed x", "requested"), words);
    }
  }

  @Test
  void all_until_stops_when_it_is_told_and_gives_what_was_cut_short_too() throws Exception {
    try (var scope =
        TaskScope.open(Joiner.<String>allUntil(s -> s.state() == Subtask.State.FAILED))) {
      Subtask<String> waiting = scope.fork(JoinerTest::untilCancelled);
      Subtask<String> failed = scope.fork(failing("a"));
      assertEquals(List.of(waiting, failed), scope.join());
      waiting.await();
      assertEquals(Subtask.State.CANCELLED, waiting.state());
    }
  }

  @Test
  void a_joiner_of_ones_own_may_refuse_a_subtask() throws Exception {
    var refused = new IllegalArgumentException("not this one");
    Joiner<Object, String> picky =
        new Joiner<>() {
          @Override
          public boolean onFork(Subtask<?> subtask) {
            if (subtask.name().equals("bad")) {
              throw refused;
            }
            return false;
          }

          @Override
          public String result() {
            return "joined";
          }
        };
    try (var scope = TaskScope.open(picky)) {
      scope.fork("good", () -> 1);
      assertSame(
          refused, assertThrows(IllegalArgumentException.class, () -> scope.fork("bad", () -> 1)));
      assertEquals("joined", scope.join());
    }
  }

  @Test
  void a_joiner_that_throws_cancels_the_scope_and_join_tells() throws Exception {
    var broken = new IllegalStateException("broken");
    Subtask<Object> other;
    Joiner<Object, String> bad =
        new Joiner<>() {
          @Override
          public boolean onComplete(Subtask<?> subtask) {
            throw broken;
          }

          @Override
          public String result() {
            return "never";
          }
        };
    try (var scope = TaskScope.open(bad)) {
      other = scope.fork(JoinerTest::untilCancelled);
      scope.fork(() -> 1);
      var thrown = assertThrows(IllegalStateException.class, scope::join);
      assertSame(broken, thrown.getCause());
      assertEquals(
          "Joiner.onComplete must not throw: java.lang.IllegalStateException: broken",
          thrown.getMessage());
    }
    assertEquals(Subtask.State.CANCELLED, other.state());
  }

  @Test
  void what_result_throws_is_the_cause_of_what_join_throws() throws Exception {
    Joiner<Object, String> bad =
        () -> {
          throw new IOException("no result");
        };
    try (var scope = TaskScope.open(bad)) {
      var thrown = assertThrows(ExecutionException.class, scope::join);
      assertInstanceOf(IOException.class, thrown.getCause());
    }
  }

  private static String untilCancelled() throws InterruptedException {
    Cancellation.current().await();
    Cancellation.checkpoint();
    return "never";
  }

  private static Callable<String> failing(String message) {
    return () -> {
      throw new IOException(message);
    };
  }

  private static int throwChecked(String message) throws IOException {
    throw new IOException(message);
  }
}
