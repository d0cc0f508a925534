package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Ends blocking calls that listen to an interrupt and to nothing else, such as {@code
 * queue.take()}, {@code lock.lockInterruptibly()} or {@code future.get()}, when a token is
 * cancelled.
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
 * who use it, and a socket that a virtual thread reads from.
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
   * @param <T> what the body returns
   * @param token what may end the call
   * @param body what to call, on the calling thread
   * @return what the body returned, even if the token was cancelled meanwhile
   * @throws CancelledException if the token is cancelled already, or if the body ended with an
   *     {@link InterruptedException}, {@link InterruptedIOException} or {@link
   *     ClosedByInterruptException} because of it, which is the cause then
   * @throws InterruptedException if the body threw it and it was somebody else's interrupt
   * @throws Exception what else the body threw
   */
  public static <T extends @Nullable Object> T interruptibly(
      CancellationToken token, Callable<T> body) throws Exception {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(body, "body");
    if (!token.canBeCancelled()) {
      return body.call();
    }
    token.throwIfCancelled();
    var call = new Call(Guarded.current());
    CancellationRegistration registration = token.onCancel(Cancellation.dispatcher(), call);
    T result;
    try {
      result = body.call();
    } catch (Throwable failure) {
      boolean ours = call.leave(registration, failure instanceof InterruptedException);
      if (ours && isInterruption(failure)) {
        throw new CancelledException(token, failure);
      }
      throw failure;
    }
    call.leave(registration, false);
    return result;
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

  private static boolean isInterruption(Throwable failure) {
    return failure instanceof InterruptedException
        || failure instanceof ClosedByInterruptException
        || failure instanceof InterruptedIOException;
  }

  /**
   * A thread that makes guarded calls, one inside the other. Its monitor guards the state of all of
   * them.
   */
  private static final class Guarded {
    private static final ThreadLocal<Guarded> CURRENT = ThreadLocal.withInitial(Guarded::new);

    final Thread thread = Thread.currentThread();

    /**
     * How many calls that have not returned yet were interrupted. While there are any, the thread's
     * flag is ours. Written under the monitor; read without it by the thread itself, which sees at
     * least what came before an interrupt it noticed.
     */
    volatile int interrupted;

    static Guarded current() {
      return CURRENT.get();
    }
  }

  /*
   * One guarded call.
   *
   * States:      RUNNING -> INTERRUPTED  the dispatcher sent the interrupt
   *              RUNNING, INTERRUPTED -> LEFT  the call is over; nothing can touch the thread any more
   * Invariants:  1. An interrupt is sent only from RUNNING, under the monitor of the thread's Guarded; leaving takes the same
   *                 monitor. So it is never sent after the call, and a call never leaves in the middle of it.
   *              2. `interrupted` counts the INTERRUPTED calls of the thread: two tokens that fire together know each other's
   *                 interrupt for one of ours, and the inner call, on leaving, sets the flag again for the outer one.
   *              3. A flag that is set while `interrupted` is 0 is somebody else's. It wakes the body just as well, so ours
   *                 waits until the body has dealt with it; if the body then goes on, ours follows.
   * The monitor is held while the interrupt is sent, against our own rule, because it is what makes leaving wait for it. Only
   * the thread itself, on its way out, and other dispatchers aiming at the same thread ever want it. If interrupt() hangs, it
   * does so until the very call that the thread is in has ended.
   */
  private static final class Call implements Runnable {
    private enum State {
      RUNNING,
      INTERRUPTED,
      LEFT
    }

    private final Guarded guarded;
    private State state = State.RUNNING;

    Call(Guarded guarded) {
      this.guarded = guarded;
    }

    /** On the dispatcher, once. Ends when the interrupt is sent or the call has been left. */
    @Override
    public void run() {
      while (!deliver()) {
        LockSupport.parkNanos(1_000_000); // somebody else's interrupt is pending (invariant 3)
      }
    }

    private boolean deliver() {
      synchronized (guarded) {
        if (state == State.RUNNING) {
          if (guarded.interrupted == 0 && guarded.thread.isInterrupted()) {
            return false;
          }
          state = State.INTERRUPTED;
          guarded.interrupted = guarded.interrupted + 1;
          guarded.thread.interrupt();
        }
        return true;
      }
    }

    /**
     * On the guarded thread: ends the call, and takes back what is left of our interrupt.
     *
     * @param thrown whether the body threw an InterruptedException, which had cleared the flag
     * @return whether this call was interrupted by us
     */
    boolean leave(CancellationRegistration registration, boolean thrown) {
      if (registration.unregister() && guarded.interrupted == 0) {
        return false; // the usual way: nothing was sent, and nothing will be
      }
      synchronized (guarded) {
        boolean ours = state == State.INTERRUPTED;
        state = State.LEFT;
        boolean again; // whether the thread goes on interrupted
        if (ours) {
          guarded.interrupted = guarded.interrupted - 1;
          // A flag beside a thrown exception, which had cleared it: the second interrupt, and one
          // of the two is not ours.
          boolean other = Thread.interrupted() && thrown;
          again = other || guarded.interrupted > 0;
        } else {
          again =
              !thrown
                  && guarded.interrupted
                      > 0; // the body may have swallowed what was meant for an outer call
        }
        if (again) {
          guarded.thread.interrupt();
        }
        return ours;
      }
    }
  }
}
