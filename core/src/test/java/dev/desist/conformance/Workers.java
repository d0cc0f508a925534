package dev.desist.conformance;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The threads of a test. Every wait has a bound, and what a thread threw is thrown again. */
final class Workers {
  static final Duration PATIENCE = Duration.ofSeconds(30);

  /** What a thread does. */
  interface Body {
    void run() throws Exception;
  }

  private Workers() {}

  /** A thread that a test has started. */
  static final class Worker {
    private final Thread thread;
    private final FutureTask<Boolean> task;

    private Worker(Thread.Builder builder, Body body) {
      task =
          new FutureTask<>(
              () -> {
                body.run();
                return true;
              });
      thread = builder.start(task);
    }

    /** Waits for the end of the thread. */
    void finish() throws Exception {
      try {
        assertTrue(task.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS));
      } catch (ExecutionException e) {
        throw new AssertionError("a thread of the test failed", e.getCause());
      } catch (TimeoutException e) {
        var hang = new AssertionError("hangs: " + thread);
        hang.setStackTrace(thread.getStackTrace());
        throw hang;
      }
      assertTrue(thread.join(PATIENCE));
    }

    /** Waits until the thread is parked or blocked. */
    void awaitBlocked() {
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  switch (thread.getState()) {
                    case WAITING, TIMED_WAITING, BLOCKED -> true;
                    default -> false;
                  });
    }

    WeakReference<Thread> thread() {
      return new WeakReference<>(thread);
    }

    boolean isDone() {
      return task.isDone();
    }

    void interrupt() {
      thread.interrupt();
    }
  }

  /** Starts a platform thread. */
  static Worker start(Body body) {
    return new Worker(Thread.ofPlatform().daemon(), body);
  }

  /** Starts a virtual thread. */
  static Worker startVirtual(Body body) {
    return new Worker(Thread.ofVirtual(), body);
  }

  /** Runs {@code body} on another thread, so that one that hangs fails instead. */
  static void runBounded(Body body) throws Exception {
    start(body).finish();
  }

  /** Waits for {@code latch}; for callbacks, which cannot throw. */
  static void pass(CountDownLatch latch) {
    try {
      assertTrue(latch.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS), "the latch stays shut");
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Waits until {@code condition} holds. */
  static void awaitTrue(Callable<Boolean> condition) {
    await().atMost(PATIENCE).until(condition);
  }

  /**
   * Waits until the collector has taken what {@code reference} refers to, and has told so whoever
   * had asked to be told.
   */
  static void awaitCollected(Reference<?> reference) {
    awaitWithCollector(() -> reference.refersTo(null));
    var queue = new ReferenceQueue<Object>();
    var later = new WeakReference<>(new Object(), queue); // is told after everything before it
    awaitWithCollector(() -> queue.poll() == later);
  }

  private static void awaitWithCollector(Callable<Boolean> condition) {
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(10))
        .until(
            () -> {
              System.gc();
              return condition.call();
            });
  }
}
