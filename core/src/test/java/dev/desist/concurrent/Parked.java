package dev.desist.concurrent;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * A call on a thread of its own that is waiting for something.
 *
 * @param <T> what the call gives
 * @param thread the thread
 * @param task the call
 */
public record Parked<T extends @Nullable Object>(Thread thread, FutureTask<T> task) {
  /** Comes back when the call has come to where it waits without a limit. */
  public static <T extends @Nullable Object> Parked<T> in(Callable<T> call) {
    var task = new FutureTask<T>(call);
    Thread thread = Thread.ofPlatform().daemon().start(task);
    await()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(1))
        .until(() -> thread.getState() == Thread.State.WAITING);
    return new Parked<>(thread, task);
  }

  /** What the call gave, or what it threw. */
  public T get() throws Exception {
    try {
      T result = task.get();
      thread.join();
      return result;
    } catch (ExecutionException e) {
      thread.join();
      if (e.getCause() instanceof Exception exception) {
        throw exception;
      }
      throw e;
    }
  }
}
