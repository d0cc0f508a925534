package dev.desist.examples.searchdesk;

import dev.desist.CancellationReason;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A node of the tree that the page shows: server, session, request, statement. Each has a source of
 * its own, a child of the token above, and notes when it was cancelled and when it had stopped.
 *
 * <p>One lock guards the notes of the whole tree, so that a picture of it is of one moment. Nothing
 * is cancelled while it is held.
 */
final class Work {
  /** How many ended nodes are kept for the picture, below each node. */
  private static final int KEPT = 14;

  /** Where a node stands. {@code STOPPING} is cancelled, and not yet stopped. */
  enum State {
    WAITING,
    RUNNING,
    STOPPING,
    COMPLETE,
    CANCELLED,
    FAILED;

    boolean isEnd() {
      return compareTo(COMPLETE) >= 0;
    }
  }

  private final ReentrantLock tree;
  private final Optional<Work> parent;
  private final String name;
  private final String label;
  private final CancellationSource source;
  private final CancellationRegistration watch;
  private final int depth;

  // All below: guarded by tree.
  private final List<Work> children = new ArrayList<>();
  private State state = State.WAITING;
  private Optional<CancellationReason> reason = Optional.empty();
  private final long createdAt = System.nanoTime();
  private long cancelledAt;
  private long endedAt;

  private Work(
      ReentrantLock tree,
      Optional<Work> parent,
      String name,
      String label,
      CancellationSource source) {
    this.tree = tree;
    this.parent = parent;
    this.name = name;
    this.label = label;
    this.source = source;
    this.depth = parent.map(above -> above.depth + 1).orElse(0);
    this.watch = source.token().onCancel(this::noteCancelled);
  }

  /** {@return the root of a new tree} */
  static Work root(String name) {
    return new Work(
        new ReentrantLock(), Optional.empty(), name, "", CancellationSource.create(name));
  }

  /**
   * {@return a new node below this one, waiting}
   *
   * @param name what it is, as reasons and paths name it
   * @param label what it is about, for the page; may be empty
   */
  Work child(String name, String label) {
    var child = new Work(tree, Optional.of(this), name, label, token().child(name));
    tree.lock();
    try {
      children.add(child);
    } finally {
      tree.unlock();
    }
    return child;
  }

  String name() {
    return name;
  }

  CancellationToken token() {
    return source.token();
  }

  /** {@return whether this call cancelled it} */
  boolean cancel(CancellationReason why) {
    return source.cancel(why);
  }

  void cancelAfter(Duration timeout) {
    source.cancelAfter(timeout);
  }

  void start() {
    tree.lock();
    try {
      if (state == State.WAITING) {
        state = State.RUNNING;
      }
    } finally {
      tree.unlock();
    }
  }

  /** Notes that it has stopped, and how; only the first call counts. */
  void end(State how) {
    tree.lock();
    try {
      if (state.isEnd()) {
        return;
      }
      state = how;
      endedAt = System.nanoTime();
      parent.ifPresent(Work::forgetOldest);
    } finally {
      tree.unlock();
    }
    watch.unregister();
    // Lets go of the parent's token.
    source.close();
  }

  /** {@return how long it took from being cancelled to having stopped, if it did both} */
  Optional<Duration> stopTime() {
    tree.lock();
    try {
      return state == State.CANCELLED && cancelledAt != 0
          ? Optional.of(Duration.ofNanos(endedAt - cancelledAt))
          : Optional.empty();
    } finally {
      tree.unlock();
    }
  }

  private void noteCancelled() {
    tree.lock();
    try {
      if (!state.isEnd()) {
        state = State.STOPPING;
        cancelledAt = System.nanoTime();
        reason = source.token().reason();
      }
    } finally {
      tree.unlock();
    }
  }

  private void forgetOldest() {
    long ended = children.stream().filter(child -> child.state.isEnd()).count();
    for (int i = 0; ended > KEPT && i < children.size(); i++) {
      if (children.get(i).state.isEnd()) {
        children.remove(i--);
        ended--;
      }
    }
  }

  /** {@return a picture of this node and all below it} */
  JsonObject toJson() {
    tree.lock();
    try {
      long now = System.nanoTime();
      var json =
          new JsonObject()
              .put("name", name)
              .put("label", label)
              .put("state", state.name().toLowerCase(Locale.ROOT));
      // The age of a server or of a page is of no interest, and would change all the time.
      if (depth > 1) {
        json.put("millis", millis((state.isEnd() ? endedAt : now) - createdAt));
      }
      reason.ifPresent(
          why ->
              json.put("reason", why.kind())
                  .put("message", why.message())
                  .put("origin", why.origin().toString()));
      if (cancelledAt != 0) {
        json.put("stopMillis", millis((state.isEnd() ? endedAt : now) - cancelledAt));
      }
      var below = new JsonArray();
      children.forEach(child -> below.add(child.toJson()));
      return json.put("children", below);
    } finally {
      tree.unlock();
    }
  }

  private static double millis(long nanos) {
    return Math.round(nanos / 1e4) / 100.0;
  }
}
