package dev.desist;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/*
 * Overview: a node is what stands behind one token: its verdict, its callbacks, its children and its own deadline. A parent
 * holds its nodes strongly and each node holds its token weakly, so a token that was forgotten can be collected, and its
 * node taken out of the parent, while a node with callbacks (which hold the token) stays and can still be cancelled.
 * Walking over a tree of nodes is Sweep's business; what follows concerns one node and its parent.
 *
 * States:      LIVE (verdict == null) -> CANCELLED (verdict != null), once and for ever.
 *              As a member of its parent's list: ATTACHED -> DETACHED (previous == this), once.
 * Invariants:  1. `verdict` is written once, under the lock, and copied to the token before the lock is released.
 *              2. Callbacks and children are added only under the lock and only while LIVE: on a cancelled node both lists
 *                 can only shrink.
 *              3. While the parent is LIVE, `next` and `previous` belong to the parent's lock. Once the parent is
 *                 CANCELLED its list is frozen, and belongs to the thread whose verdict the parent carries; that thread
 *                 takes the list apart, after its sweep, and nobody else writes to it.
 *              4. A node leaves a LIVE parent's list only when it is itself CANCELLED and swept, or forgotten with no
 *                 callback and no child. So whoever cancels the parent finds everything that still needs telling.
 *              5. A cancelled child carries its own verdict or that of a parent, and never another.
 * Lock:        bit LOCKED of `state`. Held for a few loads and stores, never while user code runs, a thread is woken or
 *              interrupted, or another node's lock is taken: there is no lock order because no two are ever held.
 * Ordering:    lock acquires, unlock releases. A token's copy of the verdict is written with release and read with acquire:
 *              enough for a poll, which carries "reason before flag" because they are one reference. A thread that waits
 *              registers under the lock before it parks, so it either sees the verdict or is found by the sweep; that
 *              needs no further fence. List pointers are read with acquire and cleared with release during sweeps: who
 *              finds a pointer cleared also sees every verdict that the clearing thread had set before (invariant 3).
 * Progress:    a holder of the lock never waits, so waiting for it is bounded by the holder's being scheduled; waiters spin,
 *              then yield, then sleep briefly. Polls never wait at all.
 * Garbage:     a live parent keeps a node only while the node is live and either somebody holds its token or it has
 *              callbacks or children. Nothing here reacts to garbage collection except to free and to report.
 * Sources:     the lock bit in the state word and "pop one, run it outside" follow C++ stop_token implementations; the frozen
 *              list with helpers is our own answer to "flag everything first" when several cancels meet in one tree.
 */
class Node extends WeakReference<CancellationToken> {
  private static final int LOCKED = 1;

  /**
   * Set under the lock when a prompt callback (see {@link CancellationRegistration}) was ever
   * added.
   */
  private static final int PROMPT = 2;

  private static final VarHandle STATE;
  private static final VarHandle VERDICT;
  private static final VarHandle NEXT;
  private static final VarHandle FIRST_CHILD;

