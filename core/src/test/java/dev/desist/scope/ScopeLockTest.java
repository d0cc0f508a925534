package dev.desist.scope;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.desist.CancellationReason;
import dev.desist.testkit.Hygiene;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * No method of a user's object is called while a lock of a scope is held: whatever is called waits
 * until another thread has used the scope in every way.
 */
@ExtendWith(Hygiene.class)
@Timeout(60)
class ScopeLockTest {
  private final CountDownLatch begun = new CountDownLatch(2);
  private final CountDownLatch release = new CountDownLatch(1);
  private final List<String> blocked = new CopyOnWriteArrayList<>();
  private final AtomicInteger asked = new AtomicInteger();

  /** Uses the scope, and its subtasks, from another thread; null while there is none. */
  private volatile @Nullable Runnable use;

  /** In a user's method. */
  private void outside(String what) {
    Runnable body = use;
    if (body == null) {
      return;
    }
    asked.incrementAndGet();
    Thread user = Thread.ofPlatform().daemon().start(body);
    try {
      if (!user.join(Duration.ofSeconds(10))) {
        blocked.add(what);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void useAll(TaskScope<Object, ?> scope, List<Subtask<Object>> subtasks) {
    use =
        () -> {
          try {
            String _ = scope.toString();
            boolean _ = scope.await(Duration.ZERO);
            for (Subtask<Object> subtask : subtasks) {
              String _ = subtask.toString();
              boolean _ = subtask.await(Duration.ZERO);
              boolean _ = subtask.token().isCancelled();
            }
            try {
              scope.fork(() -> "more");
            } catch (IllegalStateException e) {
              // it is over
            }
            boolean _ = scope.abort(CancellationReason.requested("from outside"));
          } catch (InterruptedException e) {
            blocked.add("interrupted");
          }
        };
  }

  /** An exception every method of which takes its time. */
  @SuppressWarnings({"serial", "ThrowableEqualsHashCode"}) // hostile
  private final class Hostile extends RuntimeException {
    Hostile() {
      super("hostile", null);
    }

    @Override
    public synchronized Throwable fillInStackTrace() {
      outside("fillInStackTrace");
      return super.fillInStackTrace();
    }

    @Override
    @SuppressWarnings("UnsynchronizedOverridesSynchronized") // it would hold a lock of its own
    public @Nullable Throwable getCause() {
      outside("getCause");
      return null;
    }

    @Override
    public String getMessage() {
      outside("getMessage");
      return "hostile";
    }

    @Override
    public String toString() {
      outside("toString");
      return "hostile";
    }

    @Override
    public int hashCode() {
      outside("hashCode");
      return 1;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      outside("equals");
      return this == other;
    }
  }

  /** What a task does to fail, once it may. */
  private enum Failing {
    AT_ONCE,
    WHEN_CANCELLED,
    IN_THE_JOINER,
    IN_THE_RESULT,
    IN_THE_REASON
  }

  @TestFactory
  List<DynamicTest> promise8_no_method_of_an_exception_is_called_under_a_lock() {
    var tests = new ArrayList<DynamicTest>();
    for (Failing failing : Failing.values()) {
      for (int limit : new int[] {0, 2}) {
        tests.add(
            dynamicTest(
                failing + ", limit " + limit,
                () -> {
                  var test = new ScopeLockTest();
                  test.fails(failing, limit);
                  assertEquals(List.of(), test.blocked);
                  assertTrue(test.asked.get() > 0);
                }));
      }
    }
    return tests;
  }

  private void fails(Failing failing, int limit) {
    Joiner<Object, @Nullable Void> all = Joiner.awaitAllSuccessfulOrThrow();
    Joiner<Object, @Nullable Void> joiner =
        new Joiner<>() {
          @Override
          public boolean onComplete(Subtask<?> subtask) {
            if (failing == Failing.IN_THE_JOINER) {
              throw new Hostile();
            }
            return all.onComplete(subtask);
          }

          @Override
          public CancellationReason reason(Subtask<?> subtask) {
            if (failing == Failing.IN_THE_REASON) {
              throw new Hostile();
            }
            return all.reason(subtask);
          }

          @Override
          public @Nullable Void result() throws Exception {
            if (failing == Failing.IN_THE_RESULT) {
              throw new Hostile();
            }
            return all.result();
          }
        };
    assertThrows(
        Exception.class,
        () -> {
          try (var scope =
              TaskScope.open(
                  joiner,
                  c -> {
                    var set = c.withSharedForking().withGrace(Grace.reportAfter(Duration.ZERO));
                    return limit == 0 ? set : set.withParallelism(limit);
                  })) {
            var subtasks = new ArrayList<Subtask<Object>>();
            for (int i = 0; i < 2; i++) {
              subtasks.add(scope.fork(() -> fail(scope.token(), failing)));
            }
            subtasks.add(scope.fork(() -> fail(scope.token(), failing))); // may have to wait
            assertTrue(begun.await(20, TimeUnit.SECONDS));
            useAll(scope, List.copyOf(subtasks));
            if (failing == Failing.WHEN_CANCELLED) {
              scope.cancel();
            }
            release.countDown();
            scope.join();
          }
        });
  }

  private Object fail(dev.desist.CancellationToken token, Failing failing) throws Exception {
    begun.countDown();
    release.await();
    if (failing == Failing.WHEN_CANCELLED) {
      boolean _ = token.await();
    }
    throw new Hostile();
  }

  // ---- threads ----

  /** A thread that is asked whether it equals another. */
  private final class Asked extends Thread {
    Asked(Runnable body) {
      super(body);
      setDaemon(true);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      asked.incrementAndGet();
      return true;
    }

    @Override
    public int hashCode() {
      asked.incrementAndGet();
      return 1;
    }
  }

  @Test
  void promise8_threads_that_wait_are_told_apart_by_identity() throws Exception {
    var ended = new CountDownLatch(8);
    var waiting = new ArrayList<Thread>();
    try (var scope = TaskScope.open(Joiner.awaitAll())) {
      Subtask<Object> subtask =
          scope.fork(
              () -> {
                release.await();
                return "value";
              });
      for (int i = 0; i < 4; i++) {
        boolean first = i == 0;
        waiting.add(
            new Asked(() -> awaited(first, ended, () -> subtask.await(Duration.ofDays(1)))));
        waiting.add(new Asked(() -> awaited(first, ended, () -> scope.await(Duration.ofDays(1)))));
      }
      for (Thread thread : waiting) {
        thread.start();
      }
      for (Thread thread : waiting) {
        while (thread.isAlive() && thread.getState() != Thread.State.TIMED_WAITING) {
          Thread.onSpinWait();
        }
      }
      waiting.get(0).interrupt(); // the first to come gives up, and is the one to be taken out
      waiting.get(1).interrupt();
      waiting.get(0).join();
      waiting.get(1).join();
      release.countDown();
      scope.join();
    }
    assertTrue(ended.await(20, TimeUnit.SECONDS));
    assertEquals(0, asked.get());
  }

  private interface Wait {
    boolean await() throws InterruptedException;
  }

  private static void awaited(boolean givesUp, CountDownLatch ended, Wait wait) {
    try {
      if (wait.await() && !givesUp) {
        ended.countDown();
      }
    } catch (InterruptedException e) {
      if (givesUp) {
        ended.countDown();
      }
    }
  }
}
