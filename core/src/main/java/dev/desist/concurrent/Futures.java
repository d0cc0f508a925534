package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Links tokens and futures, both ways: a cancelled token ends the future, and a cancelled future
 * reaches the work behind it.
 *
 * {@snippet class="dev.desist.snippets.FuturesSnippets" region="supply"}
 *
 * <p>A future of the JDK tells nobody when it is cancelled or times out: the work runs on. The
 * futures made here do. Each method comes in two forms, with a token and with the {@linkplain
 * Cancellation#current() current} one.
 *
 * <h2>Ended by another hand</h2>
 *
 * <p>A future that is made here by {@code supplyAsync} or {@code cancelWith} stops the work behind
 * it when it is ended by {@code cancel}, {@code complete}, {@code completeExceptionally}, {@code
 * orTimeout} or {@code completeOnTimeout}. It is complete at once, whether the work listens or not.
 * The argument of {@code cancel} makes no difference: no thread is interrupted; work that blocks
 * does so in {@link Blocking#interruptibly(Callable)}.
 *
 * <p>So does what is made from it ({@code thenApply}, {@code whenComplete}, {@code copy} …), with
 * one rule for the case that there are several: a future ends when the last of those made from it
 * is ended by another hand. One that is cancelled takes nothing from the others; one that is
 * dropped, such as the result of {@code future.thenAccept(log)}, still counts. To stop the work
 * whoever else wants it, cancel the first future, or the token. A {@code minimalCompletionStage()}
 * cannot be cancelled, does not count, and is what to hand out to those who must not stop the work;
 * nor do {@code CompletableFuture.allOf} and {@code anyOf} count or reach anything. In {@code
 * thenCombine} and its like only the future it is called on is reached.
 *
 * <p>The second future of {@code thenCompose} and its like is reached through a copy of it, so that
 * one that is shared, a plain one of the JDK, goes on for the others. {@code completeAsync} and
 * {@code obtrudeValue} tell the work nothing.
 *
 * <p>The function of a stage that has ended, or whose future was cancelled, does not run.
 *
 * <h2>Which thread runs what</h2>
 *
 * <p>The thread that cancels a token does not touch the futures under it: {@link
 * Cancellation#dispatcher()} ends them, soon after {@code cancel} has returned. The thread that
 * cancels a future made here runs no callback that the work registered, and cancels no other
 * future: the dispatcher does. When {@code cancel} of a future has returned, that future is
 * complete, and the token of its work reports cancelled. What hangs on a future runs on the thread
 * that completes it, as always.
 *
 * <h2>Memory consistency effects</h2>
 *
 * <p>Those of {@link CompletableFuture} and {@link CancellationToken}.
 *
 * <h2>Garbage collection</h2>
 *
 * <p>A live token keeps a future and its work until they have ended, and nothing of them
 * afterwards.
 *
 * <h2>General exceptions</h2>
 *
 * <p>A future ended by a token fails with the {@link CancelledException} of that token; {@code
 * get}, {@code join} and {@code getNow} of the futures made here throw it as it is, those of the
 * JDK's own as the cause of a plain {@code CancellationException}. A null argument gives a {@link
 * NullPointerException} that names the parameter.
 */
public final class Futures {
  private Futures() {}

  /**
   * Starts {@code task} on {@code executor} under a child of {@code token}. If {@code token} is
   * cancelled before the task begins, it never does.
   *
   * @param <T> what the task gives
   * @param token what stops the task and ends the future
   * @param executor runs the task
   * @param task what to call; its token is the current one, is cancelled by {@code token} and by
   *     whoever ends the future, and is closed when the task has ended
   * @return completes with what the task returns or throws; as soon as {@code token} is cancelled,
   *     with a {@link CancelledException}, whether the task listens or not. A value that comes
   *     later is dropped; a failure that comes later is logged at level DEBUG to {@code dev.desist}
   * @throws java.util.concurrent.RejectedExecutionException if the executor rejects the task
   */
  public static <T extends @Nullable Object> CompletableFuture<T> supplyAsync(
      CancellationToken token, Executor executor, Callable<T> task) {
    return supplyAsync(token, executor, task, _ -> {});
  }

  /**
   * Starts {@code task} on {@code executor} under a child of {@code token}, as {@link
   * #supplyAsync(CancellationToken, Executor, Callable)} does, and loses no result.
   *
   * @param <T> what the task gives
   * @param token what stops the task and ends the future
   * @param executor runs the task
   * @param task what to call
   * @param lateResult is given the value of a task whose future had ended before; it is called on
   *     the thread of the task, and what it throws is the executor's to report
   * @return as there
   * @throws java.util.concurrent.RejectedExecutionException if the executor rejects the task
   */
  public static <T extends @Nullable Object> CompletableFuture<T> supplyAsync(
      CancellationToken token,
      Executor executor,
      Callable<T> task,
      Consumer<? super T> lateResult) {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(executor, "executor");
    Objects.requireNonNull(task, "task");
    Objects.requireNonNull(lateResult, "lateResult");
    var future = new TaskFuture<T>(token, task, lateResult);
    future.startOn(executor);
    return future;
  }

  /**
   * Starts {@code task} on {@code executor} under a child of the current token.
   *
   * @param <T> what the task gives
   * @param executor runs the task
   * @param task what to call
   * @return as {@link #supplyAsync(CancellationToken, Executor, Callable)}
   * @throws java.util.concurrent.RejectedExecutionException if the executor rejects the task
   */
  public static <T extends @Nullable Object> CompletableFuture<T> supplyAsync(
      Executor executor, Callable<T> task) {
    return supplyAsync(Cancellation.current(), executor, task);
  }

  /**
   * Puts somebody else's future under {@code token}.
   *
   * {@snippet class="dev.desist.snippets.FuturesSnippets" region="link"}
   *
   * <p>When the token is cancelled, and when the returned future is ended by another hand, the
   * original is cancelled with {@code cancel(true)}, by {@link Cancellation#dispatcher()}. What
   * that means is up to the original: of the JDK's {@code HttpClient}, it aborts the exchange while
   * the response is not there; a plain {@code CompletableFuture} only stops waiting.
   *
   * @param <T> what the future gives
   * @param token what cancels the future
   * @param future the original; not cancelled if it is complete
   * @return completes as the original does, but with a {@link CancelledException} of {@code token}
   *     where the original was cancelled, or does not listen, and the token is cancelled
   * @throws UnsupportedOperationException if {@code future} does not support {@link
   *     CompletionStage#toCompletableFuture()}
   */
  public static <T extends @Nullable Object> CompletableFuture<T> cancelWith(
      CancellationToken token, CompletionStage<T> future) {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(future, "future");
    return new FutureView<>(token, future.toCompletableFuture());
  }

  /**
   * Puts somebody else's future under the current token.
   *
   * @param <T> what the future gives
   * @param future the original
   * @return as {@link #cancelWith(CancellationToken, CompletionStage)}
   */
  public static <T extends @Nullable Object> CompletableFuture<T> cancelWith(
      CompletionStage<T> future) {
    return cancelWith(Cancellation.current(), future);
  }

  /**
   * Waits for {@code future}, but not on after {@code token} is cancelled. The future itself is
   * left alone: others may wait for it too.
   *
   * @param <T> what the future gives
   * @param token what ends the wait
   * @param future what to wait for; if it is complete, the token does not matter
   * @return its value
   * @throws CancelledException if the token is or becomes cancelled first, or the future failed
   *     with one
   * @throws CancellationException if the future was cancelled
   * @throws ExecutionException if the future failed
   * @throws InterruptedException if the thread is interrupted by somebody else first
   */
  public static <T extends @Nullable Object> T await(CancellationToken token, Future<T> future)
      throws ExecutionException, InterruptedException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(future, "future");
    try {
      return future.isDone() ? future.get() : Blocking.interruptibly(token, future::get);
    } catch (CancellationException e) {
      throw LinkedFuture.withReason(e);
    } catch (RuntimeException | ExecutionException | InterruptedException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError("a future threw what it must not", e);
    }
  }

  /**
   * Waits for {@code future}, but not on after the current token is cancelled.
   *
   * @param <T> what the future gives
   * @param future what to wait for
   * @return its value
   * @throws ExecutionException if the future failed
   * @throws InterruptedException if the thread is interrupted by somebody else first
   */
  public static <T extends @Nullable Object> T await(Future<T> future)
      throws ExecutionException, InterruptedException {
    return await(Cancellation.current(), future);
  }

  /**
   * Waits for {@code future} as {@link #await(CancellationToken, Future)} does, and when the wait
   * ends before the future, because of the token or of an interrupt, cancels the future with {@code
   * cancel(true)}, by {@link Cancellation#dispatcher()}.
   *
   * @param <T> what the future gives
   * @param token what ends the wait
   * @param future what to wait for
   * @return its value
   * @throws CancelledException if the token is or becomes cancelled first, or the future failed
   *     with one
   * @throws CancellationException if the future was cancelled by somebody else
   * @throws ExecutionException if the future failed
   * @throws InterruptedException if the thread is interrupted by somebody else first
   */
  public static <T extends @Nullable Object> T awaitOrCancel(
      CancellationToken token, Future<T> future) throws ExecutionException, InterruptedException {
    try {
      return await(token, future);
    } catch (CancellationException | InterruptedException e) {
      if (!future.isDone()) {
        Cancellation.dispatcher().execute(() -> future.cancel(true));
      }
      throw e;
    }
  }

  /**
   * Waits for {@code future} under the current token, and cancels it when the wait ends first.
   *
   * @param <T> what the future gives
   * @param future what to wait for
   * @return its value
   * @throws ExecutionException if the future failed
   * @throws InterruptedException if the thread is interrupted by somebody else first
   */
  public static <T extends @Nullable Object> T awaitOrCancel(Future<T> future)
      throws ExecutionException, InterruptedException {
    return awaitOrCancel(Cancellation.current(), future);
  }

  /**
   * {@return a view of {@code executor} whose tasks obey {@code token}: it is the current one while
   * they run, and a task that it overtook in the queue never starts}
   *
   * <p>{@code submit} and {@code invokeAll} give futures like those of {@code supplyAsync}: each
   * task has a child token of its own, and cancelling the future reaches it, without an interrupt.
   * On a cancelled token they give futures that have ended already.
   *
   * <p>{@code execute} gives no future that could tell: on a cancelled token it throws a {@link
   * CancelledException}, and a task that is overtaken in the queue is dropped, and cancelled if it
   * is a {@link Future}. The stages of a {@code CompletableFuture} alone begin all the same, for
   * nothing else ends them; they see the cancelled token as the current one.
   *
   * <p>To shut down or close the view is to do so to {@code executor}.
   *
   * @param token what the tasks obey
   * @param executor runs the tasks
   */
  public static ExecutorService boundExecutor(CancellationToken token, ExecutorService executor) {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(executor, "executor");
    return new BoundExecutor(token, executor);
  }

  /**
   * {@return a view of {@code executor} whose tasks obey the current token}, as {@link
   * #boundExecutor(CancellationToken, ExecutorService)} gives
   *
   * @param executor runs the tasks
   */
  public static ExecutorService boundExecutor(ExecutorService executor) {
    return boundExecutor(Cancellation.current(), executor);
  }
}
