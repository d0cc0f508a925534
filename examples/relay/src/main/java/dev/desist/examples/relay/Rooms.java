package dev.desist.examples.relay;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Who is in which room, and by what name. A room is there while somebody is in it. */
final class Rooms {
  private final Map<String, Map<String, Connection>> rooms = new ConcurrentHashMap<>();

  /**
   * Lets somebody in, unless the name is taken.
   *
   * @return whether he is in
   */
  boolean join(String room, String name, Connection member) {
    boolean[] in = new boolean[1];
    rooms.compute(
        room,
        (_, members) -> {
          Map<String, Connection> there = members == null ? new ConcurrentHashMap<>() : members;
          if (!there.containsKey(name)) {
            member.letIn(room, there.size() + 1, () -> there.put(name, member));
            in[0] = true;
          }
          return there;
        });
    return in[0];
  }

  void leave(String room, String name, Connection member) {
    rooms.computeIfPresent(
        room,
        (_, members) -> {
          members.remove(name, member);
          return members.isEmpty() ? null : members;
        });
  }

  Collection<Connection> members(String room) {
    Map<String, Connection> members = rooms.get(room);
    return members == null ? List.of() : members.values();
  }
}
