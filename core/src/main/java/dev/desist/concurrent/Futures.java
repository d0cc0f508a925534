package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Disposer;
import dev.desist.Task;
import dev.desist.internal.Foreign;
import dev.desist.internal.Lane;
import dev.desist.internal.Stack;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Links between tokens and futures, in both directions: cancelling the token ends the future, and
 * cancelling the future reaches the work. A {@link CompletableFuture} by itself does neither: its
 * {@code cancel} and {@code orTimeout} end the waiting, and the work runs on.
 *
 * {@snippet class="dev.desist.snippets.FuturesSnippets" region="submit"}
 *
 * <p>What a method here makes obeys the token that it is given, and the {@linkplain
 * Cancellation#current() current} one where the method is called, whatever is current later.
 *
 * <h2>Linked futures</h2>
 *
 * <p>A future that a method here returns, and every one made from it by {@code thenApply} and the
 * like, is linked: to cancel one of them, or to complete it from outside, cancels the work behind.
 * {@code orTimeout} and {@code completeOnTimeout} are such an end, with the reason "deadline
 * exceeded", by the {@link dev.desist.TimeSource} current where they are called. So of several that
 * were made from one, each can end it for all. A branch that is to be given up alone begins with
 * {@link CompletableFuture#minimalCompletionStage()}.
 *
 * <p>What the function of {@code thenCompose} and its like starts is reached, too, by whoever ends
 * the future that composes, or one made from that. It is reached through a copy of the future that
 * the function gives: if that one is linked it ends, while a plain future of the JDK, which may be
 * shared, goes on. So a second try after a timeout runs, though the first was cancelled. Not
 * reached are the other futures of {@code thenCombine} and its like, and nothing is reached through
 * {@code CompletableFuture.allOf} and {@code anyOf}.
 *
 * <p>A linked future that was cancelled is done at once, as {@link Future#cancel} demands; the work
 * ends when it next asks its token. What it gives after all goes to the disposer, or, if only a
 * future made from the first was cancelled, into the first, from which others may have been made. A
 * failure that comes too late is logged, at debug level, by the {@link System.Logger} named {@code
 * dev.desist}. The argument of {@code cancel} makes no difference: no thread is interrupted, unless
 * the work is in {@link Blocking#interruptibly(CancellationToken, dev.desist.Task)}. Work that was
 * begun by {@link #submit} or submitted to an {@link #executor}, and goes on for ten seconds after
 * it was cancelled, is reported, and listed by {@link dev.desist.Leftovers} until it ends.
 *
 * <p>If the token is cancelled instead, a future of {@link #submit} is done when the work has
 * ended, and one of {@link #under} as soon as a thread of this library comes to it, also if the
 * token was cancelled before. In either case it {@linkplain Future#isCancelled() is cancelled},
 * {@code get}, {@code getNow} and {@code join} throw a {@link CancelledException} with the reason,
 * and stages that wait for a value do not run. So it is with every future made from one that was
 * cancelled. Work that ends with a {@link CancelledException} was cancelled, whoever's cancellation
 * that tells of: the JDK's futures take any {@link CancellationException} so.
 *
 * <p>In everything else a linked future is as any of the JDK's. These are the differences:
 *
 * <ul>
 *   <li>{@code cancel} completes it with a {@code CancelledException}, which {@code get}, {@code
 *       getNow} and {@code join} throw as it is;
 *   <li>one made from a linked future that was cancelled so is cancelled itself: {@code
 *       isCancelled} and {@code state} say so, {@code get}, {@code getNow} and {@code join} throw
 *       that exception without a wrapper, {@code exceptionNow} throws an {@link
 *       IllegalStateException}, and {@code cancel} returns true;
 *   <li>whoever ends one that was made from others ends these, if they are not done;
 *   <li>the {@link java.util.concurrent.TimeoutException} of {@code orTimeout} says what passed.
 * </ul>
 *
 * <h2>Which thread runs what</h2>
 *
 * <p>A future is completed by the thread of its work; if a token or a timeout ends it before, by a
 * daemon thread of this library, and never by the thread that cancels the token. A future that is
 * itself cancelled or completed completes its stages on the calling thread, as every {@code
 * CompletableFuture}. The callbacks that its work has registered do not run there, but on a thread
 * of this library; when the call returns, the token of the work reports cancelled.
 *
 * <p>An executor that throws has refused the work, which never begins then, even if it is run later
 * all the same. If it has begun by then, it goes on, and has its future; what was thrown goes to
 * the uncaught-exception handler.
 *
 * <h2>General exceptions</h2>
 *
 * <p>A null argument gives a {@link NullPointerException} that names the parameter.
 */
public final class Futures {
  private Futures() {}

  // ---- starting work ----

  /**
   * Has {@code executor} call {@code work}, with a child of {@code token} as its current token. If
   * the token is cancelled before the work has begun, it never begins; its future is done then, and
   * does not wait for the executor to come to it.
   *
   * @param <T> what the work gives
   * @param token what the work is to obey
   * @param executor runs the work
   * @param work what to call
   * @return a linked future
   * @throws java.util.concurrent.RejectedExecutionException if the executor rejects it
   */
  public static <T extends @Nullable Object> CompletableFuture<T> submit(
      CancellationToken token, Executor executor, Callable<? extends T> work) {
    return submit(token, executor, work, _ -> {});
  }

  /**
   * Has {@code executor} call {@code work}, as {@link #submit(CancellationToken, Executor,
   * Callable)} does, and loses no value.
   *
   * @param <T> what the work gives
   * @param token what the work is to obey
   * @param executor runs the work
   * @param work what to call
   * @param disposer is given the value, on the thread of the work but not under its token, if the
   *     future was ended by other hands before; null values are not handed to it; what it throws is
   *     logged
   * @return a linked future
   * @throws java.util.concurrent.RejectedExecutionException if the executor rejects it
   */
  public static <T extends @Nullable Object> CompletableFuture<T> submit(
      CancellationToken token,
      Executor executor,
      Callable<? extends T> work,
      Disposer<? super T> disposer) {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(executor, "executor");
    Objects.requireNonNull(work, "work");
    Objects.requireNonNull(disposer, "disposer");
    Stack.reserve();
    var task = new LinkedFuture.Submitted<T>(Cancellation.currentWith(token), work, disposer);
    task.startOn(executor);
    return task;
  }

  /**
   * {@return an executor that runs what it is given under {@code token}, on {@code executor}'s
   * threads}
   *
   * <p>Each task has the token as its current token. A task that is submitted has a linked future,
   * and never begins once the token is cancelled. A task that is only executed is rejected if the
   * token is cancelled, and dropped if it is cancelled before the task begins, and if it is a
   * {@link Future}, cancelled; but the asynchronous stages of a {@code CompletableFuture} are run
   * all the same, up to their first checkpoint, for otherwise nobody would ever complete them:
   * {@link #submit} is the better way.
   *
   * <p>Shutting it down shuts down {@code executor}.
   *
   * @param token what the tasks are to obey
   * @param executor runs the tasks
   */
  public static ExecutorService executor(CancellationToken token, ExecutorService executor) {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(executor, "executor");
    return new TokenExecutor(Cancellation.currentWith(token), executor);
  }

  // ---- linking somebody else's ----

  /**
   * {@return a linked future for somebody else's: it ends as {@code stage} does, or when {@code
   * token} is cancelled}
   *
   * <p>If the token or the linked future is cancelled, {@code cancel(true)} is called on the future
   * that the stage is, or {@linkplain CompletionStage#toCompletableFuture gives}: on a thread of
   * this library, since that may interrupt and so block. That is what ends an exchange of the JDK's
   * {@code HttpClient}; whether it ends anything for others is up to them. When the stage is
   * complete, the token keeps nothing of it. A value that comes too late is not handed on, and
   * stays in the stage: if it has to be closed, such as the body of an answer, add a stage there
   * that does so.
   *
   * {@snippet class="dev.desist.snippets.FuturesSnippets" region="under"}
   *
   * @param <T> what the stage gives
   * @param token what may end it
   * @param stage somebody else's, mostly a {@link CompletableFuture}
   * @throws UnsupportedOperationException if it cannot be turned into a future
   */
  public static <T extends @Nullable Object> CompletableFuture<T> under(
      CancellationToken token, CompletionStage<T> stage) {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(stage, "stage");
    Stack.reserve();
    CompletableFuture<T> future = stage.toCompletableFuture();
    var linked = new LinkedFuture<T>();
    if (future.isDone()) { // completion beats a cancellation that is there, too
      var _ = future.whenComplete((value, failure) -> relay(value, failure, linked));
      return linked;
    }
    CancellationSource source = linked.sourceUnder(Cancellation.currentWith(token));
    CancellationRegistration cancelling =
        source
            .token()
            .onCancel(
                Lane.CALLBACKS,
                () -> {
                  try {
                    linked.fail(new CancelledException(source.token()));
                  } finally {
                    future.cancel(true);
                  }
                });
    try {
      var _ =
          future.whenComplete(
              (value, failure) -> {
                if (cancelling.unregister()) { // else the cancellation was first
                  try {
                    source.close();
                  } finally {
                    tell(value, failure, linked);
                  }
                }
              });
    } catch (Throwable e) { // it does not take part
      cancelling.unregister();
      source.close();
      throw e;
    }
    return linked;
  }

  /** Relays, if need be as soon as there is memory for it; what stages throw is reported. */
  private static <T extends @Nullable Object> void tell(
      T value, @Nullable Throwable failure, LinkedFuture<T> linked) {
    while (true) {
      try {
        relay(value, failure, linked);
        return;
      } catch (OutOfMemoryError e) {
        Stack.pause();
      } catch (Throwable e) {
        Foreign.report(e);
        return;
      }
    }
  }

  private static <T extends @Nullable Object> void relay(
      T value, @Nullable Throwable failure, LinkedFuture<T> linked) {
    if (failure == null) {
      linked.succeed(value);
    } else {
      linked.fail(failure);
    }
  }

  // ---- waiting ----

  /**
   * Waits for {@code future}, until {@code token} is cancelled. The future goes on then.
   *
   * @param <T> what the future gives
   * @param token what may end the wait
   * @param future any future
   * @return what it gave
   * @throws CancelledException if the token is or becomes cancelled while the future is not done;
   *     or if the future was cancelled for a reason that is known
   * @throws CancellationException if the future was cancelled
   * @throws ExecutionException if the future failed
   * @throws InterruptedException if the thread was or is interrupted first
   */
  public static <T extends @Nullable Object> T await(
      CancellationToken token, Future<? extends T> future)
      throws ExecutionException, InterruptedException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(future, "future");
    try {
      return future.isDone()
          ? future.get()
          : Blocking.guarded(Cancellation.currentWith(token), waiting(future));
    } catch (CancellationException e) {
      throw LinkedFuture.unwrap(e);
    } catch (ExecutionException | InterruptedException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw Foreign.<RuntimeException>undeclared(e);
    }
  }

  private static <T extends @Nullable Object> Task<T, Exception> waiting(
      Future<? extends T> future) {
    return future::get;
  }

  /**
   * Waits for {@code future}, until {@code token} is cancelled. If the wait ends before the future,
   * by the token or by an interrupt, the future is cancelled with {@code cancel(true)}, on a thread
   * of this library. It may have got a value just before: if that has to be closed, add a stage to
   * the future that does so, as here.
   *
   * {@snippet class="dev.desist.snippets.FuturesSnippets" region="download"}
   *
   * @param <T> what the future gives
   * @param token what may end the wait and the future
   * @param future any future
   * @return what it gave
   * @throws CancelledException if the token is or becomes cancelled while the future is not done;
   *     or if the future was cancelled for a reason that is known
   * @throws CancellationException if the future was cancelled
   * @throws ExecutionException if the future failed
   * @throws InterruptedException if the thread was or is interrupted first
   */
  public static <T extends @Nullable Object> T awaitOrCancel(
      CancellationToken token, Future<? extends T> future)
      throws ExecutionException, InterruptedException {
    try {
      return await(token, future);
    } catch (CancellationException | InterruptedException e) {
      Lane.CALLBACKS.execute(
          () -> {
            if (!future.isDone()) {
              future.cancel(true);
            }
          });
      throw e;
    }
  }
}
