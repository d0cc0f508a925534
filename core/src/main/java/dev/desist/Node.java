package dev.desist;

import dev.desist.internal.Lane;
import dev.desist.internal.Stack;
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
 * Invariants:  1. `verdict` is written once, under the lock. Whoever finds it copies it to the token before acting on it, so
 *                 the token may lag behind its node, but nothing that follows from the verdict comes before the token tells.
 *              2. Callbacks and children are added only under the lock and only while LIVE: on a cancelled node the lists
 *                 can only shrink. Whoever adds holds the node's token, so a node whose token is gone grows no more.
 *              3. While the parent is LIVE, `next` and `previous` belong to the parent's lock. Once the parent is
 *                 CANCELLED its list is frozen, and belongs to the thread whose verdict the parent carries; that thread
 *                 takes the list apart, after its sweep, and nobody else writes to it.
 *              4. A node leaves a LIVE parent's list only when it is itself CANCELLED and swept, or forgotten with no
 *                 callback and no child. So whoever cancels the parent finds everything that still needs telling.
 *              5. A cancelled child carries its own verdict or that of a parent, and never another.
 * Lock:        `state`. Held for a few loads and stores, never while user code runs, a thread is woken or interrupted, or
 *              another node's lock is taken: there is no lock order because no two are ever held.
 * Ordering:    lock acquires; the volatile store of UNLOCKED releases. A token's copy of the verdict is written with release
 *              and read with acquire: enough for a poll, which carries "reason before flag" because they are one reference.
 *              A thread that waits registers under the lock before it parks, so it either sees the verdict or is found by the
 *              sweep; that needs no further fence. List pointers are read with acquire and cleared with release during
 *              sweeps: who finds a pointer cleared also sees every verdict that the clearing thread had set before
 *              (invariant 3).
 * Progress:    a holder of the lock never waits and never throws, so waiting for it is bounded by the holder's being
 *              scheduled; waiters spin, then yield, then sleep briefly. Polls never wait at all. UNLOCKED is stored as a plain
 *              statement in a finally block: a call could overflow the stack there, and leave the lock held for ever.
 * Garbage:     a live parent keeps a node only while the node is live and either somebody holds its token or it has
 *              callbacks or children. Nothing here reacts to garbage collection except to free and to report.
 * Sources:     the lock bit in the state word and "pop one, run it outside" follow C++ stop_token implementations; the frozen
 *              list with helpers is our own answer to "flag everything first" when several cancels meet in one tree.
 */
class Node extends WeakReference<CancellationToken> {
  private static final int UNLOCKED = 0;
  private static final int LOCKED = 1;

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

  private volatile int state;
  private @Nullable Verdict verdict;

  /**
   * What is to run on cancellation; those that only wake somebody stand apart, since they go first.
   */
  private @Nullable CancellationRegistration callbacks;

  private @Nullable CancellationRegistration wakers;

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
   * Cancels this one node if it is live. Afterwards its token tells, if it is cancelled.
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
      new Sweep(found, origin(found)).flag(); // who was first may stand still, or have been cut off
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

