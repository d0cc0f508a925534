package dev.desist.concurrent;

import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.stream.UntilCancelled;
import dev.desist.testkit.Hygiene;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Every call that waits, and everything that obeys a token for as long as it lives, obeys the token
 * that it is given and the current one, whichever is cancelled, and whenever; in a shield, the one
 * that it is given alone.
 */
@ExtendWith(Hygiene.class)
@Timeout(60)
class TwoTokensTest {
  private static final ExecutorService VIRTUAL = Executors.newVirtualThreadPerTaskExecutor();
  private static final Duration DAY = Duration.ofDays(1);
  private static final Duration FOREVER = ChronoUnit.FOREVER.getDuration();

  @AfterAll
  static void close() {
    VIRTUAL.close();
  }

  /** What waits. */
  private interface Call {
    void wait(CancellationToken token) throws Exception;
  }

  /**
   * A call in two versions.
   *
   * @param name of the method
   * @param vain waits, since nothing comes
   * @param there need not wait
   * @param completion whether what is there beats a cancellation
   */
  private record Waiting(String name, Call vain, Call there, boolean completion) {
    Waiting(String name, Call vain, Call there) {
      this(name, vain, there, false);
    }
  }

  private static BlockingQueue<String> full() {
    return new ArrayBlockingQueue<>(1, false, List.of("element"));
  }

  private static BlockingQueue<String> empty() {
    return new LinkedBlockingQueue<>();
  }

  /** A lock that a thread which is gone has kept. */
  private static ReentrantLock held() throws InterruptedException {
    var lock = new ReentrantLock();
    Thread.ofPlatform().start(lock::lock).join();
    return lock;
  }

  private static Event<String> set() {
    Event<String> event = Event.create();
    event.set("value");
    return event;
  }

  private static Select<String> select(Event<String> event) {
    return Select.biased(Clause.happened(event, value -> value));
  }

  private static CompletableFuture<String> done() {
    return CompletableFuture.completedFuture("value");
  }

  private static List<Waiting> calls() {
    return List.of(
        new Waiting(
            "interruptibly of a task",
            token -> Blocking.interruptibly(token, empty()::take),
            token -> Blocking.interruptibly(token, full()::take)),
        new Waiting(
            "interruptibly of an action",
            token -> Blocking.interruptibly(token, () -> new CountDownLatch(1).await()),
            token -> Blocking.interruptibly(token, () -> new CountDownLatch(0).await())),
        new Waiting(
            "timed interruptibly of a task",
            token -> Blocking.interruptibly(token, DAY, empty()::take),
            token -> Blocking.interruptibly(token, DAY, full()::take)),
        new Waiting(
            "timed interruptibly of an action",
            token -> Blocking.interruptibly(token, DAY, () -> new CountDownLatch(1).await()),
            token -> Blocking.interruptibly(token, DAY, () -> new CountDownLatch(0).await())),
        new Waiting("closing a task", token -> closing(token, 1), token -> closing(token, 0)),
        new Waiting(
            "closing an action",
            token -> {
              var latch = new CountDownLatch(1);
              Blocking.closing(token, latch::countDown, () -> latch.await());
            },
            token -> Blocking.closing(token, () -> {}, () -> new CountDownLatch(0).await())),
        new Waiting(
            "take", token -> Queues.take(token, empty()), token -> Queues.take(token, full())),
        new Waiting(
            "poll",
            token -> Queues.poll(token, empty(), DAY),
            token -> Queues.poll(token, full(), DAY)),
        new Waiting(
            "drain",
            token -> Queues.drain(token, empty(), 2),
            token -> Queues.drain(token, full(), 2)),
        new Waiting(
            "put",
            token -> Queues.put(token, full(), "x"),
            token -> Queues.put(token, empty(), "x")),
        new Waiting(
            "offer",
            token -> Queues.offer(token, full(), "x", DAY),
            token -> Queues.offer(token, empty(), "x", DAY)),
        new Waiting(
            "lock",
            token -> Locks.lock(token, held()),
            token -> Locks.lock(token, new ReentrantLock())),
        new Waiting(
            "tryLock",
            token -> Locks.tryLock(token, held(), DAY),
            token -> Locks.tryLock(token, new ReentrantLock(), DAY)),
        new Waiting(
            "acquire",
            token -> Locks.acquire(token, new Semaphore(0), 1),
            token -> Locks.acquire(token, new Semaphore(1), 1)),
        new Waiting(
            "tryAcquire",
            token -> Locks.tryAcquire(token, new Semaphore(0), 1, DAY),
            token -> Locks.tryAcquire(token, new Semaphore(1), 1, DAY)),
        new Waiting(
            "await of a future",
            token -> Futures.await(token, new CompletableFuture<>()),
            token -> Futures.await(token, done()),
            true),
        new Waiting(
            "awaitOrCancel",
            token -> Futures.awaitOrCancel(token, new CompletableFuture<>()),
            token -> Futures.awaitOrCancel(token, done()),
            true),
        new Waiting(
            "get of a future under a token",
            token -> Futures.under(token, new CompletableFuture<>()).get(),
            token -> Futures.under(token, done()).get(),
            true),
        new Waiting(
            "await of an event",
            token -> Event.create().await(token),
            token -> set().await(token),
            true),
        new Waiting(
            "timed await of an event",
            token -> Event.create().await(token, FOREVER),
            token -> set().await(token, DAY),
            true),
        new Waiting(
            "select",
            token -> select(Event.create()).await(token),
            token -> select(set()).await(token),
            true));
  }

