package dev.desist;

import dev.desist.internal.Lane;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/*
 * Overview: a walk over the tree below a node that was just cancelled. The thread that cancelled
 * owns the verdict, and with it all nodes that carry it; it makes up to three walks: give every
 * node below its verdict; wake those who merely wait, run the library's own callbacks, and take
 * deadlines out of the timer; run the users' callbacks, and take the tree apart. Only the last runs
 * user code.
 *
 * Invariants:  1. Nobody is told of a verdict, neither waiter nor callback, before it is `swept`:
 *                 every node below its origin is cancelled and its token tells (promise 3).
 *              2. A node's callbacks and wakers are run by the owner of the verdict it carries.
 *                 Others who come by set verdicts and do nothing else. What is left to do is read
 *                 from the nodes, never from whoever convicted them.
 *              3. Lists below a cancelled node are frozen (Node, invariant 3), so any number of
 *                 threads may walk them at once. Only the owner takes them apart, from the front,
 *                 and only after its own first walk.
 *              4. What the library needs for its own promises, its links to parents that live on
 *                 among it, is done with before the first of the users' callbacks.
 * Errors:      whoever cancels makes sure of the stack before there is a verdict. Should a walk be
 *              cut off all the same, for want of memory say, the sweep itself is handed on, which
 *              takes nothing, and another thread goes on with it: each walk can begin again
 *              wherever it was left, since it finds what is left to do in the nodes.
 * Meetings:    a walk that comes to a node with another verdict goes on below it all the same,
 *              handing down that one, unless it is `swept` already. It waits for nobody, and is
 *              complete even if the other thread stands still. It may find the other's list already
 *              taken apart: then that thread has finished its first walk, and everything the
 *              pointer led to is cancelled. A callback that is registered late, while the verdict
 *              is not yet swept, makes the first walk itself before it runs
 *              (CancellationToken.register), and so does whoever cancels a second time. The owner
 *              never skips its own: it learns from it which linked nodes it has to notify.
 * Depth:       the walk is depth-first along first-child, next and parent pointers: no recursion
 *              (promise 13), no stack. Only linked nodes, which have several parents, are queued,
 *              each once.
 */
final class Sweep extends Lane.Task implements Runnable {
  private final Verdict verdict;

  /** The node that was itself cancelled; every other holder of the verdict has it from there. */
  private final Node origin;

  private @Nullable List<LinkedNode> linked;
  private @Nullable Set<LinkedNode> seen;
  private boolean wakersExpected;
  private boolean callbacksExpected;

  /** Whether the first two walks are over. */
  private boolean prepared;

  /** What callbacks threw, for the end: all of them have run by then (promise 9). */
  private @Nullable List<Throwable> failures;

  /** What failed when there was no memory for a list. */
  private @Nullable Throwable unlisted;

  /** Whether somebody has begun with the users' callbacks. Guarded by this. */
  private boolean claimed;

  /**
   * Completed at the end of the users' callbacks, for a caller that does not run them itself. Set
   * before both walks.
   */
  @Nullable CompletableFuture<Boolean> told;

  Sweep(Verdict verdict, Node origin) {
    this.verdict = verdict;
    this.origin = origin;
  }

  /**
   * The part that runs no user code: afterwards every token below tells, and every waiter has been
   * woken.
   */
  void prepare() {
    try {
      flag();
      origin.detach();
      detachLinked();
      if (wakersExpected) {
        wakeFrom(origin);
        for (int i = 0; i < linkedCount(); i++) {
          wakeFrom(linkedAt(i));
        }
      }
      prepared = true;
    } finally {
      if (!prepared) {
        Lane.SIGNALS.hand(this);
      }
    }
  }

  /** Whether callbacks are left to run, or failures to report, after {@link #prepare}. */
  boolean concernsUsers() {
    return callbacksExpected || failures != null || unlisted != null;
  }

  /**
   * The rest: runs every callback of this verdict on the calling thread, and leaves nothing linked
   * behind. Done once, by whoever comes first.
   *
   * @throws CancellationCallbackException after all of them have run, if some failed and nobody
   *     waits to be told
   */
  @Override
  public void run() {
    if (!claim()) {
      return;
    }
    boolean done = false;
    try {
      notifyFrom(origin);
      for (int i = 0; i < linkedCount(); i++) {
        notifyFrom(linkedAt(i));
      }
      done = true;
    } finally {
      if (!done) {
        disclaim();
        Lane.CANCELLATIONS.hand(this);
      }
    }
    CancellationCallbackException complaint = complaint();
    if (told == null) {
      if (complaint != null) {
        throw complaint;
      }
    } else if (complaint == null) {
      told.complete(true);
    } else {
      told.completeExceptionally(complaint);
    }
  }

  private synchronized boolean claim() {
    boolean first = !claimed;
    claimed = true;
    return first;
  }

  private synchronized void disclaim() {
    claimed = false;
  }

  synchronized boolean isClaimed() {
    return claimed;
  }