  static {
    try {
      var lookup = MethodHandles.lookup();
      STATE = lookup.findVarHandle(Node.class, "state", int.class);
      VERDICT = lookup.findVarHandle(Node.class, "verdict", Verdict.class);
      NEXT = lookup.findVarHandle(Node.class, "next", Node.class);
      FIRST_CHILD = lookup.findVarHandle(Node.class, "firstChild", Node.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final @Nullable Node parent;
  final @Nullable String name;
  final TimeSource time;

  private int state;
  private @Nullable Verdict verdict;
  private @Nullable CancellationRegistration callbacks;
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
    int seen = state; // a plain read is enough: the exchange below decides
    if ((seen & LOCKED) != 0 || !STATE.weakCompareAndSetAcquire(this, seen, seen | LOCKED)) {
      lockSlowly();
    }
  }

  /** Ends when the holder, which waits for nobody, has been scheduled to its unlock. */
  @SuppressWarnings("ThreadPriorityCheck") // yields only so that the holder can run
  private void lockSlowly() {
    for (int tries = 0; ; tries++) {
      int seen = (int) STATE.getOpaque(this);
      if ((seen & LOCKED) == 0 && STATE.weakCompareAndSetAcquire(this, seen, seen | LOCKED)) {
        return;
      }
      if (tries < 64) {
        Thread.onSpinWait();
      } else if (tries < 128) {
        Thread.yield();
      } else {
        LockSupport.parkNanos(20_000);
      }
    }
  }

  private void unlock() {
    STATE.setRelease(this, state & ~LOCKED);
  }

  // ---- the verdict ----

  final @Nullable Verdict verdict() {
    return (Verdict) VERDICT.getAcquire(this);
  }

  /**
   * Cancels this node if it is live. Its prompt callbacks, if any, are moved to {@code sweep},
   * which wakes them later.
   *
   * @param due if not null, cancels only if this is still the node's alarm
   * @return whether this call did it
   */
  final boolean convict(Verdict verdict, @Nullable Alarm due, @Nullable Sweep sweep) {
    lock();
    if (this.verdict != null || (due != null && due != alarm)) {
      unlock();
      return false;
    }
    VERDICT.setRelease(this, verdict);
    CancellationToken token = get();
    if (token != null) { // else nobody is left who could poll
      token.publish(verdict);
    }
    if (sweep != null && callbacks != null) {
      if ((state & PROMPT) != 0) {
        takePrompt(sweep);
      }
      if (callbacks != null) {
        sweep.expectCallbacks();
      }
    }
    Alarm obsolete = alarm;
    unlock();
    if (obsolete != null) {
      obsolete.cancel();
    }
    return true;
  }

  /** Gives a node that nobody else can see yet the verdict of the parent it was born under. */
  final void bornCancelled(Verdict inherited) {
    convict(inherited, null, null);
  }

  /** Cancels this node and everything below it, and runs the callbacks on the calling thread. */
  final boolean cancel(CancellationReason reason) {
    Sweep sweep = begin(reason, null);
    if (sweep == null) {
      return false;
    }
    sweep.notifyCallbacks();
    return true;
  }

  /**
   * The part of a cancellation that runs no user code: verdicts for the whole tree, waiters woken,
   * this node out of its parent.
   *
   * @return the sweep whose callbacks are to be run, or null if this call did not cancel
   */
  final @Nullable Sweep begin(CancellationReason reason, @Nullable Alarm due) {
    var verdict = new Verdict(reason, this);
    var sweep = new Sweep(verdict);
    if (!convict(verdict, due, sweep)) {
      return null;
    }
    sweep.flag();
    detach();
    return sweep;
  }

  // ---- callbacks ----

  /** Adds {@code registration} unless this node is cancelled; returns the verdict if it is. */
  final @Nullable Verdict add(CancellationRegistration registration) {
    lock();
    Verdict found = verdict;
    if (found == null) {
      CancellationRegistration head = callbacks;
      registration.next = head;
      if (head != null) {
        head.previous = registration;
      }
      callbacks = registration;
      if (registration.isPrompt()) {
        state |= PROMPT;
      }
    }
    unlock();
    return found;
  }

  /** Takes {@code registration} out if it is still waiting; true only for the call that did. */
  final boolean remove(CancellationRegistration registration) {
    lock();
    boolean waiting = registration.withdraw();
    if (waiting) {
      unlink(registration);
    }
    unlock();
    return waiting;
  }

  /**
   * Takes one callback of a cancelled node out, marked as begun, or returns null when none is left.
   */
  final @Nullable CancellationRegistration pop() {
    if (callbacks
        == null) { // invariant 2: once empty, empty for ever; a stale non-null only costs the lock
      return null;
    }
    lock();
    CancellationRegistration head = callbacks;
    if (head != null) {
      unlink(head);
      head.begin();
    }
    unlock();
    return head;
  }

  private void takePrompt(Sweep sweep) {
    for (CancellationRegistration r = callbacks; r != null; ) {
      CancellationRegistration following = r.next;
      if (r.isPrompt()) {
        unlink(r);
        r.begin();
        sweep.addPrompt(r);
      }
      r = following;
    }
  }

  private void unlink(CancellationRegistration r) {
    CancellationRegistration before = r.previous;
    CancellationRegistration after = r.next;
    if (before == null) {
      callbacks = after;
    } else {
      before.next = after;
    }
    if (after != null) {
      after.previous = before;
    }
    r.previous = null;
    r.next = null;
  }

  // ---- children ----

  /** Makes {@code child} a member of this node's list, or lets it be born cancelled. */
  final void adopt(Node child) {
    lock();
    Verdict found = verdict;
    if (found == null) {
      Node head = firstChild;
      child.previous = null;
      child.next = head;
      if (head != null) {
        head.previous = child;
      }
      firstChild = child;
    }
    unlock();
    if (found != null) {
      child.bornCancelled(found);
    }
  }

  /**
   * Leaves the lists of its parents. A parent whose last child that was, and whose token is gone,
   * can no longer matter and leaves too, and so on upwards; a loop, since the chain can be long.
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

  /** Returns whether the list is empty after {@code child} was taken out of it. */
  private boolean drop(Node child) {
    lock();
    boolean attached = verdict == null && child.previous != child;
    if (attached) {
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
    }
    boolean empty = attached && firstChild == null;
    unlock();
    return empty;
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
    boolean idle = verdict == null && callbacks == null && firstChild == null;
    unlock();
    return idle;
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
   * Lets go of the member list; only for the thread whose verdict this node carries (invariant 3).
   */
  final void clearFirstChild() {
    FIRST_CHILD.setRelease(this, null);
  }

  /**
   * Lets go of the neighbours; only for the thread whose verdict the parent carries (invariant 3).
   */
  final void clearNeighbours() {
    previous = this;
    NEXT.setRelease(this, null);
  }

  // ---- the node's own deadline ----

  /** Replaces this node's own deadline; does nothing on a cancelled node. */
  final void arm(Deadline deadline) {
    Alarm replacement = deadline.isNone() ? null : new Alarm(this, deadline);
    if (replacement != null && deadline.isPassed()) {
      cancel(replacement.reason());
      return;
    }
    lock();
    Alarm obsolete = alarm;
    boolean live = verdict == null;
    if (live) {
      alarm = replacement;
    }
    unlock();
    if (live) {
      if (obsolete != null) {
        obsolete.cancel();
      }
      if (replacement != null) {
        replacement.start();
      }
    }
  }

  /** Forgets the timer of a node that can no longer matter. */
  final void disarm() {
    lock();
    Alarm obsolete = alarm;
    unlock();
    if (obsolete != null) {
      obsolete.cancel();
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

  /** The earliest deadline of this node and of everything above it, as of now. */
  final Deadline deadline() {
    var earliest = new Deadline[] {Deadline.none()};
    upwards(
        node -> {
          earliest[0] = Deadline.earliest(earliest[0], node.ownDeadline());
          return false;
        });
    return earliest[0];
  }

  private Deadline ownDeadline() {
    lock();
    Alarm armed = alarm;
    unlock();
    return armed == null ? Deadline.none() : armed.deadline;
  }

  final boolean descendsFrom(Node ancestor) {
    return upwards(node -> node == ancestor);
  }

  /**
   * Visits this node and everything above it until {@code stop}; no recursion, whatever the depth.
   * Each parent of a linked node is gone up from once, so the number of steps stays small however
   * the links are crossed.
   */
  private boolean upwards(Predicate<Node> stop) {
    var branches = new ArrayDeque<Node>(0);
    var seen = new HashSet<Node>(0);
    for (Node node = this; node != null; ) {
      if (stop.test(node)) {
        return true;
      }
      for (Node member : node.members()) {
        if (seen.add(member.owner())) {
          branches.add(member.owner());
        }
      }
      node = node.parent != null ? node.parent : branches.poll();
    }
    return false;
  }

  /** The names from the node that was cancelled down to this one; empty while live. */
  final List<String> path() {
    Verdict found = verdict();
    if (found == null) {
      return List.of();
    }
    var names = new ArrayList<String>();
    for (Node node = this; node != null; node = node == found.origin ? null : node.via(found)) {
      names.add(node.name == null ? CancellationToken.UNNAMED : node.name);
    }
    return List.copyOf(names.reversed());
  }
}
