package dev.desist.internal;

import java.lang.ref.WeakReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A thread that makes guarded calls, one inside the other: calls that may be interrupted for a
 * reason of theirs, and no further (promise 18). All interrupts that the library sends are sent
 * here.
 */
public final class GuardedThread {
  /*
   * Overview: the monitor guards the state of all guarded calls of one thread. What this promises
   * to users is in Blocking; a subtask of a scope is a guarded call, too, around everything else on
   * its thread.
   *
   * States:      of a call:
   *              RUNNING -> INTERRUPTED                  the sender sent the interrupt
   *              RUNNING, INTERRUPTED -> LISTENED        it learnt of its cancellation in another
   *                                                      way, and needs none
   *              RUNNING, LISTENED, INTERRUPTED -> LEFT  the call is over; nothing can touch the
   *                                                      thread any more
   * Invariants:  1. An interrupt is sent only from RUNNING, under the monitor; leaving takes the
   *                 same monitor. So it is never sent after the call, once at most, and a call
   *                 never leaves in the middle of it.
   *              2. `interrupted` counts the INTERRUPTED calls of the thread: two that are to end
   *                 together know each other's interrupt for one of ours, and the inner call, on
   *                 leaving, sets the flag again for the outer one.
   *              3. A flag that is set while `interrupted` is 0 is somebody else's. It wakes the
   *                 body just as well, so ours waits until the body has dealt with it; if the body
   *                 then goes on, ours follows.
   *              4. While the thread is in a mask, no call around the mask leaves RUNNING but for
   *                 LISTENED, and none is forgotten: whoever finds a mask under the monitor puts
   *                 the call among those that are due, and the end of the mask sends it again.
   *                 Those that are INTERRUPTED already do not count inside: a call there that
   *                 leaves sets no flag for them.
   *              5. A call is handed to the sender unless it is with it already, and stays there,
   *                 or among those that are due, until the interrupt has been sent or is not
   *                 needed.
   * Errors:      whoever makes a call, or enters a mask, makes sure of the stack first, so that the
   *              way out has room; nothing on the way out allocates. A body that overflows the
   *              stack, or finds no memory, leaves as any other does.
   * The monitor is held while the interrupt is sent, against our own rule, because it is what makes
   * leaving wait for it. Only the thread itself, on its way out, and other senders aiming at the
   * same thread ever want it. If interrupt() hangs, it does so until the very call that the thread
   * is in has ended.
   * Garbage:     a thread may outlive the application that made guarded calls on it. So what it
   *              holds is a weak reference, a class of the JDK's; whoever is in a call holds on to
   *              the rest.
   */
  private static final ThreadLocal<@Nullable WeakReference<GuardedThread>> KNOWN =
      new ThreadLocal<>();

  private final Thread thread;

  /** Has {@link Call#deliver} called on threads that may hang in an interrupt. */
  private final Consumer<? super Call> sender;

  /**
   * How many calls inside the innermost mask that have not returned yet were interrupted. While
   * there are any, the thread's flag is ours. Written under the monitor; read without it by the
   * thread itself, which sees at least what came before an interrupt it noticed.
   */
  private volatile int interrupted;

  /** How many masks the thread is in. Written by the thread under the monitor. */
  private int masks;

  /** Calls whose interrupt is due, and held back. Guarded by the monitor. */
  private @Nullable Call due;

  /**
   * The state of a thread that has none yet.
   *
   * @param thread which
   */
  public GuardedThread(Thread thread) {
    this(thread, Lane.SIGNALS::hand);
  }

  /**
   * The state of a thread that has none yet.
   *
   * @param thread which
   * @param sender has {@link Call#deliver} called, until it says that it is done, on threads that
   *     may hang in an interrupt
   */
  public GuardedThread(Thread thread, Consumer<? super Call> sender) {
    this.thread = thread;
    this.sender = sender;
  }

  /** {@return the current thread} The same object as long as somebody holds on to it. */
  public static GuardedThread current() {
    Thread thread = Thread.currentThread();
    Ambient.Host host = Ambient.host();
    if (host != null) {
      GuardedThread hosts = host.guarded(thread);
      if (hosts != null) {
        return hosts;
      }
    }
    WeakReference<GuardedThread> known = KNOWN.get();
    GuardedThread found = known == null ? null : known.get();
    if (found == null) {
      found = new GuardedThread(thread);
      KNOWN.set(new WeakReference<>(found));
    }
    return found;
  }

  /** {@return a call that begins now, on this thread} It must be left. */
  public Call enter() {
    return new Call(masks);
  }

  /**
   * Calls {@code body} in a mask, which holds back the interrupts of all calls around it.
   *
   * @param <T> what the body returns
   * @param <X> what the body throws
   * @param body what to call, on this thread
   * @return what it returned
   * @throws X what it threw
   */
  public <T extends @Nullable Object, X extends Throwable> T masked(
      ScopedValue.CallableOp<T, X> body) throws X {
    Stack.reserveForStep();
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
    Call released;
    synchronized (this) {
      masks--;
      interrupted = aside;
      if (withheld) {
        thread.interrupt();
      }
      released = due;
      due = null;
    }
    while (released != null) {
      Call next = released.nextDue;
      released.nextDue = null;
      sender.accept(released); // those still masked come back
      released = next;
    }
  }

