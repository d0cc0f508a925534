package dev.desist.support;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** Threads of both kinds, and those of the library. */
public enum Threads {
  PLATFORM,
  VIRTUAL;

  /** A task and the thread it runs on. */
  public record Running<T>(Thread thread, FutureTask<T> result) {
    public T get() throws Exception {
      return result.get();
    }

    /** What it threw. */
    public Throwable failure() {
      return Objects.requireNonNull(assertThrows(ExecutionException.class, result::get).getCause());
    }

    /** Waits until the thread waits. */
    public void awaitParked() {
      await()
          .until(
              () ->
                  thread.getState() == Thread.State.WAITING
                      || thread.getState() == Thread.State.TIMED_WAITING);
    }
  }

  public <T> Running<T> start(Callable<T> body) {
    var task = new FutureTask<>(body);
    Thread.Builder builder = this == VIRTUAL ? Thread.ofVirtual() : Thread.ofPlatform().daemon();
    return new Running<>(builder.start(task), task);
  }

  /** Waits until no platform thread has a name that begins with {@code prefix}. */
  public static void awaitNone(String prefix) {
    await().until(() -> count(prefix) == 0);
  }

  public static long count(String prefix) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith(prefix))
        .count();
  }
}
