package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A future that stops the work behind it when it is ended by another hand: cancelled, completed or
 * made to fail by whoever holds it, or timed out. Its dependents are such futures too.
 */
class LinkedFuture<T extends @Nullable Object> extends CompletableFuture<T> {
  /*
   * Overview: the first future of a chain knows its work, and stops it in stop(). A dependent has no work of its own (the
   * JDK skips the function of a stage that has ended) and passes its end on to the stage it hangs on, once nothing else
   * that was made from that stage is left.
   *
   * Invariants: 1. succeed() and fail() are for the work itself; complete(), completeExceptionally(), cancel() and the
   *                timeouts are the other hand's.
   *             2. The other hand sets `stopped`, then stops the work, then ends the future, in this order: work that
   *                listens must not end the future before the hand does, and what hangs on the future must not run
   *                before the work is told. From `stopped` on, what the work gives is late.
   *             3. `dependents` counts the stages made from this one and not ended by another hand. Each is taken off
   *                once: by the call that ended it.
   * Garbage: a dependent holds its upstream weakly, or a chain that grows for ever would keep its past. An upstream that
   *          is not complete is held by whoever will complete it, down from its work.
   * Depth: ending travels upstream in a loop.
   */
  private final WeakReference<LinkedFuture<?>> upstream;
  private final AtomicInteger dependents = new AtomicInteger();

  /** Set by every other hand; read by the work. */
  private volatile boolean stopped;

  /** Of a composing stage; written by the thread that makes it, before anybody else has it. */
  private @Nullable Composition<T> composition;

  /** The first of a chain. */
  LinkedFuture() {
    upstream = new WeakReference<>(null);
  }

  /** A dependent. */
  private LinkedFuture(LinkedFuture<?> upstream) {
    this.upstream = new WeakReference<>(upstream);
  }

  /** Stops the work behind this future. Does not block, and does nothing if the work has ended. */
  void stop(CancellationReason reason) {
    Composition<T> second = composition;
    if (second != null) {
      second.stop();
    }
  }

  /** {@return whether the future takes this value from its work} */
  final boolean succeed(T value) {
    return !stopped && super.complete(value);
  }

  /** {@return whether the future takes this failure from its work} */
  final boolean fail(Throwable failure) {
    return !stopped && super.completeExceptionally(failure);
  }

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> newIncompleteFuture() {
    dependents.incrementAndGet();
    return new LinkedFuture<>(this);
  }

  // ---- stages with a future of their own behind them ----

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> thenCompose(
      Function<? super T, ? extends CompletionStage<U>> fn) {
    return composing(fn, super::thenCompose);
  }

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> thenComposeAsync(
      Function<? super T, ? extends CompletionStage<U>> fn) {
    return composing(fn, super::thenComposeAsync);
  }

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> thenComposeAsync(
      Function<? super T, ? extends CompletionStage<U>> fn, Executor executor) {
    return composing(fn, noting -> super.thenComposeAsync(noting, executor));
  }

  @Override
  public CompletableFuture<T> exceptionallyCompose(
      Function<Throwable, ? extends CompletionStage<T>> fn) {
    return composing(fn, super::exceptionallyCompose);
  }

  @Override
  public CompletableFuture<T> exceptionallyComposeAsync(
      Function<Throwable, ? extends CompletionStage<T>> fn) {
    return composing(fn, super::exceptionallyComposeAsync);
  }

  @Override
  public CompletableFuture<T> exceptionallyComposeAsync(
      Function<Throwable, ? extends CompletionStage<T>> fn, Executor executor) {
    return composing(fn, noting -> super.exceptionallyComposeAsync(noting, executor));
  }

  private static <A extends @Nullable Object, U extends @Nullable Object>
      CompletableFuture<U> composing(
          Function<? super A, ? extends CompletionStage<U>> fn,
          Function<Function<A, CompletionStage<U>>, CompletableFuture<U>> method) {
    Objects.requireNonNull(fn, "fn");
    var composition = new Composition<U>();
    CompletableFuture<U> stage = method.apply(composition.noting(fn));
    ((LinkedFuture<U>) stage).composition = composition;
    return stage;
  }