  private @Nullable CancellationCallbackException complaint() {
    Throwable more = unlisted;
    if (failures == null && more == null) {
      return null;
    }
    List<Throwable> all = failures == null ? new ArrayList<>() : failures;
    if (more != null) {
      all.add(more);
    }
    return new CancellationCallbackException(origin.name, all);
  }

  /** What the canceller has left to others: its own part with the signals, then the users'. */
  @Override
  protected void perform() {
    if (prepared) {
      run();
      return;
    }
    prepare();
    if (concernsUsers()) {
      Lane.CANCELLATIONS.hand(this);
    } else {
      run(); // which takes the tree apart
    }
  }

  // ---- first walk: verdicts ----

  /** Makes sure that everything below the verdict's origin is cancelled; anybody may do this. */
  void flag() {
    origin.publish();
    survey(origin);
    flagBelow(origin);
    for (int i = 0; i < linkedCount(); i++) { // grows as the walk meets more
      flagBelow(linkedAt(i));
    }
    verdict.swept = true;
  }

  private int linkedCount() {
    return linked == null ? 0 : linked.size();
  }

  private LinkedNode linkedAt(int index) {
    return Objects.requireNonNull(linked).get(index);
  }

  private void flagBelow(Node root) {
    Node node = root.firstChildAcquire();
    while (node != null) {
      Verdict found = hand(Objects.requireNonNull(node.owner().verdict()), node);
      if (node instanceof LinkedNode.Member member) {
        follow(member.target, found);
      }
      boolean settled = found != verdict && found.swept;
      Node child = settled ? null : node.firstChildAcquire();
      node = child != null ? child : after(node, root);
    }
  }

  /**
   * Gives {@code node} the verdict from above unless it has one; returns the one it has, which its
   * token now tells.
   */
  private Verdict hand(Verdict inherited, Node node) {
    node.convict(inherited, null);
    survey(node);
    return Objects.requireNonNull(node.verdict());
  }

  private void follow(LinkedNode target, Verdict inherited) {
    hand(inherited, target);
    if (linked == null || seen == null) {
      linked = new ArrayList<>();
      seen = new HashSet<>();
    }
    if (!seen.contains(target)) {
      linked.add(target); // twice, if there is no memory for what follows, does no harm
      seen.add(target);
    }
  }

  /** Notes what the later walks will have to do. */
  private void survey(Node node) {
    if (node.verdict() == verdict) {
      wakersExpected |= node.hasWakers() || node.hasAlarm();
      callbacksExpected |= node.hasCallbacks();
    }
  }

  /**
   * The node that follows {@code node} and all below it in a depth-first walk of {@code root}; null
   * at the end.
   */
  private static @Nullable Node after(Node node, Node root) {
    for (Node at = node; at != root; at = at.owner()) {
      Node next = at.nextAcquire();
      if (next != null) {
        return next;
      }
    }
    return null;
  }

  // ---- second walk: wakers and alarms ----

  /**
   * Takes the linked nodes that are ours out of the lists of those of their parents that live on.
   */
  private void detachLinked() {
    for (int i = 0; i < linkedCount(); i++) {
      LinkedNode target = linkedAt(i);
      if (target.verdict() == verdict) {
        target.detach();
      }
    }
  }

  /** At the origin, and at the linked nodes that carry our verdict: below are all nodes that do. */
  private void wakeFrom(Node root) {
    Node node = root;
    while (node != null) {
      Node child = null;
      if (node.verdict() == verdict) {
        wake(node);
        child = node.firstChildAcquire();
      }
      node = child != null ? child : after(node, root);
    }
  }

  private void wake(Node node) {
    try {
      node.disarm();
    } catch (Throwable e) {
      failed(e);
    }
    for (CancellationRegistration r = node.popWaker(); r != null; r = node.popWaker()) {
      run(r);
    }
  }

  // ---- third walk: callbacks ----

  private void notifyFrom(Node root) {
    Node node = root;
    while (node != null) {
      Node child = null;
      if (node.verdict() == verdict) {
        for (CancellationRegistration r = node.popCallback(); r != null; r = node.popCallback()) {
          run(r);
        }
        child = node.firstChildAcquire();
      }
      node = child != null ? child : leave(node, root);
    }
  }

  /**
   * As {@link #after}, and takes apart what lies behind: from the front, so that the rest is found.
   */
  private static @Nullable Node leave(Node node, Node root) {
    Node at = node;
    while (at != root) {
      Node next = at.nextAcquire();
      Node owner = at.owner();
      owner.setFirstChild(next);
      at.clearNeighbours();
      if (next != null) {
        return next;
      }
      at = owner;
    }
    return null;
  }

  private void run(CancellationRegistration registration) {
    try {
      registration.run();
    } catch (Throwable e) {
      failed(e);
    }
  }

  private void failed(Throwable failure) {
    try {
      if (failures == null) {
        failures = new ArrayList<>();
      }
      failures.add(failure);
    } catch (OutOfMemoryError e) {
      unlisted = failure; // the others are to be told all the same
    }
  }
}
