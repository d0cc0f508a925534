package dev.desist.support;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A call on a thread of its own.
 *
 * @param <T> what the call gives
 * @param thread the thread
 * @param task the call
 * @param interrupted whether its thread was interrupted at the end
 */
public record Call<T extends @Nullable Object>(
    Thread thread, FutureTask<T> task, AtomicBoolean interrupted) {
  /** A kind of thread. */
  public enum Kind {
    PLATFORM,
    VIRTUAL;

    public Kind other() {
      return this == VIRTUAL ? PLATFORM : VIRTUAL;
    }

    public Thread start(Runnable body) {
      return this == VIRTUAL
          ? Thread.ofVirtual().start(body)
          : Thread.ofPlatform().daemon().start(body);
    }
  }

  public static <T extends @Nullable Object> Call<T> start(Kind kind, Callable<T> body) {
    var interrupted = new AtomicBoolean();
    var task =
        new FutureTask<T>(
            () -> {
              try {
                return body.call();
              } finally {
                interrupted.set(Thread.currentThread().isInterrupted());
              }
            });
    return new Call<>(kind.start(task), task, interrupted);
  }

  /** Comes back when the call waits for a channel. */
  public static <T extends @Nullable Object> Call<T> waiting(Kind kind, Callable<T> body) {
    Call<T> call = start(kind, body);
    awaitWaiting(call.thread);
    return call;
  }

  public static void awaitWaiting(Thread thread) {
    await()
        .pollDelay(0, TimeUnit.MILLISECONDS)
        .pollInterval(1, TimeUnit.MILLISECONDS)
        .until(() -> waits(thread));
  }

  private static boolean waits(Thread thread) {
    if (thread.getState() == Thread.State.TERMINATED) {
      throw new AssertionError("the call did not wait");
    }
    StackTraceElement[] stack = thread.getStackTrace();
    boolean parked =
        thread.getState() == Thread.State.WAITING
            || thread.getState() == Thread.State.TIMED_WAITING;
    return isIn("sun.nio.ch.SelectorImpl", stack)
        || (parked && isIn("dev.desist.net.Readiness", stack));
  }

  private static boolean isIn(String type, StackTraceElement[] stack) {
    return Arrays.stream(stack).anyMatch(at -> at.getClassName().equals(type));
  }

  /** What the call gave, or what it threw. */
  public T get() throws Exception {
    try {
      return task.get(20, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception exception) {
        throw exception;
      }
      throw e;
    }
  }

  /** What the call threw. */
  public <E extends Exception> E failure(Class<E> type) {
    return assertInstanceOf(type, assertThrows(Exception.class, this::get));
  }
}
