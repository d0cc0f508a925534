package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.RunnableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A future with its task. Ends when its token is cancelled or the task has ended, whichever comes
 * first; the task sees a child of the token, which is closed when it has ended.
 */
final class TaskFuture<T extends @Nullable Object> extends LinkedFuture<T>
    implements RunnableFuture<T> {
  private final CancellationSource source;
  private final CancellationRegistration registration;
  private final Callable<T> task;
  private final Consumer<? super T> lateResult;

  TaskFuture(CancellationToken parent, Callable<T> task, Consumer<? super T> lateResult) {
    this.source = parent.child();
    CancellationToken token = source.token();
    this.task = Work.under(token, task);
    this.lateResult = lateResult;
    this.registration =
        token.onCancel(Cancellation.dispatcher(), () -> fail(new CancelledException(token)));
  }

  /** Starts the task, unless it is cancelled already. */
  void startOn(Executor executor) {
    if (source.isCancelled()) {
      fail(new CancelledException(source.token()));
      return;
    }
    try {
      executor.execute(this);
    } catch (Throwable e) {
      leave();
      throw e;
    }
  }

  /** Runs the task, unless it was cancelled while it waited: whoever did that ends the future. */
  @Override
  public void run() {
    if (source.isCancelled()) {
      return;
    }
    Runnable outcome;
    try {
      T value = task.call();
      outcome = () -> returned(value);
    } catch (Throwable e) {
      outcome = () -> threw(e);
    }
    leave();
    outcome.run();
  }

  private void returned(T value) {
    if (!succeed(value)) {
      lateResult.accept(value);
    }
  }

  private void threw(Throwable failure) {
    if (!fail(failure)) {
      Work.noteLate(source.token(), failure);
    }
  }

  /** First the registration: to close the source is to cancel it. */
  private void leave() {
    registration.unregister();
    Work.close(source);
  }

  @Override
  void stop(CancellationReason reason) {
    registration.unregister();
    Work.cancel(source, reason);
  }
}
