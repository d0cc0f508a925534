package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Disposer;
import dev.desist.internal.Foreign;
import dev.desist.internal.Lane;
import dev.desist.internal.Stack;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RunnableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A future that stands for work, and reaches it: whoever completes the future from outside, cancels
 * it, or does so to a future made from it, cancels the work.
 *
 * <p>Futures made from one another share a source, the chain's, which nothing but they cancel. The
 * work is linked to its token, and so is what composing stages start, each for as long as it takes.
 * What completes a future in the ordinary way, from the stage before, does not pass through the
 * methods overridden here.
 *
 * @param <T> what the work gives
 */
class LinkedFuture<T extends @Nullable Object> extends CompletableFuture<T> {
  private final CancellationSource chain;

  LinkedFuture() {
    this(CancellationSource.create());
  }

  private LinkedFuture(CancellationSource chain) {
    this.chain = chain;
  }

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> newIncompleteFuture() {
    return new LinkedFuture<>(chain);
  }

  /** {@return a source for work under {@code token}, which this future can cancel, too} */
  final CancellationSource sourceUnder(CancellationToken token) {
    return CancellationSource.linkedTo(token, chain.token());
  }

  // ---- from outside ----

  @Override
  public boolean cancel(boolean mayInterruptIfRunning) {
    if (!isDone()) {
      Stack.reserve();
      CancellationReason reason = CancellationReason.requested("its future was cancelled");
      // First this future, then the rest: else what composing has started could end it instead.
      if (fail(new CancelledException(CancellationToken.cancelled(reason)))) {
        Work.cancel(chain, reason);
      }
    }
    return isCancelled();
  }

  @Override
  public boolean complete(T value) {
    Stack.reserve();
    boolean first = super.complete(value);
    if (first) {
      stop("its future was completed from outside");
    }
    return first;
  }

  @Override
  public boolean completeExceptionally(Throwable failure) {
    Stack.reserve();
    boolean first = fail(failure);
    if (first) {
      if (failure instanceof CancelledException cancelled) {
        Work.cancel(chain, cancelled.reason());
      } else {
        stop("its future was completed from outside, with " + Foreign.describe(failure));
      }
    }
    return first;
  }

  @Override
  public CompletableFuture<T> completeAsync(Supplier<? extends T> supplier) {
    return completeAsync(supplier, defaultExecutor());
  }

  @Override
  public CompletableFuture<T> completeAsync(Supplier<? extends T> supplier, Executor executor) {
    Objects.requireNonNull(supplier, "supplier");
    Objects.requireNonNull(executor, "executor");
    executor.execute(
        (Runnable & AsynchronousCompletionTask)
            () -> {
              if (isDone()) {
                return;
              }
              T value;
              try {
                value = supplier.get();
              } catch (Throwable e) {
                completeExceptionally(e);
                return;
              }
              complete(value);
            });
    return this;
  }

  @Override
  public void obtrudeValue(T value) {
    Stack.reserve();
    super.obtrudeValue(value);
    stop("its future was completed from outside");
  }

  @Override
  public void obtrudeException(Throwable failure) {
    Stack.reserve();
    super.obtrudeException(sound(failure));
    stop("its future was completed from outside, with " + Foreign.describe(failure));
  }

  private void stop(String message) {
    Work.cancel(chain, CancellationReason.requested(message));
  }

  @Override
  public CompletableFuture<T> orTimeout(long timeout, TimeUnit unit) {
    return onTimeout(timeout, unit, reason -> fail(new TimeoutException(reason.message())));
  }

  @Override
  public CompletableFuture<T> completeOnTimeout(T value, long timeout, TimeUnit unit) {
    return onTimeout(timeout, unit, _ -> succeed(value));
  }

  private CompletableFuture<T> onTimeout(
      long timeout, TimeUnit unit, Function<CancellationReason, Boolean> completion) {
    Objects.requireNonNull(unit, "unit");
    var length = Duration.ofNanos(Math.max(0, unit.toNanos(timeout)));
    Stack.reserve();
    CancellationSource limit = CancellationToken.none().childWithTimeout("its future", length);
    CancellationToken passed = limit.token();
    CancellationRegistration registration =
        passed.onCancel(
            Lane.COMPLETIONS,
            () -> {
              CancellationReason reason = passed.reason().orElseThrow();
              if (completion.apply(reason)) {
                Work.cancel(chain, reason);
              }
            });
    var _ =
        super.whenComplete(
            (_, _) -> {
              registration.unregister();
              limit.close();
            });
    return this;
  }

  // ---- stages that start work of their own ----

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> thenCompose(
      Function<? super T, ? extends CompletionStage<U>> fn) {
    return super.thenCompose(reaching(fn));
  }

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> thenComposeAsync(
      Function<? super T, ? extends CompletionStage<U>> fn) {
    return super.thenComposeAsync(reaching(fn));
  }

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> thenComposeAsync(
      Function<? super T, ? extends CompletionStage<U>> fn, Executor executor) {
    return super.thenComposeAsync(reaching(fn), executor);
  }

  @Override
  public CompletableFuture<T> exceptionallyCompose(
      Function<Throwable, ? extends CompletionStage<T>> fn) {
    return super.exceptionallyCompose(reaching(fn));
  }

  @Override
  public CompletableFuture<T> exceptionallyComposeAsync(
      Function<Throwable, ? extends CompletionStage<T>> fn) {
    return super.exceptionallyComposeAsync(reaching(fn));
  }

  @Override
  public CompletableFuture<T> exceptionallyComposeAsync(
      Function<Throwable, ? extends CompletionStage<T>> fn, Executor executor) {
    return super.exceptionallyComposeAsync(reaching(fn), executor);
  }

