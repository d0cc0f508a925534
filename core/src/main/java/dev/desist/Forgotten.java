package dev.desist;

import java.lang.ref.ReferenceQueue;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

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
        node.disarm();
        node.detach();
        report(node);
      }
      CREATED.remove(node);
    }
  }

  static void noteCreation(Node node) {
    if (Diagnostics.reportsForgotten()) {
      CREATED.put(node, new Throwable("created here"));
    }
  }

  private static void report(Node node) {
    Throwable created = CREATED.get(node);
    if (created != null) {
      String name = node.name == null ? "an unnamed source" : "source \"" + node.name + '"';
      LOG.log(
          System.Logger.Level.WARNING,
          name
              + " became unreachable without being closed; use try-with-resources where it is made",
          created);
    }
  }
}
