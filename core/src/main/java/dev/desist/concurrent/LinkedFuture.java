package dev.desist.concurrent;

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
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A future that stands for work, and reaches it: whoever completes the future from outside, cancels
 * it, or does so to a future made from it, cancels the work.
 *
 * <p>Futures made from one another share a source, the chain's, which nothing but they cancel. The
 * work is linked to its token. A composing stage begins a chain of its own, to whose token what it
 * starts is linked; whoever ends a future of that chain cancels those before it, too, as long as
 * there is something to wait for. So what is started because a future was ended, such as a second
 * try after a timeout, is not cancelled with what came before. What completes a future in the
 * ordinary way, from the stage before, does not pass through the methods overridden here.
 *
 * @param <T> what the work gives
 */
class LinkedFuture<T extends @Nullable Object> extends CompletableFuture<T> {
  /** Set anew by the composing stage that has made this, before anybody else knows of it. */
  private volatile Chain chain;

  LinkedFuture() {
    this(new Chain(null));
  }

  private LinkedFuture(Chain chain) {
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

  /** What stands behind futures that were made from one another. */
  private static final class Chain {
    private final CancellationSource source = CancellationSource.create();

    /** The chain of the stage before, while that is not done. */
    private volatile @Nullable Chain before;

    Chain(@Nullable Chain before) {
      this.before = before;
    }

    CancellationToken token() {
      return source.token();
    }

    /** Cancels what stands behind, without running callbacks on the calling thread. */
    void cancel(CancellationReason reason) {
      for (Chain at = this; at != null; at = at.before) {
        Work.cancel(at.source, reason);
      }
    }

    /** {@return {@code composed}, which a composing stage has just made, as one of this chain} */
    <U extends @Nullable Object> CompletableFuture<U> of(CompletableFuture<U> composed) {
      ((LinkedFuture<U>) composed).chain = this;
      return composed;
    }

    /**
     * {@return {@code fn}, with what it starts linked to this}
     *
     * <p>What is cancelled is a copy of the future that it gives, which says for itself what this
     * means: one of ours ends, and a plain one, which others may share, goes on.
     */
    <A extends @Nullable Object, U extends @Nullable Object>
        Function<A, CompletionStage<U>> reaching(
            Function<? super A, ? extends CompletionStage<U>> fn) {
      Objects.requireNonNull(fn, "fn");
      return argument -> {
        Stack.reserve();
        before = null; // it is done
        CompletableFuture<U> copy = fn.apply(argument).toCompletableFuture().copy();
        CancellationRegistration reach = token().onCancel(Lane.CALLBACKS, () -> pass(copy));
        return copy.whenComplete((_, _) -> reach.unregister());
      };
    }

    /** Cancels what a composing stage has started: one of ours for the same reason. */
    private void pass(CompletableFuture<?> started) {
      if (started instanceof LinkedFuture<?>) {
        started.completeExceptionally(new CancelledException(token()));
      } else {
        started.cancel(true);
      }
    }
  }

  // ---- from outside ----

  /**
   * Ends this, and then cancels what stands behind: in that order, for else what composing has
   * started could end it instead. It does so also if telling the stages is cut short, by want of
   * stack or memory.
   */
  private boolean end(BooleanSupplier ending, Supplier<CancellationReason> reason) {
    Stack.reserve();
    boolean first = !isDone();
    try {
      first = ending.getAsBoolean();
    } finally {
      if (first) {
        cancelChain(reason);
      }
    }
    return first;
  }

  /** If need be, as soon as there is memory for it: this has ended, and nobody comes again. */
  private void cancelChain(Supplier<CancellationReason> reason) {
    while (true) {
      try {
        chain.cancel(reason.get());
        return;
      } catch (OutOfMemoryError e) {
        Stack.pause();
      }
    }
  }

  private static CancellationReason fromOutside() {
    return CancellationReason.requested("its future was completed from outside");
  }

  private static CancellationReason fromOutside(Throwable failure) {
    return failure instanceof CancelledException cancelled
        ? cancelled.reason()
        : CancellationReason.requested(
            "its future was completed from outside, with " + Foreign.describe(failure));
  }

  @Override
  public boolean cancel(boolean mayInterruptIfRunning) {
    if (!isDone()) {
      CancellationReason reason = CancellationReason.requested("its future was cancelled");
      var cancelled = new CancelledException(CancellationToken.cancelled(reason));
      end(() -> fail(cancelled), () -> reason);
    }
    return isCancelled();
  }

  @Override
  public boolean complete(T value) {
    return end(() -> succeed(value), LinkedFuture::fromOutside);
  }

  @Override
  public boolean completeExceptionally(Throwable failure) {
    Objects.requireNonNull(failure, "failure");
    return end(() -> fail(failure), () -> fromOutside(failure));
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
                end(() -> fail(wrapped(e)), () -> fromOutside(e));
                return;
              }
              complete(value);
            });
    return this;
  }

  /** As the JDK passes on what the functions of its stages throw. */
  private static CompletionException wrapped(Throwable failure) {
    return failure instanceof CompletionException already
        ? already
        : new CompletionException(Foreign.describe(failure), failure);
  }

  @Override
  public void obtrudeValue(T value) {
    end(
        () -> {
          super.obtrudeValue(value);
          return true;
        },
        LinkedFuture::fromOutside);
  }

  @Override
  public void obtrudeException(Throwable failure) {
    Objects.requireNonNull(failure, "failure");
    end(
        () -> {
          super.obtrudeException(failure);
          return true;
        },
        () -> fromOutside(failure));
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
      long timeout, TimeUnit unit, Predicate<CancellationReason> completion) {
    Objects.requireNonNull(unit, "unit");
    var length = Duration.ofNanos(Math.max(0, unit.toNanos(timeout)));
    Stack.reserve();
    CancellationSource limit = CancellationToken.none().child("its future");
    CancellationToken passed = limit.token();
    CancellationRegistration registration =
        passed.onCancel(
            Lane.COMPLETIONS,
            () -> {
              CancellationReason reason = passed.reason().orElseThrow();
              end(() -> completion.test(reason), () -> reason);
            });
    var _ =
        super.whenComplete(
            (_, _) -> {
              registration.unregister();
              limit.close();
            });
    limit.cancelAfter(length); // last: what has not come this far ends nothing
    return this;
  }

  // ---- stages that start work of their own ----

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> thenCompose(
      Function<? super T, ? extends CompletionStage<U>> fn) {
    Chain own = composing();
    return own.of(super.thenCompose(own.reaching(fn)));
  }

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> thenComposeAsync(
      Function<? super T, ? extends CompletionStage<U>> fn) {
    Chain own = composing();
    return own.of(super.thenComposeAsync(own.reaching(fn)));
  }

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> thenComposeAsync(
      Function<? super T, ? extends CompletionStage<U>> fn, Executor executor) {
    Chain own = composing();
    return own.of(super.thenComposeAsync(own.reaching(fn), executor));
  }

  @Override
  public CompletableFuture<T> exceptionallyCompose(
      Function<Throwable, ? extends CompletionStage<T>> fn) {
    Chain own = composing();
    return own.of(super.exceptionallyCompose(own.reaching(fn)));
  }

  @Override
  public CompletableFuture<T> exceptionallyComposeAsync(
      Function<Throwable, ? extends CompletionStage<T>> fn) {
    Chain own = composing();
    return own.of(super.exceptionallyComposeAsync(own.reaching(fn)));
  }

  @Override
  public CompletableFuture<T> exceptionallyComposeAsync(
      Function<Throwable, ? extends CompletionStage<T>> fn, Executor executor) {
    Chain own = composing();
    return own.of(super.exceptionallyComposeAsync(own.reaching(fn), executor));
  }

  /** A chain for a stage that composes, made from this one. */
  private Chain composing() {
    return new Chain(isDone() ? null : chain);
  }

  // ---- waiting ----

  @Override
  public T get() throws InterruptedException, ExecutionException {
    try {
      return super.get();
    } catch (CancellationException | ExecutionException e) {
      throwIfCancelled();
      throw e;
    }
  }

  @Override
  public T get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    try {
      return super.get(timeout, unit);
    } catch (CancellationException | ExecutionException e) {
      throwIfCancelled();
      throw e;
    }
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
        isCompletedExceptionally() ? super.handle((_, failure) -> failure).getNow(null) : null;
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
    return super.completeExceptionally(failure);
  }

  /** Returns whether this call completed the future; the work is not told. */
  final boolean succeed(T value) {
    return super.complete(value);
  }

  /** Returns whether this has ended with that very value. */
  final boolean gives(T value) {
    return isDone() && !isCompletedExceptionally() && getNow(value) == value;
  }

  /**
   * A future with its work.
   *
   * @param <T> what the work gives
   */
  static final class Submitted<T extends @Nullable Object> extends LinkedFuture<T>
      implements RunnableFuture<T> {
    private final CancellationToken parent;
    private final Work<T> work;

    Submitted(
        CancellationToken parent, Callable<? extends T> callable, Disposer<? super T> disposer) {
      this.parent = parent;
      work =
          new Work<>(sourceUnder(parent), callable) {
            private boolean again;

            @Override
            void succeeded(T value) {
              boolean taken;
              try {
                taken = succeed(value) || (again && gives(value));
              } catch (OutOfMemoryError e) {
                again = true;
                throw e;
              } catch (Throwable e) { // by a stage: see end
                if (!gives(value)) {
                  dispose(value, disposer);
                }
                throw e;
              }
              if (!taken) {
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