  // ---- ended by another hand ----

  @Override
  public boolean cancel(boolean mayInterruptIfRunning) {
    if (!isDone()) {
      CancellationReason reason = CancellationReason.requested("its future was cancelled");
      end(reason, () -> super.completeExceptionally(exceptionFor(reason)));
    }
    return isCancelled();
  }

  @Override
  public boolean complete(T value) {
    return !isDone()
        && end(
            CancellationReason.requested("its future was given a value by somebody else"),
            () -> super.complete(value));
  }

  @Override
  public boolean completeExceptionally(Throwable ex) {
    Objects.requireNonNull(ex, "ex");
    if (isDone()) {
      return false;
    }
    CancellationReason reason =
        ex instanceof CancelledException cancelled
            ? cancelled.reason()
            : CancellationReason.requested(
                "its future was made to fail with " + ex.getClass().getName());
    return end(reason, () -> super.completeExceptionally(ex));
  }

  @Override
  public CompletableFuture<T> orTimeout(long timeout, TimeUnit unit) {
    return onTimeout(
        timeout,
        unit,
        reason ->
            end(reason, () -> super.completeExceptionally(new TimeoutException(reason.message()))));
  }

  @Override
  public CompletableFuture<T> completeOnTimeout(T value, long timeout, TimeUnit unit) {
    return onTimeout(timeout, unit, reason -> end(reason, () -> super.complete(value)));
  }

  /** By a deadline of ours: with a reason, and without a dependent that would count. */
  private CompletableFuture<T> onTimeout(
      long timeout, TimeUnit unit, Consumer<CancellationReason> action) {
    var length = Duration.ofNanos(Math.max(0, unit.toNanos(timeout)));
    CancellationSource limit = CancellationToken.none().childWithTimeout(length);
    CancellationToken token = limit.token();
    CancellationRegistration registration =
        token.onCancel(
            Cancellation.dispatcher(), () -> action.accept(token.reason().orElseThrow()));
    var _ =
        minimalCompletionStage()
            .whenComplete(
                (_, _) -> {
                  registration.unregister();
                  limit.close();
                });
    return this;
  }

  /**
   * Ends this stage, and the stages upstream that nothing else hangs on.
   *
   * @param finish how this one ends
   * @return whether this call ended it
   */
  private boolean end(CancellationReason reason, BooleanSupplier finish) {
    if (!endThis(reason, finish)) {
      return false;
    }
    LinkedFuture<?> stage = upstream.get();
    while (stage != null && stage.dependents.decrementAndGet() == 0 && stage.abandon(reason)) {
      stage = stage.upstream.get();
    }
    return true;
  }

  private boolean abandon(CancellationReason reason) {
    return !isDone() && endThis(reason, () -> super.completeExceptionally(exceptionFor(reason)));
  }

  private boolean endThis(CancellationReason reason, BooleanSupplier finish) {
    stopped = true;
    stop(reason);
    return finish.getAsBoolean();
  }

  private static CancelledException exceptionFor(CancellationReason reason) {
    return new CancelledException(CancellationToken.cancelled(reason));
  }

  // ---- with the reason, which the superclass hides in the cause of an exception of its own ----

  @Override
  public T get() throws InterruptedException, ExecutionException {
    try {
      return super.get();
    } catch (CancellationException e) {
      throw withReason(e);
    }
  }

  @Override
  public T get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    try {
      return super.get(timeout, unit);
    } catch (CancellationException e) {
      throw withReason(e);
    }
  }

  @Override
  public T join() {
    try {
      return super.join();
    } catch (CancellationException e) {
      throw withReason(e);
    }
  }

  @Override
  public T getNow(T valueIfAbsent) {
    try {
      return super.getNow(valueIfAbsent);
    } catch (CancellationException e) {
      throw withReason(e);
    }
  }

  /** The exception of ours that a future of the JDK wrapped, if it did. */
  static CancellationException withReason(CancellationException thrown) {
    return thrown.getCause() instanceof CancelledException reasoned ? reasoned : thrown;
  }
}
