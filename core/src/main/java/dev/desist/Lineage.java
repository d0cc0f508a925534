package dev.desist;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What is to be learnt from a node and everything above it. Asks, and changes nothing. */
final class Lineage {
  private Lineage() {}

  /** The earliest deadline of {@code node} and of everything above it, as of now (promise 15). */
  static Deadline deadline(Node node) {
    var earliest = new Deadline[] {Deadline.none()};
    upwards(
        node,
        at -> {
          Alarm armed = at.alarm();
          if (armed != null) {
            earliest[0] = Deadline.earliest(earliest[0], armed.deadline);
          }
          return false;
        });
    return earliest[0];
  }

  /** Whether {@code node} is {@code ancestor}, or below it. */
  static boolean descends(Node node, Node ancestor) {
    return upwards(node, at -> at == ancestor);
  }

  /**
   * Visits {@code node} and everything above it, each once, until {@code stop}; no recursion,
   * whatever the depth (promise 13).
   */
  private static boolean upwards(Node from, Predicate<Node> stop) {
    ArrayDeque<Node> branches = null; // only once a linked node was met
    HashSet<Node> seen = null;
    for (Node node = from; node != null; ) {
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

  /** The one above that {@code node} has {@code verdict} from; null if it was itself cancelled. */
  private static @Nullable Node whence(Node node, Verdict verdict) {
    Node above = node.via(verdict);
    return above != null && above.verdict() == verdict ? above : null;
  }

  /** The node that was itself cancelled when {@code node} got {@code verdict}, its own. */
  static Node origin(Node node, Verdict verdict) {
    Node origin = node;
    for (Node above = whence(node, verdict); above != null; above = whence(origin, verdict)) {
      origin = above;
    }
    return origin;
  }

  /**
   * The names from the node that was cancelled down to {@code node}; empty while live (promise 24).
   */
  static List<String> path(Node node) {
    Verdict found = node.verdict();
    if (found == null) {
      return List.of();
    }
    var names = new ArrayList<String>();
    for (Node at = node; at != null; at = whence(at, found)) {
      names.add(at.name == null ? CancellationToken.UNNAMED : at.name);
    }
    return List.copyOf(names.reversed());
  }
}
