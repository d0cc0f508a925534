package dev.desist.examples.relay;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Who is in which room, and by what name. A room is there while somebody is in it. */
final class Rooms {
  private final Map<String, Map<String, Connection>> rooms = new ConcurrentHashMap<>();

  /** Returns how many are there then, or 0 if the name is taken. */
  int join(String room, String name, Connection member) {
    int[] count = new int[1];
    rooms.compute(
        room,
        (_, members) -> {
          Map<String, Connection> there = members == null ? new ConcurrentHashMap<>() : members;
          count[0] = there.putIfAbsent(name, member) == null ? there.size() : 0;
          return there;
        });
    return count[0];
  }

  void leave(String room, String name) {
    rooms.computeIfPresent(
        room,
        (_, members) -> {
          members.remove(name);
          return members.isEmpty() ? null : members;
        });
  }

  Collection<Connection> members(String room) {
    Map<String, Connection> members = rooms.get(room);
    return members == null ? List.of() : members.values();
  }
}
