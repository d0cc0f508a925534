package dev.desist;

import java.util.ArrayDeque;

/**
 * What a live token's node holds on to, counted. For a quiet tree: it reads without the locks.
 *
 * @param nodes how many nodes below, at any depth
 * @param callbacks how many callbacks wait, on it and below
 */
public record Census(int nodes, int callbacks) {
  /** Nothing. */
  public static final Census EMPTY = new Census(0, 0);

  static Census of(CancellationSource source) {
    return of(source.token());
  }

  public static Census of(CancellationToken token) {
    int nodes = 0;
    int callbacks = 0;
    var pending = new ArrayDeque<Node>();
    for (Node node = token.node(); node != null; node = pending.poll()) {
      for (Node c = node.firstChildAcquire(); c != null; c = c.nextAcquire()) {
        nodes++;
        pending.add(c);
      }
      callbacks += lengthOf(node, "callbacks") + lengthOf(node, "wakers");
    }
    return new Census(nodes, callbacks);
  }

  private static int lengthOf(Node node, String list) {
    try {
      var field = Node.class.getDeclaredField(list);
      field.setAccessible(true);
      int count = 0;
      var at = (CancellationRegistration) field.get(node);
      while (at != null) {
        count++;
        at = at.next;
      }
      return count;
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("Node." + list, e);
    }
  }
}