  /** Adds {@code registration} unless this node is cancelled; returns the verdict if it is. */
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
    boolean waiting;
    lock();
    try {
      waiting = registration.phase == null;
      if (waiting) {
        unlink(registration, waker);
        registration.phase = CancellationRegistration.WITHDRAWN;
      }
    } finally {
      state = UNLOCKED;
    }
    return waiting;
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
    CancellationRegistration head;
    lock();
    try {
      head = waker ? wakers : callbacks;
      if (head != null) {
        unlink(head, waker);
        head.begin();
      }
    } finally {
      state = UNLOCKED;
    }
    return head;
  }

  private void unlink(CancellationRegistration r, boolean waker) {
    CancellationRegistration before = r.previous;
    CancellationRegistration after = r.next;
    if (before != null) {
      before.next = after;
    } else if (waker) {
      wakers = after;
    } else {
      callbacks = after;
    }
    if (after != null) {
      after.previous = before;
    }
    r.previous = null;
    r.next = null;
  }

  // ---- children ----

  /**
   * Makes {@code child}, which nobody else knows yet, a member of this node's list, or lets it be
   * born cancelled.
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

  /** Sets the deadline of a node that is new, and told also if it was born cancelled. */
  final void arm(Deadline deadline) {
    arm(deadline, true);
  }

  /** Replaces the deadline of a node that is not cancelled. */
  final void rearm(Deadline deadline) {
    arm(deadline, false);
  }

  /**
   * The timer comes first, where there may be no thread for it: nothing has happened then. Should
   * it be so quick that the alarm is not the node's yet, it leaves word in {@code early}.
   */
  private void arm(Deadline deadline, boolean isNew) {
    Stack.reserveToEnd();
    Alarm replacement = deadline.isNone() ? null : new Alarm(this, deadline);
    // A zero timeout cancels here. One that passed just now is the timer's, so that no callback
    // runs where it is not expected.
    boolean now = deadline.isZero() || (deadline.isPassed() && isBare());
    boolean timed = replacement != null && !now && verdict() == null;
    if (replacement != null && timed) {
      replacement.start();
    }
    Alarm obsolete;
    boolean live;
    boolean early = false;
    lock();
    try {
      obsolete = alarm;
      live = verdict == null;
      if (live || (isNew && obsolete == null)) {
        alarm = replacement;
        early = replacement != null && replacement.early;
      }
    } finally {
      state = UNLOCKED;
    }
    if (!live) {
      if (replacement != null) {
        replacement.cancel();
      }
      return;
    }
    if (obsolete != null) {
      obsolete.cancel();
    }
    if (replacement != null) {
      if (now) {
        cancel(replacement.reason());
      } else if (early) {
        Lane.SIGNALS.execute(replacement);
      }
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

  /** The earliest deadline of this node and of everything above it, as of now. */
  final Deadline deadline() {
    var earliest = new Deadline[] {Deadline.none()};
    upwards(
        node -> {
          Alarm armed = node.alarm();
          if (armed != null) {
            earliest[0] = Deadline.earliest(earliest[0], armed.deadline);
          }
          return false;
        });
    return earliest[0];
  }

  final boolean descendsFrom(Node ancestor) {
    return upwards(node -> node == ancestor);
  }

  /**
   * Visits this node and everything above it, each once, until {@code stop}; no recursion, whatever
   * the depth.
   */
  private boolean upwards(Predicate<Node> stop) {
    ArrayDeque<Node> branches = null; // only once a linked node was met
    HashSet<Node> seen = null;
    for (Node node = this; node != null; ) {
      if (seen == null || seen.add(node)) {
        if (stop.test(node)) {
          return true;
        }
        for (Node member : node.members()) {
          if (branches == null || seen == null) {
            branches = new ArrayDeque<>();
            seen = new HashSet<>();
          }
          branches.add(member.owner());
        }
        if (node.parent != null) {
          node = node.parent;
          continue;
        }
      }
      node = branches == null ? null : branches.poll();
    }
    return false;
  }

  /** The one above that this one has {@code verdict} from; null if it was itself cancelled. */
  private @Nullable Node whence(Verdict verdict) {
    Node above = via(verdict);
    return above != null && above.verdict() == verdict ? above : null;
  }

  /** The node that was itself cancelled when this one got {@code verdict}, its own. */
  final Node origin(Verdict verdict) {
    Node node = this;
    for (Node above = whence(verdict); above != null; above = node.whence(verdict)) {
      node = above;
    }
    return node;
  }

  /** The names from the node that was cancelled down to this one; empty while live. */
  final List<String> path() {
    Verdict found = verdict();
    if (found == null) {
      return List.of();
    }
    var names = new ArrayList<String>();
    for (Node node = this; node != null; node = node.whence(found)) {
      names.add(node.name == null ? CancellationToken.UNNAMED : node.name);
    }
    return List.copyOf(names.reversed());
  }
}
