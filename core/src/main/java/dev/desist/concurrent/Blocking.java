package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.internal.GuardedThread;
import dev.desist.internal.Lane;
import dev.desist.internal.Stack;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Ends blocking calls that know nothing of tokens when a token is cancelled: {@link #interruptibly}
 * those that listen to an interrupt, such as {@code queue.take()}, {@code lock.lockInterruptibly()}
 * or {@code future.get()}; {@link #closing} those that end when what they use is closed. {@link
 * #uninterruptibly} keeps our interrupt from a call inside another one that it would harm.
 *
 * {@snippet class="dev.desist.snippets.BlockingSnippets" region="take"}
 *
 * <p>The interrupt is sent only while the thread is inside the call, so it cannot hit what the
 * thread does next; it is taken back if the call ended without noticing; and it is never confused
 * with an interrupt that somebody else sends, which stays an {@link InterruptedException} or a set
 * flag. It is sent by a thread of this library and never by the one that cancels, because {@link
 * Thread#interrupt()} can itself block: {@code cancel()} returns before it is delivered, typically
 * some tens of microseconds earlier.
 *
 * <p><b>Not for sockets, channels and files.</b> An interrupt closes a channel, also under others
 * who use it, and a socket that a virtual thread reads from. {@code dev.desist.io} has what reads
 * and writes under a token and stays open.
 *
 * <h2>What cannot be had</h2>
 *
 * <p>A thread has one interrupt flag. If somebody else interrupts it between the delivery of our
 * interrupt and the end of the call, the two are one, and the caller gets the cancellation;
 * likewise if a body catches somebody else's interrupt and sets the flag again just when the
 * cancellation arrives.
 *
 * <p>A body that throws an {@link InterruptedException} must leave the flag clear, as is the
 * convention. One that throws it and sets the flag as well looks as if it had been interrupted
 * twice, and somebody else's interrupt must not be lost: the flag stays set after the call.
 */
public final class Blocking {
  private Blocking() {}

  /**
   * Calls {@code body}, and interrupts it when {@code token} is cancelled. If the token is
   * cancelled already, the body is not called.
   *
   * <p>A body gives a value. One that has none to give ends with {@code return null}:
   *
   * {@snippet class="dev.desist.snippets.BlockingSnippets" region="nothing"}
   *
   * @param <T> what the body returns
   * @param token what may end the call
   * @param body what to call, on the calling thread
   * @return what the body returned, even if the token was cancelled meanwhile
   * @throws CancelledException if the token is cancelled already; or if the body ended because of
   *     it, with an exception of whatever class, which is the cause then. So it is if the token
   *     {@linkplain CancellationToken#caused caused} the exception; and, once the body was
   *     interrupted for the token, if somebody took that interrupt, or if the exception, or one
   *     that it was made from, names an interrupt in its class or its message. An exception beside
   *     which the interrupt still stands, unnoticed, is the body's own
   * @throws InterruptedException if the body threw it and it was somebody else's interrupt
   * @throws Exception what else the body threw; an {@link Error} of its is thrown as it is,
   *     whenever
   */
  public static <T extends @Nullable Object> T interruptibly(
      CancellationToken token, Callable<T> body) throws Exception {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(body, "body");
    if (!token.canBeCancelled()) {
      return body.call();
    }
    token.throwIfCancelled();
    Lane.setAside();
    return interruptibly(GuardedThread.current(), token, body);
  }

  static <T extends @Nullable Object> T interruptibly(
      GuardedThread thread, CancellationToken token, Callable<T> body) throws Exception {
    Stack.reserve();
    GuardedThread.Call call = thread.enter();
    CancellationRegistration registration = token.onCancel(call);
    T result;
    try {
      result = body.call();
    } catch (Throwable failure) {
      GuardedThread.Ending ending =
          leave(call, registration, failure instanceof InterruptedException);
      if (isEnd(token, failure, ending.explains(failure))) {
        throw new CancelledException(token, failure);
      }
      throw failure;
    }
    leave(call, registration, false);
    return result;
  }

  @SuppressWarnings("CheckReturnValue")
  private static GuardedThread.Ending leave(
      GuardedThread.Call call, CancellationRegistration registration, boolean thrown) {
    return registration.unregister() && call.isUndisturbed()
        ? GuardedThread.Ending.UNDISTURBED // mostly: nothing was sent, and nothing will be
        : call.leave(thrown);
  }

  /**
   * Whether what the body threw is a cancellation that does not say so: what a driver, a pool or a
   * client makes of its end may be anything.
   *
   * @param ended whether the body was ended for the token, for all that can be known
   */
  private static boolean isEnd(CancellationToken token, Throwable failure, boolean ended) {
    return failure instanceof Exception
        && (token.caused(failure) ? !(failure instanceof CancelledException) : ended);
  }

  /**
   * Calls {@code body}, and interrupts it when the {@linkplain Cancellation#current() current
   * token} is cancelled.
   *
   * @param <T> what the body returns
   * @param body what to call, on the calling thread
   * @return what the body returned
   * @throws Exception as {@link #interruptibly(CancellationToken, Callable)}
   */
  public static <T extends @Nullable Object> T interruptibly(Callable<T> body) throws Exception {
    return interruptibly(Cancellation.current(), body);
  }

  /**
   * Calls {@code body}, and closes {@code resource} when {@code token} is cancelled, which ends the
   * call: for sockets and the like that others have made, and that are of no use after a
   * cancellation. Whatever has {@link AutoCloseable}'s shape will do: with {@code
   * socket::shutdownInput} a read ends, and a goodbye can still be written.
   *
   * {@snippet class="dev.desist.snippets.BlockingSnippets" region="closing"}
   *
   * <p>It is closed by {@link Cancellation#dispatcher()}, while the thread is inside the call and
   * not later: this method returns when that is over. If the token is cancelled already, the body
   * is not called, and the resource is left as it is.
   *
   * <p>What is closed mostly looks as if it had come to its end: a read gives what had come so far,
   * a queue nothing. So whatever the body does after the resource was closed, it was cancelled;
   * where one can tell that a value is whole all the same, or has a use for part of it, see {@link
   * #closing(CancellationToken, AutoCloseable, Callable, Predicate)}.
   *
   * @param <T> what the body returns
   * @param token what may end the call
   * @param resource what to close, on another thread; it must be of the kind that may be closed
   *     while it is in use
   * @param body what to call, on the calling thread
   * @return what the body returned, if the resource was not closed before
   * @throws CancelledException if the token is cancelled already, or if the resource was closed
   *     before the body had ended; if that threw an exception, it is the cause, and what closing
   *     threw is suppressed
   * @throws Exception what else the body threw; an {@link Error} of its is thrown as it is,
   *     whenever
   */
  public static <T extends @Nullable Object> T closing(
      CancellationToken token, AutoCloseable resource, Callable<T> body) throws Exception {
    return closing(token, resource, body, _ -> false);
  }

  /**
   * Calls {@code body}, and closes {@code resource} when {@code token} is cancelled, as {@link
   * #closing(CancellationToken, AutoCloseable, Callable)} does, for a body whose value tells
   * whether it is whole: a line that has its end, a file that has its length.
   *
   * {@snippet class="dev.desist.snippets.BlockingSnippets" region="whole"}
   *
   * @param <T> what the body returns
   * @param token what may end the call
   * @param resource what to close, on another thread
   * @param body what to call, on the calling thread
   * @param isWhole asked, on the calling thread, of a value that the body returned although the
   *     resource was closed; and the last to see it, if the answer is no
   * @return what the body returned, if the resource was not closed before, or it is whole
   * @throws CancelledException as that method does, but for a value that is whole
   * @throws Exception what else the body threw
   */
  public static <T extends @Nullable Object> T closing(
      CancellationToken token,
      AutoCloseable resource,
      Callable<T> body,
      Predicate<? super T> isWhole)
      throws Exception {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(resource, "resource");
    Objects.requireNonNull(body, "body");
    Objects.requireNonNull(isWhole, "isWhole");
    token.throwIfCancelled();
    Stack.reserve();
    var closer = new Closer(resource);
    CancellationRegistration registration = token.onCancel(Cancellation.dispatcher(), closer);
    T value;
    try {
      value = body.call();
    } catch (Exception failure) {
      registration.close();
      throw isEnd(token, failure, closer.ran) ? closer.cancelled(token, failure) : failure;
    } finally {
      registration.close();
    }
    if (closer.ran && !isWhole.test(value)) {
      throw closer.cancelled(token, null);
    }
    return value;
  }

  /**
   * Calls {@code body}, and closes {@code resource} when the {@linkplain Cancellation#current()
   * current token} is cancelled.
   *
   * @param <T> what the body returns
   * @param resource what to close
   * @param body what to call, on the calling thread
   * @return what the body returned, if the resource was not closed before
   * @throws Exception as {@link #closing(CancellationToken, AutoCloseable, Callable)}
   */
  public static <T extends @Nullable Object> T closing(AutoCloseable resource, Callable<T> body)
      throws Exception {
    return closing(Cancellation.current(), resource, body);
  }

  /** Written by the dispatcher before the registration that it was called by is closed. */
  private static final class Closer implements Runnable {
    private final AutoCloseable resource;
    boolean ran;
    @Nullable Throwable failure;

    Closer(AutoCloseable resource) {
      this.resource = resource;
    }

    @Override
    public void run() {
      ran = true;
      try {
        resource.close();
      } catch (Throwable e) {
        failure = e;
      }
    }

    CancelledException cancelled(CancellationToken token, @Nullable Throwable cause) {
      var cancelled = new CancelledException(token, cause);
      if (failure != null) {
        cancelled.addSuppressed(failure);
      }
      return cancelled;
    }
  }

  /**
   * Calls {@code body}, and keeps the interrupts of this library from it: for a call that an
   * interrupt would harm, such as a write to a {@link java.nio.channels.FileChannel}, inside one of
   * {@link #interruptibly}. An interrupt that is due meanwhile comes when the body has ended, if
   * the call around it has not. Interrupts that others send are not held back.
   *
   * @param <T> what the body returns
   * @param body what to call, on the calling thread
   * @return what the body returned
   * @throws Exception what the body threw
   */
  public static <T extends @Nullable Object> T uninterruptibly(Callable<T> body) throws Exception {
    Objects.requireNonNull(body, "body");
    return GuardedThread.current().masked(body::call);
  }
}
