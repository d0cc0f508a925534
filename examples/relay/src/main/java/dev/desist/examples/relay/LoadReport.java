package dev.desist.examples.relay;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What all clients have seen, those that were not stuck.
 *
 * @param clients how many they are
 * @param acknowledged messages that their senders have been told to be on their way
 * @param due how often one of these was to arrive: once at each client of its room
 * @param missing how many of these did not
 * @param unacknowledged arrived, although its sender was never told
 * @param twice arrived again
 * @param outOfOrder arrived before an earlier one of the same sender
 * @param cut lines with something missing, the ends of connections included
 * @param goodbyes clients that got one, as their last line
 * @param failures what went wrong, by client
 */
record LoadReport(
    int clients,
    long acknowledged,
    long due,
    long missing,
    long unacknowledged,
    long twice,
    long outOfOrder,
    long cut,
    int goodbyes,
    List<String> failures) {

  static LoadReport of(Load.Options options, List<LoadClient> clients) {
    var rooms = new HashMap<String, List<LoadClient>>();
    for (LoadClient client : clients) {
      if (!client.isStuck()) {
        rooms.computeIfAbsent(options.room(client.number()), _ -> new ArrayList<>()).add(client);
      }
    }
    List<LoadClient> live = rooms.values().stream().flatMap(List::stream).toList();
    long due = 0;
    long missing = 0;
    long unacknowledged = 0;
    for (List<LoadClient> room : rooms.values()) {
      for (LoadClient sender : room) {
        for (LoadClient member : room) {
          BitSet came = got(member.received, options.name(sender.number()));
          due += sender.acknowledged.cardinality();
          missing += without(sender.acknowledged, came);
          unacknowledged += without(came, sender.acknowledged);
        }
      }
    }
    return new LoadReport(
        live.size(),
        live.stream().mapToLong(client -> client.acknowledged.cardinality()).sum(),
        due,
        missing,
        unacknowledged,
        live.stream().mapToLong(client -> client.twice).sum(),
        live.stream().mapToLong(client -> client.outOfOrder).sum(),
        live.stream().mapToLong(client -> client.cut).sum(),
        (int) live.stream().filter(client -> client.hasGoodbye).count(),
        clients.stream()
            .filter(client -> client.failure != null)
            .map(client -> options.name(client.number()) + ": " + client.failure)
            .toList());
  }

  private static BitSet got(Map<String, BitSet> received, String sender) {
    return received.getOrDefault(sender, new BitSet());
  }

  private static int without(BitSet all, BitSet some) {
    var rest = (BitSet) all.clone();
    rest.andNot(some);
    return rest.cardinality();
  }

  /** Whether all that was acknowledged, and nothing else, has arrived whole, once and in order. */
  boolean isFlawless() {
    return missing == 0
        && unacknowledged == 0
        && twice == 0
        && outOfOrder == 0
        && cut == 0
        && goodbyes == clients
        && failures.isEmpty();
  }

  /** {@return a block of lines, the last without a line end} */
  @Override
  public String toString() {
    var text = new StringBuilder();
    text.append(
        "%,d messages were acknowledged, due to arrive %,d times at %,d clients; of these"
            .formatted(acknowledged, due, clients));
    text.append(
        "\n  missing %,d, twice %,d, out of order %,d, cut %,d; not acknowledged, but arrived %,d"
            .formatted(missing, twice, outOfOrder, cut, unacknowledged));
    text.append("\n  goodbyes: %,d of %,d".formatted(goodbyes, clients));
    failures.stream().limit(20).forEach(each -> text.append("\n  ").append(each));
    if (failures.size() > 20) {
      text.append("\n  and %,d more".formatted(failures.size() - 20));
    }
    return text.toString();
  }
}
