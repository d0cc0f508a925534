package dev.desist;

import dev.desist.internal.Fields;
import dev.desist.internal.Stack;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/*
 * Overview: a node is what stands behind one token: its verdict, its callbacks, its children and
 * its own deadline. A parent holds its nodes strongly and each node holds its token weakly, so a
 * token that was forgotten can be collected, and its node taken out of the parent, while a node
 * with callbacks (which hold the token) stays and can still be cancelled. Walking over a tree of
 * nodes is Sweep's business; what follows concerns one node and its parent.
 *
 * States:      LIVE (verdict == null) -> CANCELLED (verdict != null), once and for ever.
 *              As a member of its parent's list: ATTACHED -> DETACHED (previous == this), once.
 * Invariants:  1. `verdict` is written once, under the lock. Whoever finds it copies it to the
 *                 token before acting on it, so the token may lag behind its node, but nothing that
 *                 follows from the verdict comes before the token tells.
 *              2. Callbacks and children are added only under the lock and only while LIVE: on a
 *                 cancelled node the lists can only shrink. Whoever adds holds the node's token, so
 *                 a node whose token is gone grows no more.
 *              3. While the parent is LIVE, `next` and `previous` belong to the parent's lock. Once
 *                 the parent is CANCELLED its list is frozen, and belongs to the thread whose
 *                 verdict the parent carries; that thread takes the list apart, after its sweep,
 *                 and nobody else writes to it.
 *              4. A node leaves a LIVE parent's list only when it is itself CANCELLED and swept, or
 *                 forgotten with no callback and no child. So whoever cancels the parent finds
 *                 everything that still needs telling.
 *              5. A cancelled child carries its own verdict or that of a parent, and never another.
 * Lock:        `state`. Held for a few loads and stores, never while user code runs (promise 8), a
 *              thread is woken or interrupted, or another node's lock is taken: there is no lock
 *              order because no two are ever held.
 * Ordering:    lock acquires; the volatile store of UNLOCKED releases. A token's copy of the
 *              verdict is written with release and read with acquire: enough for a poll, which
 *              carries "reason before flag" because they are one reference. A thread that waits
 *              registers under the lock before it parks, so it either sees the verdict or is found
 *              by the sweep; that needs no further fence. List pointers are read with acquire and
 *              cleared with release during sweeps: whoever finds a pointer cleared also sees every
 *              verdict that the clearing thread had set before (invariant 3).
 * Progress:    a holder of the lock never waits and never throws, so waiting for it is bounded by
 *              the holder's being scheduled; waiters spin, then yield, then sleep briefly. Polls
 *              never wait at all. UNLOCKED is stored as a plain statement in a finally block: a
 *              call could overflow the stack there, and leave the lock held for ever.
 * Garbage:     a live parent keeps a node only while the node is live and either somebody holds its
 *              token or it has callbacks or children. Nothing here reacts to garbage collection
 *              except to free and to report.
 * Sources:     the lock bit in the state word and "pop one, run it outside" follow C++ stop_token
 *              implementations; the frozen list with helpers is our own answer to "flag everything
 *              first" when several cancels meet in one tree.
 */
class Node extends WeakReference<CancellationToken> {
  private static final int UNLOCKED = 0;
  private static final int LOCKED = 1;

  private static final VarHandle STATE = Fields.of(MethodHandles.lookup(), "state", int.class);
  private static final VarHandle VERDICT =
      Fields.of(MethodHandles.lookup(), "verdict", Verdict.class);
  private static final VarHandle NEXT = Fields.of(MethodHandles.lookup(), "next", Node.class);
  private static final VarHandle FIRST_CHILD =
      Fields.of(MethodHandles.lookup(), "firstChild", Node.class);

  final @Nullable Node parent;
  final @Nullable String name;
  final TimeSource time;

  private volatile int state;
  private @Nullable Verdict verdict;

  /**
   * What is to run on cancellation; those that only wake somebody stand apart, since they go first.
   * Guarded by the lock; members add themselves through {@link #add}, and leave by {@link
   * CancellationRegistration#leave}.
   */
  @Nullable CancellationRegistration callbacks;

  @Nullable CancellationRegistration wakers;

  private @Nullable Alarm alarm;
  private @Nullable Node firstChild;
  private @Nullable Node next;
  private @Nullable Node previous;

  /**
   * A node behind {@code token}, which is null only for the members of {@link LinkedNode}. It is
   * not attached yet.
   */
  Node(
      @Nullable CancellationToken token,
      @Nullable Node parent,
      @Nullable String name,
      TimeSource time) {
    super(token, Forgotten.QUEUE);
    this.parent = parent;
    this.name = name;
    this.time = time;
    this.previous = this;
  }

  // ---- the lock ----

  private void lock() {
    if (!STATE.weakCompareAndSetAcquire(this, UNLOCKED, LOCKED)) {
      lockSlowly();
    }
  }

