package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/*
 * Overview: a thread that makes guarded calls, one inside the other: calls that a token may interrupt. Its monitor guards the
 * state of all of them. What it promises to users is in Blocking.
 *
 * States:      of a call: RUNNING -> INTERRUPTED  the sender sent the interrupt
 *              RUNNING, INTERRUPTED -> LEFT  the call is over; nothing can touch the thread any more
 * Invariants:  1. An interrupt is sent only from RUNNING, under the monitor; leaving takes the same monitor. So it is never sent
 *                 after the call, and a call never leaves in the middle of it.
 *              2. `interrupted` counts the INTERRUPTED calls of the thread: two tokens that fire together know each other's
 *                 interrupt for one of ours, and the inner call, on leaving, sets the flag again for the outer one.
 *              3. A flag that is set while `interrupted` is 0 is somebody else's. It wakes the body just as well, so ours
 *                 waits until the body has dealt with it; if the body then goes on, ours follows.
 *              4. While the thread is in a mask, no call around the mask leaves RUNNING, and none is forgotten: who finds a
 *                 mask under the monitor puts the call among those that are due, and the end of the mask sends it again.
 *                 Those that are INTERRUPTED already do not count inside: a call there that leaves sets no flag for them.
 * The monitor is held while the interrupt is sent, against our own rule, because it is what makes leaving wait for it. Only
 * the thread itself, on its way out, and other senders aiming at the same thread ever want it. If interrupt() hangs, it
 * does so until the very call that the thread is in has ended.
 */
final class GuardedThread {
  private static final ThreadLocal<GuardedThread> CURRENT =
      ThreadLocal.withInitial(() -> new GuardedThread(Cancellation.dispatcher()));

  private final Thread thread = Thread.currentThread();

  /** On whose threads interrupts are sent. */
  private final Executor sender;

  /**
   * How many calls inside the innermost mask that have not returned yet were interrupted. While
   * there are any, the thread's flag is ours. Written under the monitor; read without it by the
   * thread itself, which sees at least what came before an interrupt it noticed.
   */
  private volatile int interrupted;

  /** How many masks the thread is in. Written by the thread under the monitor. */
  private int masks;

  /** Calls whose interrupt is due, and held back. Guarded by the monitor. */
  private @Nullable List<Call> due;

  /** The calling thread, which none but {@code sender} is to interrupt for us. */
  GuardedThread(Executor sender) {
    this.sender = sender;
  }

  static GuardedThread current() {
    return CURRENT.get();
  }

  /** Calls {@code body}, and has the thread interrupted when {@code token} is cancelled. */
  <T extends @Nullable Object> T interruptibly(CancellationToken token, Callable<T> body)
      throws Exception {
    var call = new Call(masks);
    CancellationRegistration registration = token.onCancel(sender, call);
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

  private static boolean isInterruption(Throwable failure) {
    return failure instanceof InterruptedException
        || failure instanceof ClosedByInterruptException
        || failure instanceof InterruptedIOException;
  }

  /** Calls {@code body} in a mask, which holds back the interrupts of all calls around it. */
  <T extends @Nullable Object> T uninterruptibly(Callable<T> body) throws Exception {
    int aside;
    boolean withheld;
    synchronized (this) {
      masks++;
      aside = interrupted;
      withheld = aside > 0 && Thread.interrupted();
      interrupted = 0;
    }
    try {
      return body.call();
    } finally {
      unmask(aside, withheld);
    }
  }

  /**
   * Ends a mask.
   *
   * @param aside how many of the calls around it were interrupted before it
   * @param withheld whether the flag was set then
   */
  private void unmask(int aside, boolean withheld) {
    List<Call> released;
    synchronized (this) {
      masks--;
      interrupted = aside;
      if (withheld) {
        thread.interrupt();
      }
      released = due;
      due = null;
    }
    if (released != null) {
      released.forEach(sender::execute); // those still masked come back
    }
  }

  /** One guarded call. */
  private final class Call implements Runnable {
    private enum State {
      RUNNING,
      INTERRUPTED,
      LEFT
    }

    /** How many masks are around this call. */
    private final int masksAround;

    /** Guarded by the thread's monitor. */
    private State state = State.RUNNING;

    Call(int masksAround) {
      this.masksAround = masksAround;
    }

    /** On the sender. Ends when the interrupt is sent or held back, or the call has been left. */
    @Override
    public void run() {
      while (!deliver()) {
        LockSupport.parkNanos(1_000_000); // somebody else's interrupt is pending (invariant 3)
      }
    }

    private boolean deliver() {
      synchronized (GuardedThread.this) {
        if (state == State.RUNNING && !isHeldBack()) {
          if (interrupted == 0 && thread.isInterrupted()) {
            return false;
          }
          state = State.INTERRUPTED;
          interrupted = interrupted + 1;
          thread.interrupt();
        }
        return true;
      }
    }

    /**
     * Under the monitor: whether there is a mask inside this call, which is to come again after.
     */
    private boolean isHeldBack() {
      if (masks == masksAround) {
        return false;
      }
      due = due == null ? new ArrayList<>(1) : due;
      due.add(this);
      return true;
    }

    /**
     * On the guarded thread: ends the call, and takes back what is left of our interrupt.
     *
     * @param thrown whether the body threw an InterruptedException, which had cleared the flag
     * @return whether this call was interrupted by us
     */
    boolean leave(CancellationRegistration registration, boolean thrown) {
      if (registration.unregister() && interrupted == 0) {
        return false; // the usual way: nothing was sent, and nothing will be
      }
      synchronized (GuardedThread.this) {
        boolean ours = state == State.INTERRUPTED;
        state = State.LEFT;
        boolean again; // whether the thread goes on interrupted
        if (ours) {
          interrupted = interrupted - 1;
          // A flag beside a thrown exception, which had cleared it: the second interrupt, and one
          // of the two is not ours.
          boolean other = Thread.interrupted() && thrown;
          again = other || interrupted > 0;
        } else {
          // The body may have swallowed what was meant for an outer call.
          again = !thrown && interrupted > 0;
        }
        if (again) {
          thread.interrupt();
        }
        return ours;
      }
    }
  }
}