  /**
   * {@return {@code fn}, with what it starts linked to the chain}
   *
   * <p>What is cancelled is a copy of the future that it gives, which says for itself what this
   * means: one of ours ends, and a plain one, which others may share, goes on.
   */
  private <A extends @Nullable Object, U extends @Nullable Object>
      Function<A, CompletionStage<U>> reaching(
          Function<? super A, ? extends CompletionStage<U>> fn) {
    Objects.requireNonNull(fn, "fn");
    return argument -> {
      Stack.reserve();
      CompletableFuture<U> copy = fn.apply(argument).toCompletableFuture().copy();
      CancellationRegistration reach =
          chain.token().onCancel(Cancellation.dispatcher(), () -> pass(copy));
      return copy.whenComplete((_, _) -> reach.unregister());
    };
  }

  /** Cancels what a composing stage has started: one of ours for the same reason. */
  private void pass(CompletableFuture<?> started) {
    if (started instanceof LinkedFuture<?>) {
      started.completeExceptionally(new CancelledException(chain.token()));
    } else {
      started.cancel(true);
    }
  }

  // ---- waiting ----

  @Override
  public T get() throws InterruptedException, ExecutionException {
    try {
      return super.get();
    } catch (InterruptedException e) {
      throw e;
    } catch (Throwable e) {
      throw ended(e);
    }
  }

  @Override
  public T get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    try {
      return super.get(timeout, unit);
    } catch (InterruptedException | TimeoutException | NullPointerException e) {
      throw e;
    } catch (Throwable e) {
      throw ended(e);
    }
  }

  /** What {@code get} throws, for what the JDK's has thrown. */
  private ExecutionException ended(Throwable thrown) {
    throwIfCancelled();
    if (thrown instanceof CancellationException cancelled) {
      throw cancelled;
    }
    if (thrown instanceof ExecutionException failed) {
      return failed;
    }
    Throwable failure = super.exceptionNow(); // whose words could not be had
    return new ExecutionException(Foreign.describe(failure), failure);
  }

  @Override
  public T join() {
    try {
      return super.join();
    } catch (CancellationException | CompletionException e) {
      throwIfCancelled();
      throw e;
    }
  }

  @Override
  public T getNow(T valueIfAbsent) {
    try {
      return super.getNow(valueIfAbsent);
    } catch (CancellationException | CompletionException e) {
      throwIfCancelled();
      throw e;
    }
  }

  // A future made from one that was cancelled has our exception in a wrapper of the JDK's. It was
  // cancelled all the same.

  /** Our exception, if this future has ended with it, wrapped or not. */
  private @Nullable CancelledException cancellation() {
    Throwable ending =
        switch (super.state()) {
          case RUNNING, SUCCESS -> null;
          case FAILED -> super.exceptionNow();
          case CANCELLED -> handle((_, failure) -> failure).getNow(null);
        };
    return ending != null && CancelledException.unwrap(ending) instanceof CancelledException found
        ? found
        : null;
  }

  private void throwIfCancelled() {
    CancelledException cancelled = cancellation();
    if (cancelled != null) {
      throw cancelled;
    }
  }

  @Override
  public boolean isCancelled() {
    return state() == State.CANCELLED;
  }

  @Override
  public State state() {
    State state = super.state();
    return state == State.FAILED && cancellation() != null ? State.CANCELLED : state;
  }

  @Override
  public Throwable exceptionNow() {
    if (super.state() == State.FAILED && isCancelled()) {
      throw new IllegalStateException("Task was cancelled");
    }
    return super.exceptionNow();
  }

  @Override
  public T resultNow() {
    if (super.state() == State.FAILED && isCancelled()) {
      throw new IllegalStateException("Task was cancelled");
    }
    return super.resultNow();
  }

  /** Our exception with its reason, which the JDK's methods wrap. */
  static CancellationException unwrap(CancellationException e) {
    return CancelledException.unwrap(e) instanceof CancelledException cancelled ? cancelled : e;
  }

  // ---- from the work ----

  /** Returns whether this call completed the future; the work is not told. */
  final boolean fail(Throwable failure) {
    return super.completeExceptionally(sound(failure));
  }

  /**
   * A failure that stages can pass on: the JDK asks it for words on the way, and would lose the
   * stages if that failed.
   */
  private static Throwable sound(Throwable failure) {
    return failure == null || Foreign.canSpeak(failure) ? failure : new Mute(failure);
  }

  /**
   * Around a failure that cannot say what it is; one that the JDK takes for a wrapper of its own.
   */
  private static final class Mute extends CompletionException {
    private static final long serialVersionUID = 1;

    Mute(Throwable failure) {
      super(Foreign.describe(failure), failure);
    }
  }

  /** Returns whether this call completed the future; the work is not told. */
  final boolean succeed(T value) {
    return super.complete(value);
  }

  /**
   * A future with its work.
   *
   * @param <T> what the work gives
   */
  static final class Task<T extends @Nullable Object> extends LinkedFuture<T>
      implements RunnableFuture<T> {
    private final CancellationToken parent;
    private final Work<T> work;

    Task(CancellationToken parent, Callable<? extends T> callable, Disposer<? super T> disposer) {
      this.parent = parent;
      work =
          new Work<>(sourceUnder(parent), callable) {
            @Override
            void succeeded(T value) {
              if (!succeed(value)) {
                dispose(value, disposer);
              }
            }

            @Override
            void failed(Throwable failure) {
              if (!fail(failure)) {
                noteLate("work", failure);
              }
            }
          };
      work.arm();
    }

    /** {@return whether this was made for work under {@code token} itself} */
    boolean isUnder(CancellationToken token) {
      return parent == token;
    }

    void startOn(Executor executor) {
      work.startOn(_ -> executor.execute(this));
    }

    @Override
    public void run() {
      work.run();
    }
  }
}