  /** Ends when the holder, which waits for nobody, has been scheduled to its unlock. */
  @SuppressWarnings("ThreadPriorityCheck") // yields only so that the holder can run
  private void lockSlowly() {
    for (int tries = 0; ; tries++) {
      if (state == UNLOCKED && STATE.weakCompareAndSetAcquire(this, UNLOCKED, LOCKED)) {
        return;
      }
      if (tries < 64) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
        if (tries > 128) {
          LockSupport.parkNanos(20_000);
        }
      }
    }
  }

  // ---- the verdict ----

  final @Nullable Verdict verdict() {
    return (Verdict) VERDICT.getAcquire(this);
  }

  /**
   * Cancels this one node if it is live (promise 1). Afterwards its token tells, if it is
   * cancelled.
   *
   * @param due if not null, cancels only if this is still the node's alarm
   * @return whether this call did it
   */
  final boolean convict(Verdict verdict, @Nullable Alarm due) {
    boolean first;
    lock();
    try {
      first = this.verdict == null && (due == null || due == alarm);
      if (first) {
        VERDICT.setRelease(this, verdict);
      } else if (due != null) {
        due.early = true;
      }
    } finally {
      state = UNLOCKED;
    }
    publish(); // also after another's verdict: nobody leaves here before the token tells
    return first;
  }

  /** Makes the token of this cancelled node tell, whoever it was that cancelled (invariant 1). */
  final void publish() {
    Verdict found = verdict();
    CancellationToken token = get();
    if (found != null) {
      ended();
      if (token != null) { // without a token nobody is left who could poll
        token.publish(found);
      }
    }
  }

  /** Called once or more, after the verdict: for the diagnosis of forgotten children. */
  void ended() {}

  /** Cancels this node and everything below it, and runs the callbacks on the calling thread. */
  final boolean cancel(CancellationReason reason) {
    Sweep sweep = begin(reason, null);
    if (sweep == null) {
      return false;
    }
    sweep.prepare();
    sweep.run();
    return true;
  }

  /**
   * Cancels this one node; everything else is left to the sweep.
   *
   * @return the sweep that is to be run now, or null if this call did not cancel
   */
  final @Nullable Sweep begin(CancellationReason reason, @Nullable Alarm due) {
    Stack.reserveToEnd();
    var verdict = new Verdict(reason);
    var sweep = new Sweep(verdict, this);
    if (convict(verdict, due)) {
      return sweep;
    }
    Verdict found = verdict();
    if (found != null && !found.swept) {
      new Sweep(found, Lineage.origin(this, found))
          .flag(); // whoever was first may stand still, or have been cut off
    }
    return null;
  }

  /**
   * Whether there is nobody to tell. On a cancelled node this stays so once it is; on a live one it
   * is a guess.
   */
  final boolean isBare() {
    return firstChildAcquire() == null && !hasWakers() && !hasCallbacks();
  }

  // ---- callbacks ----

  /**
   * Adds {@code registration}, in a few steps however many there are (promise 11), unless this node
   * is cancelled; returns the verdict if it is.
   */
  final @Nullable Verdict add(CancellationRegistration registration) {
    boolean waker = registration.isWaker();
    Verdict found;
    lock();
    try {
      found = verdict;
      if (found == null) {
        CancellationRegistration head = waker ? wakers : callbacks;
        registration.next = head;
        if (head != null) {
          head.previous = registration;
        }
        if (waker) {
          wakers = registration;
        } else {
          callbacks = registration;
        }
      }
    } finally {
      state = UNLOCKED;
    }
    return found;
  }

  /** Takes {@code registration} out if it is still waiting; true only for the call that did. */
  final boolean remove(CancellationRegistration registration) {
    boolean waker = registration.isWaker();
    lock();
    try {
      return registration.leave(this, waker, CancellationRegistration.WITHDRAWN);
    } finally {
      state = UNLOCKED;
    }
  }

  /**
   * Takes one waker of a cancelled node out, marked as begun, or returns null when none is left.
   */
  final @Nullable CancellationRegistration popWaker() {
    return hasWakers() ? pop(true) : null;
  }

  /**
   * Takes one callback of a cancelled node out, marked as begun, or returns null when none is left.
   */
  final @Nullable CancellationRegistration popCallback() {
    return hasCallbacks() ? pop(false) : null;
  }

  // Read without the lock, by sweeps: on a cancelled node "none" is final (invariant 2), and a
  // stale "some" costs one look.

  final boolean hasWakers() {
    return wakers != null;
  }

  final boolean hasCallbacks() {
    return callbacks != null;
  }

  final boolean hasChildren() {
    return firstChildAcquire() != null;
  }

  final boolean hasAlarm() {
    return alarm != null;
  }

  private @Nullable CancellationRegistration pop(boolean waker) {
    lock();
    try {
      CancellationRegistration head = waker ? wakers : callbacks;
      if (head != null) {
        boolean _ = head.leave(this, waker, head.begun());
      }
      return head;
    } finally {
      state = UNLOCKED;
    }
  }

  // ---- children ----

  /**
   * Makes {@code child}, which nobody else knows yet, a member of this node's list, in a few steps
   * however many there are (promise 11), or lets it be born cancelled (promise 12).
   */
  final void adopt(Node child) {
    Verdict found;
    lock();
    try {
      found = verdict;
      if (found == null) {
        Node head = firstChild;
        child.previous = null;
        child.next = head;
        if (head != null) {
          head.previous = child;
        }
        firstChild = child;
      }
    } finally {
      state = UNLOCKED;
    }
    if (found != null) {
      publish(); // first, so that no token tells before the one above it
      child.convict(found, null);
    }
  }

  /**
   * Leaves the lists of its parents, which keep nothing of it (promise 14). A parent whose last
   * child that was, and whose token is gone, can no longer matter and leaves too, and so on
   * upwards; a loop, since the chain can be long.
   */
  final void detach() {
    ArrayDeque<Node> pending = null; // only linked nodes leave more than one list
    for (Node leaving = this; leaving != null; ) {
      Node holder = leaving.parent;
      if (holder == null) {
        for (Node member : leaving.members()) {
          pending = pending == null ? new ArrayDeque<>() : pending;
          pending.add(member);
        }
      } else if (holder.drop(leaving) && holder.isForgotten()) {
        holder.disarm();
        leaving = holder;
        continue;
      }
      leaving = pending == null ? null : pending.poll();
    }
  }

  /**
   * Takes {@code child} out, if it is there and the list is ours to change; returns whether the
   * list is empty then.
   */
  private boolean drop(Node child) {
    boolean last = false;
    lock();
    try {
      if (verdict == null && child.previous != child) {
        Node before = child.previous;
        Node after = child.next;
        if (before == null) {
          firstChild = after;
        } else {
          before.next = after;
        }
        if (after != null) {
          after.previous = before;
        }
        child.next = null;
        child.previous = child;
        last = firstChild == null;
      }
    } finally {
      state = UNLOCKED;
    }
    return last;
  }

  /**
   * Whether nothing can ever happen through this node: nobody holds its token, and it has nothing
   * to tell or to pass on.
   */
  final boolean isForgotten() {
    if (!refersTo(null)) {
      return false;
    }
    lock();
    try {
      return verdict == null && firstChild == null && callbacks == null && wakers == null;
    } finally {
      state = UNLOCKED;
    }
  }

  /** The first child; for sweeps only, which come after the verdict. */
  final @Nullable Node firstChildAcquire() {
    return (Node) FIRST_CHILD.getAcquire(this);
  }

  /** The next member of the parent's list; for sweeps only. */
  final @Nullable Node nextAcquire() {
    return (Node) NEXT.getAcquire(this);
  }

  /**
   * Lets go of the first member; only for the thread whose verdict this node carries (invariant 3).
   */
  final void setFirstChild(@Nullable Node next) {
    FIRST_CHILD.setRelease(this, next);
  }

  /**
   * Lets go of the neighbours; only for the thread whose verdict the parent carries (invariant 3).
   */
  final void clearNeighbours() {
    previous = this;
    NEXT.setRelease(this, null);
  }

  // ---- the node's own deadline ----

  /**
   * Puts {@code alarm} in the place of the one before.
   *
   * @param alarm null if there is to be none
   * @param isNew whether this node is new, and then has the alarm also if it was born cancelled
   * @return which of the two is to leave the timer: {@code alarm} itself if this node is cancelled
   */
  final @Nullable Alarm replaceAlarm(@Nullable Alarm alarm, boolean isNew) {
    lock();
    try {
      Alarm before = this.alarm;
      boolean live = verdict == null;
      if (live || (isNew && before == null)) {
        this.alarm = alarm;
      }
      return live ? before : alarm;
    } finally {
      state = UNLOCKED;
    }
  }

  /** Takes this node's alarm, if it has one, out of the timer. */
  final void disarm() {
    Alarm armed = alarm();
    if (armed != null) {
      armed.cancel();
    }
  }

  final @Nullable Alarm alarm() {
    lock();
    try {
      return alarm;
    } finally {
      state = UNLOCKED;
    }
  }

  // ---- looking up the tree ----

  /** The parent of a node that is known to have one. */
  final Node owner() {
    return Objects.requireNonNull(parent);
  }

  /** What stands for this node in the lists of its parents, if it has several. */
  List<? extends Node> members() {
    return List.of();
  }

  /** The parent that {@code verdict} came from. */
  @Nullable Node via(Verdict verdict) {
    return parent;
  }
}