  /** What had become of our interrupt when a call was over. */
  public enum Ending {
    /** None was sent. */
    UNDISTURBED,
    /** It was sent, and nobody had taken notice. */
    UNNOTICED,
    /** Somebody had taken it. */
    TAKEN;

    /**
     * {@return whether our interrupt is why the call failed} Beside one that nobody took, what was
     * thrown may still say so, since who takes an interrupt may set the flag again.
     *
     * @param thrown what the call threw
     */
    public boolean explains(Throwable thrown) {
      return switch (this) {
        case UNDISTURBED -> false;
        case UNNOTICED -> Foreign.tellsOfInterrupt(thrown);
        case TAKEN -> true;
      };
    }
  }

  /** One guarded call. */
  public final class Call extends Lane.Task implements Lane.Prompt {
    private enum State {
      RUNNING,
      INTERRUPTED,
      LISTENED,
      LEFT
    }

    /** How many masks are around this call. */
    private final int masksAround;

    // Guarded by the thread's monitor.
    private State state = State.RUNNING;
    private @Nullable Call nextDue;

    /** Whether it is to be interrupted at all. */
    private boolean wanted;

    /** Whether it is the sender's, or among those that are due. */
    private boolean handed;

    private Call(int masksAround) {
      this.masksAround = masksAround;
    }

    /** {@return the thread} */
    public GuardedThread guarded() {
      return GuardedThread.this;
    }

    /**
     * On any thread: has this call interrupted by the sender, unless it was already, has listened
     * or is over. Quick, and allocates nothing.
     */
    @Override
    public void run() {
      boolean hand;
      synchronized (GuardedThread.this) {
        wanted = true;
        hand = isToBeHanded();
      }
      if (hand) {
        sender.accept(this);
      }
    }

    /** Under the monitor: whether it is to be handed over, which it counts as from now on. */
    private boolean isToBeHanded() {
      boolean hand = wanted && !handed && state == State.RUNNING;
      handed |= hand;
      return hand;
    }

    @Override
    protected void perform() {
      if (!deliver()) {
        Lane.again(this);
      }
    }

    /**
     * On the sender: interrupts the thread, if it is to be.
     *
     * @return false if it is to be tried again: somebody else's interrupt is pending
     */
    public boolean deliver() {
      synchronized (GuardedThread.this) {
        if (state == State.RUNNING && !isHeldBack()) {
          if (interrupted == 0 && thread.isInterrupted()) {
            return false; // invariant 3
          }
          state = State.INTERRUPTED;
          interrupted = interrupted + 1;
          thread.interrupt();
        }
        handed = nextDue != null || due == this;
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
      nextDue = due;
      due = this;
      return true;
    }

    /**
     * On the guarded thread: makes sure that this call is not interrupted any more. If it was just
     * now, that is taken back.
     */
    public void listened() {
      synchronized (GuardedThread.this) {
        if (state == State.INTERRUPTED) {
          interrupted = interrupted - 1;
          if (Thread.interrupted() && interrupted > 0) {
            thread.interrupt();
          }
        }
        if (state != State.LEFT) {
          state = State.LISTENED;
        }
      }
    }

    /**
     * On the guarded thread, once it has listened: lets an interrupt in all the same, until it has
     * {@linkplain #listened listened} again. For one who waits for others, to whom it is handed on.
     *
     * @return whether it had listened
     */
    public boolean listens() {
      boolean had;
      boolean hand;
      synchronized (GuardedThread.this) {
        had = state == State.LISTENED;
        if (had) {
          state = State.RUNNING;
        }
        hand = isToBeHanded();
      }
      if (hand) {
        sender.accept(this);
      }
      return had;
    }

    /**
     * {@return what has become of our interrupt so far} On the guarded thread, before it leaves.
     */
    public Ending ending() {
      synchronized (GuardedThread.this) {
        if (state != State.INTERRUPTED) {
          return Ending.UNDISTURBED;
        }
        return thread.isInterrupted() ? Ending.UNNOTICED : Ending.TAKEN;
      }
    }

    /**
     * On the guarded thread: ends the call, and takes back what is left of our interrupt.
     *
     * @param thrown whether the body threw an InterruptedException, which had cleared the flag
     * @return what had become of our interrupt
     */
    public Ending leave(boolean thrown) {
      synchronized (GuardedThread.this) {
        Ending ending = Ending.UNDISTURBED;
        boolean again; // whether the thread goes on interrupted
        if (state == State.INTERRUPTED) {
          interrupted = interrupted - 1;
          boolean flag = Thread.interrupted();
          ending = flag && !thrown ? Ending.UNNOTICED : Ending.TAKEN;
          // A flag beside a thrown exception, which had cleared it: the second interrupt, and one
          // of the two is not ours.
          again = (flag && thrown) || interrupted > 0;
        } else {
          // The body may have swallowed what was meant for an outer call.
          again = !thrown && interrupted > 0;
        }
        state = State.LEFT;
        if (again) {
          thread.interrupt();
        }
        return ending;
      }
    }

    /**
     * {@return whether no call of this thread is interrupted: nothing to take back, or to hand on}
     */
    public boolean isUndisturbed() {
      return interrupted == 0;
    }
  }
}
