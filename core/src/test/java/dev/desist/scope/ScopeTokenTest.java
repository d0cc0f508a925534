package dev.desist.scope;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.testkit.Hygiene;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is given a token obeys it, and the current one as well. */
@ExtendWith(Hygiene.class)
@Timeout(30)
class ScopeTokenTest {
  private static final Duration FOREVER = ChronoUnit.FOREVER.getDuration();

  /** A method with a token parameter, as the guide advises, which uses a scope, as it advises. */
  private static List<String> readAll(
      CancellationToken token, CountDownLatch begun, AtomicInteger ended) throws Exception {
    Callable<String> read =
        () -> {
          begun.countDown();
          try {
            Cancellation.sleep(FOREVER);
            return "never";
          } finally {
            ended.incrementAndGet();
          }
        };
    return Tasks.all(token, read, read);
  }

  @Test
  void promise21_a_method_that_hands_on_its_token_has_ended_when_that_was_cancelled()
      throws Exception {
    var begun = new CountDownLatch(2);
    var ended = new AtomicInteger();
    try (var request = CancellationSource.create("request")) {
      var caller = new FutureTask<>(() -> readAll(request.token(), begun, ended));
      Thread thread = Thread.ofPlatform().daemon().start(caller);
      assertTrue(begun.await(20, TimeUnit.SECONDS));
      request.cancel("the user left");
      thread.join();
      var cancelled =
          assertInstanceOf(
              CancelledException.class, assertThrows(Exception.class, caller::get).getCause());
      assertEquals("the user left", cancelled.reason().message());
      assertEquals(2, ended.get());
    }
  }

  // ---- given a token, with another one current ----

  private interface Form {
    void call(CancellationToken token, Callable<Integer> body) throws Exception;
  }

  private enum Kind {
    NONE,
    LIVE,
    CANCELLED
  }

  private record Named(String name, Form form) {}

  private static final List<Named> FORMS =
      List.of(
          new Named(
              "open",
              (token, body) -> {
                try (var scope = TaskScope.<Integer>open(token)) {
                  scope.fork(body);
                  scope.join();
                }
              }),
          new Named("all", (token, body) -> Tasks.all(token, body)),
          new Named("race", (token, body) -> Tasks.race(token, body)),
          new Named("any", (token, body) -> Tasks.any(token, 1, List.of(body))),
          new Named(
              "all, configured",
              (token, body) -> Tasks.all(token, List.of(body), c -> c.withName("all"))),
          new Named("within", (token, body) -> Tasks.within(token, FOREVER, body::call)),
          new Named(
              "within, in a scope",
              (token, body) -> Tasks.within(token, FOREVER, body::call, c -> c.withScope(s -> s))),
          new Named(
              "withinOr", (token, body) -> Tasks.withinOr(token, FOREVER, body::call, () -> 2)),
          new Named("outcomeWithin", (token, body) -> Tasks.outcomeWithin(token, FOREVER, body)));

  @TestFactory
  List<DynamicTest> a_form_with_a_token_obeys_that_and_the_current_one() {
    var tests = new ArrayList<DynamicTest>();
    for (Named form : FORMS) {
      for (Kind given : Kind.values()) {
        for (Kind current : Kind.values()) {
          for (boolean shield : new boolean[] {false, true}) {
            tests.add(
                dynamicTest(
                    form.name + ", given " + given + ", current " + current + ", shield " + shield,
                    () -> obeys(form.form, given, current, shield)));
          }
        }
      }
    }
    return tests;
  }

  private static void obeys(Form form, Kind given, Kind current, boolean shield) throws Exception {
    boolean before = given == Kind.CANCELLED || (current == Kind.CANCELLED && !shield);
    try (var own = CancellationSource.create("given");
        var outer = CancellationSource.create("current")) {
      assertEquals(before, isSeen(form, of(given, own), of(current, outer), shield, () -> {}));
      if (given == Kind.LIVE) {
        assertTrue(isSeen(form, own.token(), of(current, outer), shield, own::cancel));
      }
    }
    if (current == Kind.LIVE) {
      try (var own = CancellationSource.create("given");
          var outer = CancellationSource.create("current")) {
        assertEquals(
            before || !shield, isSeen(form, of(given, own), outer.token(), shield, outer::cancel));
      }
    }
  }

  private static CancellationToken of(Kind kind, CancellationSource live) {
    return switch (kind) {
      case NONE -> CancellationToken.none();
      case LIVE -> live.token();
      case CANCELLED -> CancellationToken.cancelled(CancellationReason.requested("over"));
    };
  }

  /** Whether the task sees a cancellation, or is kept from beginning by one. */
  private static boolean isSeen(
      Form form,
      CancellationToken given,
      CancellationToken current,
      boolean shield,
      Runnable meanwhile)
      throws Exception {
    var ran = new AtomicBoolean();
    var seen = new AtomicBoolean();
    Callable<Integer> body =
        () -> {
          meanwhile.run();
          ran.set(true);
          seen.set(Cancellation.current().isCancelled());
          return 1;
        };
    try {
      Cancellation.call(
          current,
          () -> {
            if (shield) {
              Cancellation.shielded(() -> form.call(given, body));
            } else {
              form.call(given, body);
            }
          });
    } catch (CancelledException e) {
      if (!ran.get()) {
        return true;
      }
    }
    return seen.get();
  }

  // ---- waiting under a token ----

  @Test
  void a_wait_with_a_token_ends_with_that_or_the_current_one() throws Exception {
    var over = CancellationToken.cancelled(CancellationReason.requested("over"));
    var release = new CountDownLatch(1);
    try (var live = CancellationSource.create();
        var scope = TaskScope.open(Joiner.awaitAll())) {
      Subtask<Boolean> deaf = scope.fork(() -> ended(release));
      for (CancellationToken given : List.of(live.token(), over)) {
        CancellationToken current = given == over ? live.token() : over;
        Cancellation.call(
            current,
            () -> {
              assertThrows(CancelledException.class, () -> deaf.await(given));
              assertThrows(CancelledException.class, () -> deaf.await(given, FOREVER));
              assertThrows(CancelledException.class, () -> scope.await(given));
              assertThrows(CancelledException.class, () -> scope.await(given, FOREVER));
              assertFalse(deaf.await(Duration.ZERO));
              assertFalse(scope.await(Duration.ZERO));
            });
      }
      assertFalse(deaf.await(live.token(), Duration.ZERO));
      assertFalse(scope.await(live.token(), Duration.ZERO));
      scope.cancel();
      assertFalse(scope.await(live.token(), Duration.ZERO));
      assertThrows(CancelledException.class, () -> scope.await(over));
      release.countDown();
      assertThrows(CancelledException.class, scope::join);
      deaf.await(live.token());
      scope.await(live.token());
      deaf.await(over); // it has ended
      assertTrue(deaf.await(over, FOREVER));
      scope.await(over);
      assertTrue(scope.await(over, FOREVER));
    }
  }

  private static boolean ended(CountDownLatch release) {
    while (true) {
      try {
        release.await();
        return true;
      } catch (InterruptedException e) {
        // deaf
      }
    }
  }
}
