package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationSource;
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
import org.jspecify.annotations.Nullable;

/**
 * Links between tokens and futures, in both directions: cancelling the token ends the future, and
 * cancelling the future reaches the work. A {@link CompletableFuture} by itself does neither: its
 * {@code cancel} and {@code orTimeout} end the waiting, and the work runs on.
 *
 * {@snippet class="dev.desist.snippets.FuturesSnippets" region="submit"}
 *
 * <h2>Futures made from futures</h2>
 *
 * <p>A future that a method here returns, and every one made from it by {@code thenApply} and the
 * like, is linked: to cancel one of them, or to complete it from outside, as {@code orTimeout} and
 * {@code completeOnTimeout} do, cancels the work behind. So of several that were made from one,
 * each can end it for all. A branch that is to be given up alone begins with {@link
 * CompletableFuture#minimalCompletionStage()}. What {@code thenCompose} starts is reached if it was
 * started under the token, not otherwise.
 *
 * <p>A linked future that was cancelled is done at once, as {@link Future#cancel} demands; the work
 * ends when it next asks its token. If the token is cancelled instead, a future of {@link #submit}
 * is done when the work has ended, and one of {@link #under} at once. In either case it {@linkplain
 * Future#isCancelled() is cancelled}, {@code get} and {@code join} throw a {@link
 * CancelledException} with the reason, and stages that wait for a value do not run.
 *
 * <h2>Which thread runs what</h2>
 *
 * <p>A future is completed by the thread of its work; if a token ends it before, by a daemon thread
 * of this library, and never by the thread that cancels. A future that is cancelled itself
 * completes its stages on the calling thread, as every {@code CompletableFuture}; callbacks on the
 * token of its work run there, too, if it was cancelled, and on a thread of this library if it was
 * completed from outside, as by a timeout.
 *
 * <h2>General exceptions</h2>
 *
 * <p>A null argument gives a {@link NullPointerException} that names the parameter.
 */
public final class Futures {
  private Futures() {}

  // ---- starting work ----

  /**
   * Has {@code executor} call {@code work}, with a child of the {@linkplain Cancellation#current()
   * current token} as its current token.
   *
   * @param <T> what the work gives
   * @param executor runs the work
   * @param work what to call
   * @return a linked future
   * @throws java.util.concurrent.RejectedExecutionException if the executor rejects it
   */
  public static <T extends @Nullable Object> CompletableFuture<T> submit(
      Executor executor, Callable<? extends T> work) {
    return submit(Cancellation.current(), executor, work);
  }

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
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(executor, "executor");
    Objects.requireNonNull(work, "work");
    var task = new LinkedFuture.Task<T>(token, work);
    task.startOn(executor);
    return task;
  }

  /**
   * {@return an executor that runs what it is given under {@code token}, on {@code executor}'s
   * threads}
   *
   * <p>Each task has the token as its current token. A task that is submitted has a linked future,
   * and never begins once the token is cancelled. A task that is only executed is rejected if the
   * token is cancelled, and dropped if it is cancelled before the task begins; but the asynchronous
   * stages of a {@code CompletableFuture} are run all the same, up to their first checkpoint, for
   * otherwise nobody would ever complete them: {@link #submit} is the better way.
   *
   * <p>Shutting it down shuts down {@code executor}.
   *
   * @param token what the tasks are to obey
   * @param executor runs the tasks
   */
  public static ExecutorService executor(CancellationToken token, ExecutorService executor) {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(executor, "executor");
    return new TokenExecutor(token, executor);
  }

  // ---- linking somebody else's ----

  /**
   * {@return a linked future for somebody else's: it ends as {@code future} does, or when {@code
   * token} is cancelled}
   *
   * <p>If the token or the linked future is cancelled, {@code future.cancel(true)} is called, on a
   * thread of this library, since that may interrupt and so block. That is what ends an exchange of
   * the JDK's {@code HttpClient}; whether it ends anything for others is up to them. When {@code
   * future} is complete, the token keeps nothing of it.
   *
   * {@snippet class="dev.desist.snippets.FuturesSnippets" region="under"}
   *
   * @param <T> what the future gives
   * @param token what may end it
   * @param future somebody else's
   */
  public static <T extends @Nullable Object> CompletableFuture<T> under(
      CancellationToken token, CompletableFuture<T> future) {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(future, "future");
    CancellationSource source = token.child();
    var linked = new LinkedFuture<T>(source);
    if (future.isDone()) { // completion beats a cancellation that is there, too
      var _ = future.whenComplete(linked::end);
      return linked;
    }
    CancellationRegistration cancelling =
        source
            .token()
            .onCancel(
                Cancellation.dispatcher(),
                () -> {
                  linked.endCancelled();
                  future.cancel(true);
                });
    var _ =
        future.whenComplete(
            (value, failure) -> {
              if (cancelling.unregister()) { // else the cancellation was first
                linked.end(value, failure);
              }
            });
    return linked;
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
      return future.isDone() ? future.get() : Blocking.interruptibly(token, future::get);
    } catch (CancelledException e) {
      throw e;
    } catch (CancellationException e) {
      throw LinkedFuture.unwrap(e);
    } catch (ExecutionException | InterruptedException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError("a future threw what Future.get does not declare", e);
    }
  }

  /**
   * Waits for {@code future}, until {@code token} is cancelled, and cancels the future then, with
   * {@code cancel(true)}, on a thread of this library.
   *
   * @param <T> what the future gives
   * @param token what may end the wait and the future
   * @param future any future
   * @return what it gave
   * @throws CancelledException if the token is or becomes cancelled while the future is not done;
   *     or if the future was cancelled for a reason that is known
   * @throws CancellationException if the future was cancelled
   * @throws ExecutionException if the future failed
   * @throws InterruptedException if the thread was or is interrupted first; the future goes on
   */
  public static <T extends @Nullable Object> T awaitOrCancel(
      CancellationToken token, Future<? extends T> future)
      throws ExecutionException, InterruptedException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(future, "future");
    CancellationRegistration cancelling =
        token.onCancel(Cancellation.dispatcher(), () -> future.cancel(true));
    try {
      return await(token, future);
    } finally {
      if (!token.isCancelled()) {
        cancelling.unregister();
      }
    }
  }

  /**
   * {@return {@code stage} under {@code token}, as {@link #under(CancellationToken,
   * CompletableFuture)}}
   *
   * @param <T> what the stage gives
   * @param token what may end it
   * @param stage somebody else's, which can be turned into a future
   * @throws UnsupportedOperationException if it cannot
   */
  public static <T extends @Nullable Object> CompletableFuture<T> under(
      CancellationToken token, CompletionStage<T> stage) {
    Objects.requireNonNull(stage, "stage");
    return under(token, stage.toCompletableFuture());
  }
}
