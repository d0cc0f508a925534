package dev.desist;

import java.lang.ref.ReferenceQueue;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Frees the nodes of tokens that became unreachable: whenever a node is made, those that the
 * collector has found since are taken out of their parents. Nothing is ever cancelled here.
 */
final class Forgotten {
  static final ReferenceQueue<CancellationToken> QUEUE = new ReferenceQueue<>();

  private static final System.Logger LOG = System.getLogger("dev.desist");

  /** Where the live children made while {@link Diagnostics#reportForgotten} was on were made. */
  private static final Map<Node, Throwable> CREATED = new ConcurrentHashMap<>();

  private Forgotten() {}

  /** Costs one volatile read when there is nothing to do. */
  static void release() {
    for (var found = QUEUE.poll(); found != null; found = QUEUE.poll()) {
      var node = (Node) found;
      if (node.isForgotten()) {
        free(node);
        node.detach();
      } else if (node.verdict() != null) {
        CREATED.remove(node);
      } // else it has children, and goes with the last of them
    }
  }

  /** Ends what a forgotten node still costs, on its way out of the tree. */
  static void free(Node node) {
    node.disarm();
    Throwable created = CREATED.remove(node);
    if (created != null) {
      report(node.name, created);
    }
  }

  static void noteCreation(Node node) {
    if (Diagnostics.reportsForgotten()) {
      CREATED.put(node, new Throwable("created here"));
    }
  }

  private static void report(@Nullable String name, Throwable created) {
    try {
      LOG.log(
          System.Logger.Level.WARNING,
          (name == null ? "an unnamed source" : "source \"" + name + '"')
              + " became unreachable without being closed; use try-with-resources where it is made",
          created);
    } catch (RuntimeException e) {
      // A logger that fails must not fail whoever happens to make the next child.
    }
  }
}
