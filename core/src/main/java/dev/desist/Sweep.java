package dev.desist;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/*
 * Overview: one thread's walk over the tree below a node that was just cancelled, in three steps: give every node below its
 * verdict; wake those who merely wait; run the callbacks. The first two run no user code.
 *
 * Invariants:  1. No callback of a verdict runs before the verdict is `swept`: every node below its origin is cancelled.
 *              2. Every node is notified by the one thread whose verdict it carries; others only help to set verdicts.
 *              3. Lists below a cancelled node are frozen (Node, invariant 3), so any number of threads may walk them at
 *                 once. Only the notifying thread takes them apart, behind itself, and only after its own sweep.
 * Meeting others: a walk that comes to a node which another thread has cancelled goes on below it all the same, handing down
 *              that node's verdict, until it sees `swept`. It thus waits for nobody, and is complete even if the other
 *              thread stands still. It may find the other's list already taken apart: then that thread has finished its
 *              sweep, and everything the pointer led to is cancelled.
 * Depth:       the walk is depth-first along first-child, next and parent pointers: no recursion and no stack of its own. Only
 *              linked nodes, which have several parents, are queued, each once.
 */
final class Sweep {
  private final Verdict verdict;
  private @Nullable CancellationRegistration prompt;
  private @Nullable List<LinkedNode> linked;
  private @Nullable Set<LinkedNode> seen;
  private @Nullable List<Throwable> failures;
  private boolean callbacksExpected;

  Sweep(Verdict verdict) {
    this.verdict = verdict;
  }

  /**
   * Makes sure that everything below the verdict's origin is cancelled, and wakes whoever was
   * waiting there.
   */
  void flag() {
    if (verdict.swept) {
      return;
    }
    flagBelow(verdict.origin);
    if (linked != null) {
      for (int i = 0; i < linked.size(); i++) { // grows as the walk meets more
        flagBelow(linked.get(i));
      }
    }
    verdict.swept = true;
    for (CancellationRegistration r = prompt; r != null; ) {
      CancellationRegistration following = r.next;
      r.next = null;
      fire(r);
      r = following;
    }
    prompt = null;
  }

  private void flagBelow(Node root) {
    Node node = root.firstChildAcquire();
    while (node != null) {
      Verdict inherited = Objects.requireNonNull(node.owner().verdict());
      node.convict(inherited, null, this);
      Verdict found = Objects.requireNonNull(node.verdict());
      if (node instanceof LinkedNode.Member member) {
        follow(member.target, found);
      }
      Node child = found == verdict || !found.swept ? node.firstChildAcquire() : null;
      node = child != null ? child : after(node, root);
    }
  }

  private void follow(LinkedNode target, Verdict inherited) {
    target.convict(inherited, null, this);
    if (linked == null || seen == null) {
      linked = new ArrayList<>();
      seen = new HashSet<>();
    }
    if (seen.add(target)) {
      linked.add(target);
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

  /**
   * Under the lock of the node that the registration was taken from, so this must stay as small as
   * it is.
   */
  void addPrompt(CancellationRegistration registration) {
    registration.next = prompt;
    prompt = registration;
  }

  /**
   * Runs every callback of this verdict on the calling thread, and leaves nothing linked behind.
   *
   * @throws CancellationCallbackException after all of them have run, if some failed
   */
  void notifyCallbacks() {
    notifyFrom(verdict.origin);
    if (linked != null) {
      for (LinkedNode target : linked) {
        if (target.verdict() == verdict) {
          notifyFrom(target);
          target.detach(); // from the parents that are still live
        }
      }
    }
    if (failures != null) {
      throw new CancellationCallbackException(verdict.origin.name, failures);
    }
  }

  private void notifyFrom(Node root) {
    Node node = root;
    while (true) {
      boolean ours = node.verdict() == verdict;
      Node child = null;
      if (ours) {
        for (CancellationRegistration r = node.pop(); r != null; r = node.pop()) {
          fire(r);
        }
        child = node.firstChildAcquire();
      }
      if (child != null) {
        node = child;
        continue;
      }
      Node next = null;
      while (node != root && next == null) {
        next = node.nextAcquire();
        node.clearNeighbours();
        if (next == null) {
          node = node.owner();
          node.clearFirstChild();
        }
      }
      if (next == null) {
        return;
      }
      node = next;
    }
  }

  private void fire(CancellationRegistration registration) {
    try {
      registration.run();
    } catch (Throwable failure) {
      if (failures == null) {
        failures = new ArrayList<>();
      }
      failures.add(failure);
    }
  }

  /** Under a node's lock: that node has callbacks left to run. */
  void expectCallbacks() {
    callbacksExpected = true;
  }

  /**
   * Whether {@link #notifyCallbacks} may run user code or throw; if not, any thread of ours may
   * call it.
   */
  boolean concernsUsers() {
    return callbacksExpected || failures != null;
  }
}