  private static String closing(CancellationToken token, int count) throws InterruptedException {
    var latch = new CountDownLatch(count);
    return Blocking.closing(
        token,
        latch::countDown,
        () -> {
          latch.await();
          return "over";
        });
  }

  /** What a token is when the call begins, or does while it waits. */
  private enum State {
    NONE,
    LIVE,
    BEFORE,
    MEANWHILE
  }

  private static @Nullable CancellationSource source(State state) {
    if (state == State.NONE) {
      return null;
    }
    var source = CancellationSource.create();
    if (state == State.BEFORE) {
      source.cancel("before");
    }
    return source;
  }

  private static CancellationToken token(@Nullable CancellationSource source) {
    return source == null ? CancellationToken.none() : source.token();
  }

  @TestFactory
  Stream<DynamicTest> a_call_obeys_both() {
    var tests = new ArrayList<DynamicTest>();
    for (Waiting waiting : calls()) {
      for (State given : State.values()) {
        for (State current : State.values()) {
          for (boolean shield : new boolean[] {false, true}) {
            String name =
                waiting.name
                    + ", given "
                    + given
                    + ", current "
                    + current
                    + (shield ? ", shield" : "");
            tests.add(DynamicTest.dynamicTest(name, () -> check(waiting, given, current, shield)));
          }
        }
      }
    }
    return tests.stream();
  }

  private static void check(Waiting waiting, State given, State current, boolean shield)
      throws Exception {
    State seen = shield ? State.NONE : current;
    boolean over = given == State.BEFORE || seen == State.BEFORE;

    // Without having to wait.
    Callable<Boolean> there =
        bound(waiting.there, token(source(given)), token(source(current)), shield);
    if (over && !waiting.completion) {
      assertThrows(CancelledException.class, there::call);
    } else {
      assertTrue(there.call());
    }

    // With it.
    if (over) {
      Callable<Boolean> vain =
          bound(waiting.vain, token(source(given)), token(source(current)), shield);
      assertThrows(CancelledException.class, vain::call);
      return;
    }
    if (given == State.MEANWHILE) {
      CancellationSource others = source(current);
      CancellationSource ender = CancellationSource.create();
      var call = Parked.in(bound(waiting.vain, ender.token(), token(others), shield));
      if (shield && others != null) {
        others.cancel("not seen"); // ends nothing
      }
      checkEnd(call, ender);
    }
    if (seen == State.MEANWHILE) {
      CancellationSource ender = CancellationSource.create();
      checkEnd(Parked.in(bound(waiting.vain, token(source(given)), ender.token(), false)), ender);
    }
  }

  private static void checkEnd(Parked<Boolean> call, CancellationSource ender) {
    CancellationReason why = CancellationReason.requested("enough");
    assertTrue(ender.cancel(why));
    assertSame(why, assertThrows(CancelledException.class, call::get).reason());
  }

  private static Callable<Boolean> bound(
      Call call, CancellationToken given, CancellationToken current, boolean shield) {
    Callable<Boolean> body =
        () -> {
          call.wait(given);
          return true;
        };
    return () ->
        Cancellation.call(current, () -> shield ? Cancellation.shielded(body::call) : body.call());
  }

  // ---- what obeys for as long as it lives ----

  /** Makes something, and gives a call that throws when that has ended. */
  private interface Maker {
    Callable<Boolean> make(CancellationToken token);
  }

  private static boolean work() throws InterruptedException {
    Cancellation.sleep(DAY);
    return true;
  }

  private static Callable<Boolean> items(UntilCancelled until) {
    BlockingQueue<String> queue = empty();
    Iterator<String> items =
        until.<String>items(() -> Queues.take(CancellationToken.none(), queue)).iterator();
    return items::hasNext;
  }

  private static Map<String, Maker> makers() {
    return Map.of(
        "submit", token -> Futures.submit(token, VIRTUAL, TwoTokensTest::work)::get,
        "executor", token -> Futures.executor(token, VIRTUAL).submit(TwoTokensTest::work)::get,
        "under", token -> Futures.under(token, new CompletableFuture<Boolean>())::get,
        "slot",
            token -> {
              var latest = Latest.<Boolean>open(token, Runnable::run, _ -> {});
              return () -> {
                latest.token().await();
                latest.token().throwIfCancelled();
                return true;
              };
            },
        "items", token -> items(UntilCancelled.thenThrow(token)));
  }

  /** It takes the two together when it is made, whatever is current when it is used. */
  @TestFactory
  Stream<DynamicTest> what_is_made_obeys_both() {
    var tests = new ArrayList<DynamicTest>();
    makers()
        .forEach(
            (name, maker) -> {
              tests.add(
                  DynamicTest.dynamicTest(name + ", given", () -> checkMade(maker, true, false)));
              tests.add(
                  DynamicTest.dynamicTest(
                      name + ", current", () -> checkMade(maker, false, false)));
              tests.add(
                  DynamicTest.dynamicTest(
                      name + ", given, in a shield", () -> checkMade(maker, true, true)));
            });
    return tests.stream();
  }

  private static void checkMade(Maker maker, boolean byGiven, boolean shield) throws Exception {
    var given = CancellationSource.create();
    var current = CancellationSource.create();
    Callable<Boolean> made =
        Cancellation.call(
            current.token(),
            () ->
                shield
                    ? Cancellation.shielded(() -> maker.make(given.token()))
                    : maker.make(given.token()));
    var call = Parked.in(made);
    if (shield) {
      current.cancel("not seen"); // ends nothing
    }
    checkEnd(call, byGiven ? given : current);
  }
}
