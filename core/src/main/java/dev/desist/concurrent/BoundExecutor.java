package dev.desist.concurrent;

import dev.desist.CancellationToken;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture.AsynchronousCompletionTask;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RunnableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** An executor whose tasks obey a token. Its life is the executor's behind it. */
final class BoundExecutor extends AbstractExecutorService {
  private final CancellationToken token;
  private final ExecutorService executor;

  BoundExecutor(CancellationToken token, ExecutorService executor) {
    this.token = token;
    this.executor = executor;
  }

  @Override
  protected <T extends @Nullable Object> RunnableFuture<T> newTaskFor(Callable<T> task) {
    return new TaskFuture<>(token, task, _ -> {});
  }

  @Override
  protected <T extends @Nullable Object> RunnableFuture<T> newTaskFor(Runnable task, T value) {
    return newTaskFor(Executors.callable(task, value));
  }

  @Override
  public void execute(Runnable task) {
    Objects.requireNonNull(task, "task");
    if (task instanceof TaskFuture<?> future) {
      future.startOn(executor);
      return;
    }
    token.throwIfCancelled();
    Runnable bound = Work.under(token, task);
    executor.execute(
        () -> {
          // A stage begins in any case: nothing but its own run can end it.
          if (!token.isCancelled() || task instanceof AsynchronousCompletionTask) {
            bound.run();
          } else if (task instanceof Future<?> future) {
            future.cancel(false);
          }
        });
  }

  @Override
  public void shutdown() {
    executor.shutdown();
  }

  @Override
  public List<Runnable> shutdownNow() {
    return executor.shutdownNow();
  }

  @Override
  public boolean isShutdown() {
    return executor.isShutdown();
  }

  @Override
  public boolean isTerminated() {
    return executor.isTerminated();
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
    return executor.awaitTermination(timeout, unit);
  }

  @Override
  public String toString() {
    return "BoundExecutor[" + executor + " under " + token + ']';
  }
}
