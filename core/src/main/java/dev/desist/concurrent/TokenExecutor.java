package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.internal.Stack;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.RunnableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Runs everything under one token: see {@link Futures#executor}. */
final class TokenExecutor extends AbstractExecutorService {
  private final CancellationToken token;
  private final ExecutorService executor;

  TokenExecutor(CancellationToken token, ExecutorService executor) {
    this.token = token;
    this.executor = executor;
  }

  @Override
  protected <T extends @Nullable Object> RunnableFuture<T> newTaskFor(Callable<T> work) {
    Stack.reserve(); // for what comes after it, too
    return new LinkedFuture.Submitted<>(token, work, _ -> {});
  }

  @Override
  protected <T extends @Nullable Object> RunnableFuture<T> newTaskFor(Runnable work, T value) {
    return newTaskFor(Executors.callable(work, value));
  }

  @Override
  public void execute(Runnable task) {
    Objects.requireNonNull(task, "task");
    if (task instanceof LinkedFuture.Submitted<?> own && own.isUnder(token)) {
      own.startOn(executor);
      return;
    }
    Stack.reserve();
    if (token.isCancelled()) {
      throw new RejectedExecutionException(
          "nothing is accepted under a cancelled token", new CancelledException(token));
    }
    executor.execute(
        () -> {
          if (!token.isCancelled()
              || task instanceof CompletableFuture.AsynchronousCompletionTask) {
            Cancellation.run(token, task);
          } else {
            drop(task);
          }
        });
  }

  /** Tells whoever waits for a task that it never begins, if that can be told. */
  private void drop(Runnable task) {
    switch (task) {
      case Future<?> future -> future.cancel(false);
      case Work<?> work -> work.refuse(new CancelledException(token));
      default -> {}
    }
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
    return "executor under " + token + " on " + executor;
  }
}
