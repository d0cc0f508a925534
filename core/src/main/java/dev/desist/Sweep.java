package dev.desist;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/*
 * Overview: a walk over the tree below a node that was just cancelled. The thread that cancelled owns the verdict, and with it
 * all nodes that carry it; it makes up to three walks: give every node below its verdict; wake those who merely wait, and
 * take deadlines out of the timer; run the callbacks, and take the tree apart. Only the last runs user code.
 *
 * Invariants:  1. Nobody is told of a verdict, neither waiter nor callback, before it is `swept`: every node below its origin
 *                 is cancelled and its token tells.
 *              2. A node's callbacks and wakers are run by the owner of the verdict it carries. Others who come by set
 *                 verdicts and do nothing else. What is left to do is read from the nodes, never from who convicted them.
 *              3. Lists below a cancelled node are frozen (Node, invariant 3), so any number of threads may walk them at
 *                 once. Only the owner takes them apart, behind itself, and only after its own first walk.
 * Meeting others: a walk that comes to a node with another verdict goes on below it all the same, handing down that one,
 *              unless it is `swept` already. It thus waits for nobody, and is complete even if the other thread stands still.
 *              It may find the other's list already taken apart: then that thread has finished its first walk, and everything
 *              the pointer led to is cancelled. A callback that is registered late, while the verdict is not yet swept, makes
 *              the first walk itself before it runs (CancellationToken.register). The owner never skips its own: it learns
 *              from it which linked nodes it has to notify.
 * Depth:       the walk is depth-first along first-child, next and parent pointers: no recursion and no stack of its own. Only
 *              linked nodes, which have several parents, are queued, each once.
 */
final class Sweep {
  private final Verdict verdict;

  /** The node that was itself cancelled; every other holder of the verdict has it from there. */
  private final Node origin;

  private @Nullable List<LinkedNode> linked;
  private @Nullable Set<LinkedNode> seen;
  private boolean wakersExpected;
  private boolean callbacksExpected;
  private @Nullable List<Throwable> failures;

  Sweep(Verdict verdict, Node origin) {
    this.verdict = verdict;
    this.origin = origin;
  }

  /**
   * Makes a stack overflow, if it is near, happen here and now, rather than half way through a
   * cancellation: needs more stack than any of our own steps.
   */
  static void probeStack() {
    descend(64);
  }

  private static int descend(int levels) {
    return levels == 0 ? 0 : 1 + descend(levels - 1);
  }

  /**
   * Does everything there is to do, on the calling thread, which owns the verdict.
   *
   * @throws CancellationCallbackException after all callbacks have run, if some failed
   */
  void run() {
    prepare();
    notifyCallbacks();
  }

  /**
   * The part that runs no user code: afterwards every token below tells, and every waiter has been
   * woken.
   */
  void prepare() {
    flag();
    origin.detach();
    if (wakersExpected) {
      forEachRoot(root -> forEachOwned(root, this::wake));
    }
  }

  /** Whether callbacks are left to run, or failures to report, after {@link #prepare}. */
  boolean concernsUsers() {
    return callbacksExpected || failures != null;
  }

  // ---- first walk: verdicts ----

  /** Makes sure that everything below the verdict's origin is cancelled; anybody may do this. */
  void flag() {
    origin.publish();
    survey(origin);
    flagBelow(origin);
    for (int i = 0; linked != null && i < linked.size(); i++) { // grows as the walk meets more
      flagBelow(linked.get(i));
    }
    verdict.swept = true;
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
    if (seen.add(target)) {
      linked.add(target);
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

  /** The origin, and the linked nodes that carry our verdict: below these are all nodes that do. */
  private void forEachRoot(Consumer<Node> action) {
    action.accept(origin);
    if (linked != null) {
      for (LinkedNode target : linked) {
        if (target.verdict() == verdict) {
          action.accept(target);
        }
      }
    }
  }

  private void forEachOwned(Node root, Consumer<Node> action) {
    Node node = root;
    while (node != null) {
      Node child = null;
      if (node.verdict() == verdict) {
        action.accept(node);
        child = node.firstChildAcquire();
      }
      node = child != null ? child : after(node, root);
    }
  }

  private void wake(Node node) {
    attempt(node::disarm);
    for (CancellationRegistration r = node.popWaker(); r != null; r = node.popWaker()) {
      attempt(r::run);
    }
  }

  // ---- third walk: callbacks ----

  /**
   * Runs every callback of this verdict on the calling thread, and leaves nothing linked behind.
   *
   * @throws CancellationCallbackException after all of them have run, if some failed
   */
  void notifyCallbacks() {
    forEachRoot(
        root -> {
          notifyFrom(root);
          if (root != origin) {
            root.detach(); // a linked node, from those of its parents that are still live
          }
        });
    if (failures != null) {
      throw new CancellationCallbackException(origin.name, failures);
    }
  }

  private void notifyFrom(Node root) {
    Node node = root;
    while (node != null) {
      Node child = null;
      if (node.verdict() == verdict) {
        for (CancellationRegistration r = node.popCallback(); r != null; r = node.popCallback()) {
          attempt(r::run);
        }
        child = node.firstChildAcquire();
      }
      node = child != null ? child : leave(node, root);
    }
  }

  /** As {@link #after}, and takes apart what lies behind. */
  private static @Nullable Node leave(Node node, Node root) {
    Node at = node;
    while (at != root) {
      Node next = at.nextAcquire();
      at.clearNeighbours();
      if (next != null) {
        return next;
      }
      at = at.owner();
      at.clearFirstChild();
    }
    return null;
  }

  private void attempt(Runnable step) {
    try {
      step.run();
    } catch (Throwable failure) {
      if (failures == null) {
        failures = new ArrayList<>();
      }
      failures.add(failure);
    }
  }
}
