package dev.desist;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A node with several parents. It stands in no list itself: in each parent's list it has a {@link
 * Member}, and a sweep that reaches one of them goes on below the linked node. The first parent to
 * be cancelled decides (promise 12).
 */
class LinkedNode extends Node {
  /** Stands for a linked node in the list of one of its parents. */
  static final class Member extends Node {
    final LinkedNode target;

    private Member(LinkedNode target, Node parent) {
      super(null, parent, null, parent.time);
      this.target = target;
    }
  }

  private final List<Member> members;

  LinkedNode(CancellationToken token, List<Node> parents, @Nullable String name, TimeSource time) {
    super(token, null, name, time);
    var made = new ArrayList<Member>(parents.size());
    for (Node parent : parents) {
      made.add(new Member(this, parent));
    }
    members = List.copyOf(made);
  }

  /** Joins all parents, in order; the first that is cancelled already decides. */
  final void attach() {
    for (Member member : members) {
      Node parent = member.owner();
      parent.adopt(member);
      Verdict inherited = member.verdict();
      if (inherited != null) {
        convict(inherited, null);
        break;
      }
    }
    // Perhaps by a parent that was cancelled while the later ones were joined.
    if (verdict() != null) {
      detach();
    }
  }

  @Override
  final List<Member> members() {
    return members;
  }

  @Override
  final @Nullable Node via(Verdict verdict) {
    for (Member member : members) {
      if (member.verdict() == verdict) {
        return member.owner();
      }
    }
    return null;
  }
}
