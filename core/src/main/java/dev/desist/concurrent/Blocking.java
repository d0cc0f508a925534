package dev.desist.concurrent;

import dev.desist.Action;
import dev.desist.Cancellation;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Task;
import dev.desist.internal.Arguments;
import dev.desist.internal.GuardedThread;
import dev.desist.internal.Lane;
import dev.desist.internal.Stack;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
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
 * <p>A call obeys the token that it is given and the {@linkplain Cancellation#current() current}
 * one: <i>the token</i>, in what follows, is the two together.
 *
 * <p><b>Not for sockets, channels and files.</b> An interrupt closes a channel, also under others
 * that use it, and a socket that a virtual thread reads from. {@code dev.desist.net} and {@code
 * dev.desist.io} have what reads and writes under a token and stays open.
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
 *
 * <h2>General exceptions</h2>
 *
 * <p>A null argument gives a {@link NullPointerException} that names the parameter.
 */
public final class Blocking {
  private Blocking() {}

  // ---- by an interrupt ----

  /**
   * Calls {@code body}, and interrupts it when {@code token} is cancelled. If the token is
   * cancelled already, the body is not called.
   *
   * @param <T> what the body returns
   * @param <X> what the body throws
   * @param token what may end the call
   * @param body what to call, on the calling thread
   * @return what the body returned, even if the token was cancelled meanwhile
   * @throws CancelledException if the token is cancelled already; or if the body ended because of
   *     it, with an exception of whatever class, which is the cause then. So it is if the token
   *     {@linkplain CancellationToken#caused caused} the exception; and, once the body was
   *     interrupted for the token, if somebody took that interrupt, or if the exception, or one
   *     that it was made from, names an interrupt in its class or its message. An exception beside
   *     which the interrupt still stands, unnoticed, is the body's own
   * @throws X what else the body threw; an {@link InterruptedException} if that was for somebody
   *     else's interrupt; an {@link Error} of its is thrown as it is, whenever
   */
  public static <T extends @Nullable Object, X extends Exception> T interruptibly(
      CancellationToken token, Task<T, X> body) throws X {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(body, "body");
    return guarded(Cancellation.currentWith(token), body);
  }

  /**
   * Performs {@code body}, and interrupts it when {@code token} is cancelled, as {@link
   * #interruptibly(CancellationToken, Task)} does.
   *
   * {@snippet class="dev.desist.snippets.BlockingSnippets" region="nothing"}
   *
   * @param <X> what the body throws
   * @param token what may end the call
   * @param body what to do, on the calling thread
   * @throws CancelledException as that method does
   * @throws X what else the body threw
   */
  public static <X extends Exception> void interruptibly(CancellationToken token, Action<X> body)
      throws X {
    Objects.requireNonNull(body, "body");
    interruptibly(token, done(body));
  }

  /**
   * Calls {@code body}, and interrupts it when {@code token} is cancelled, as {@link
   * #interruptibly(CancellationToken, Task)} does, or when {@code timeout} has passed. That is no
   * cancellation for the caller; the body cannot tell the two apart.
   *
   * {@snippet class="dev.desist.snippets.BlockingSnippets" region="timed"}
   *
   * @param <T> what the body returns
   * @param <X> what the body throws
   * @param token what may end the call
   * @param timeout how long, by the token's {@link dev.desist.TimeSource}, or the current one if it
   *     has none; zero does not call the body at all; longer than 146 years means for ever
   * @param body what to call, on the calling thread
   * @return what the body returned, even if the time was over meanwhile; empty if it ended because
   *     the time was over, or returned null
   * @throws CancelledException as that method does
   * @throws IllegalArgumentException if the timeout is negative
   * @throws X what else the body threw
   */
  public static <T, X extends Exception> Optional<T> interruptibly(
      CancellationToken token, Duration timeout, Task<? extends @Nullable T, X> body) throws X {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(body, "body");
    return Optional.ofNullable(
        guarded(Cancellation.currentWith(token), Arguments.notNegative(timeout, "timeout"), body));
  }

  /**
   * Performs {@code body}, and interrupts it when {@code token} is cancelled or {@code timeout} has
   * passed, as {@link #interruptibly(CancellationToken, Duration, Task)} does.
   *
   * @param <X> what the body throws
   * @param token what may end the call
   * @param timeout how long; zero does not begin
   * @param body what to do, on the calling thread
   * @return whether it was done, even if the time was over meanwhile; false if it ended because the
   *     time was over
   * @throws CancelledException as that method does
   * @throws IllegalArgumentException if the timeout is negative
   * @throws X what else the body threw
   */
  public static <X extends Exception> boolean interruptibly(
      CancellationToken token, Duration timeout, Action<X> body) throws X {
    Objects.requireNonNull(body, "body");
    return interruptibly(token, timeout, done(body)).isPresent();
  }

  /** A task that says when it is done. */
  private static <X extends Exception> Task<Boolean, X> done(Action<X> body) {
    return () -> {
      body.perform();
      return true;
    };
  }

  /**
   * Asks a token, and the current one, before a call that may not have to wait: what has to wait
   * puts the two together.
   */
  static void checkpoint(CancellationToken token) {
    token.throwIfCancelled();
    Cancellation.checkpoint();
  }

  /** Calls {@code body}, and interrupts it when {@code token} is cancelled, that one alone. */
  static <T extends @Nullable Object, X extends Exception> T guarded(
      CancellationToken token, Task<T, X> body) throws X {
    if (!token.canBeCancelled()) {
      return body.call();
    }
    token.throwIfCancelled();
    Lane.setAside();
    return interruptibly(GuardedThread.current(), token, body);
  }

  /**
   * Calls {@code body}, and interrupts it when {@code token} is cancelled or the time is over.
   *
   * @return what it returned, also if the time is over (promise 20); or null, if that has ended it
   */
  static <T extends @Nullable Object, X extends Exception> @Nullable T guarded(
      CancellationToken token, Duration timeout, Task<T, X> body) throws X {
    Stack.reserve();
    CancellationSource limited = token.childWithTimeout(timeout);
    try {
      return guarded(limited.token(), body);
    } catch (CancelledException e) {
      if (!limited.token().caused(e)) {
        throw e; // the body's own
      }
      if (token.isCancelled()) {
        throw new CancelledException(token, e.getCause()); // its words are not of the limit
      }
      return null; // no cancellation for whoever set the limit (promise 16)
    } finally {
      close(limited);
    }
  }

  private static void close(CancellationSource limited) {
    try {
      limited.close();
    } catch (OutOfMemoryError e) {
      // What the body has taken is not lost for that: the deadline ends it, too.
    }
  }

  /**
   * Calls {@code body}: between {@code enter} and {@code leave}, and nowhere else, it is
   * interrupted (promise 18).
   */
  static <T extends @Nullable Object, X extends Exception> T interruptibly(
      GuardedThread thread, CancellationToken token, Task<T, X> body) throws X {
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

  // ---- by closing what is in use ----

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
   * #closing(CancellationToken, AutoCloseable, Task, Predicate)}.
   *
   * @param <T> what the body returns
   * @param <X> what the body throws
   * @param token what may end the call
   * @param resource what to close, on another thread; it must be of the kind that may be closed
   *     while it is in use
   * @param body what to call, on the calling thread
   * @return what the body returned, if the resource was not closed before
   * @throws CancelledException if the token is cancelled already, or if the resource was closed
   *     before the body had ended; if that threw an exception, it is the cause, and what closing
   *     threw is suppressed
   * @throws X what else the body threw; an {@link Error} of its is thrown as it is, whenever
   */
  public static <T extends @Nullable Object, X extends Exception> T closing(
      CancellationToken token, AutoCloseable resource, Task<T, X> body) throws X {
    return closing(token, resource, body, _ -> false);
  }

  /**
   * Performs {@code body}, and closes {@code resource} when {@code token} is cancelled, as {@link
   * #closing(CancellationToken, AutoCloseable, Task)} does.
   *
   * @param <X> what the body throws
   * @param token what may end the call
   * @param resource what to close, on another thread
   * @param body what to do, on the calling thread
   * @throws CancelledException as that method does
   * @throws X what else the body threw
   */
  public static <X extends Exception> void closing(
      CancellationToken token, AutoCloseable resource, Action<X> body) throws X {
    Objects.requireNonNull(body, "body");
    closing(token, resource, done(body));
  }

  /**
   * Calls {@code body}, and closes {@code resource} when {@code token} is cancelled, as {@link
   * #closing(CancellationToken, AutoCloseable, Task)} does, for a body whose value tells whether it
   * is whole: a line that has its end, a file that has its length.
   *
   * {@snippet class="dev.desist.snippets.BlockingSnippets" region="whole"}
   *
   * @param <T> what the body returns
   * @param <X> what the body throws
   * @param token what may end the call
   * @param resource what to close, on another thread
   * @param body what to call, on the calling thread
   * @param isWhole asked, on the calling thread, of a value that the body returned although the
   *     resource was closed; and the last to see it, if the answer is no
   * @return what the body returned, if the resource was not closed before, or it is whole
   * @throws CancelledException as that method does, but for a value that is whole
   * @throws X what else the body threw
   */
  public static <T extends @Nullable Object, X extends Exception> T closing(
      CancellationToken token,
      AutoCloseable resource,
      Task<T, X> body,
      Predicate<? super T> isWhole)
      throws X {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(resource, "resource");
    Objects.requireNonNull(body, "body");
    Objects.requireNonNull(isWhole, "isWhole");
    CancellationToken obeyed = Cancellation.currentWith(token);
    obeyed.throwIfCancelled();
    Stack.reserve();
    var closer = new Closer(resource);
    CancellationRegistration registration = obeyed.onCancel(Lane.CALLBACKS, closer);
    T value;
    try {
      value = body.call();
    } catch (Exception failure) {
      registration.close();
      if (isEnd(obeyed, failure, closer.ran)) {
        throw closer.cancelled(obeyed, failure);
      }
      throw failure;
    } finally {
      registration.close();
    }
    if (closer.ran && !isWhole.test(value)) {
      throw closer.cancelled(obeyed, null);
    }
    return value;
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

  // ---- kept from an interrupt ----

  /**
   * Calls {@code body}, and keeps the interrupts of this library from it: for a call that an
   * interrupt would harm, such as a write to a {@link java.nio.channels.FileChannel}, inside one of
   * {@link #interruptibly}. An interrupt that is due meanwhile comes when the body has ended, if
   * the call around it has not. Interrupts that others send are not held back.
   *
   * @param <T> what the body returns
   * @param <X> what the body throws
   * @param body what to call, on the calling thread
   * @return what the body returned
   * @throws X what the body threw
   */
  public static <T extends @Nullable Object, X extends Exception> T uninterruptibly(Task<T, X> body)
      throws X {
    Objects.requireNonNull(body, "body");
    return GuardedThread.current().masked(body::call);
  }

  /**
   * Performs {@code body}, and keeps the interrupts of this library from it, as {@link
   * #uninterruptibly(Task)} does.
   *
   * @param <X> what the body throws
   * @param body what to do, on the calling thread
   * @throws X what the body threw
   */
  public static <X extends Exception> void uninterruptibly(Action<X> body) throws X {
    Objects.requireNonNull(body, "body");
    uninterruptibly(done(body));
  }
}
