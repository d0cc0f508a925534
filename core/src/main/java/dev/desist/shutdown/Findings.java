package dev.desist.shutdown;

import dev.desist.CancellationReason;
import dev.desist.Leftover;
import dev.desist.TimeSource;
import dev.desist.shutdown.ShutdownReport.Failure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a shutdown finds on its way, of which the report is made. Participants have no names here
 * until the end, since making these can be for code of the user's.
 */
final class Findings {
  private static final String NAMELESS = "a participant whose name was not made in time";

  private final String shutdown;
  private final TimeSource time;
  private final Queue<Failure> failures = new ConcurrentLinkedQueue<>();

  /** In the order in which they were; written by the conductor and the hook. */
  private final Map<Participant, Sighting> leftBehind =
      Collections.synchronizedMap(new LinkedHashMap<>());

  /** Those that ended after the hard token was cancelled. The conductor's alone. */
  private final List<Sighting> aborted = new ArrayList<>();

  /** Made at the end, perhaps not all of them. */
  private final Map<Participant, String> names = new ConcurrentHashMap<>();

  /**
   * @param shutdown its name
   * @param time of the shutdown
   */
  Findings(String shutdown, TimeSource time) {
    this.shutdown = shutdown;
    this.time = time;
  }

  /** Something threw. */
  void failed(String name, ShutdownPhase phase, Throwable thrown) {
    failures.add(new Failure(name, phase, thrown));
  }

  /**
   * Lists a participant as left behind, with its stack, unless it has ended (promise 25).
   *
   * @return whether it is listed
   */
  boolean leaveBehind(Sighting.Look look, Participant participant) {
    Sighting found = look.at(participant);
    if (found != null) {
      leftBehind.putIfAbsent(participant, found);
    }
    return leftBehind.containsKey(participant);
  }

  /** Lists whoever runs in {@code roster} as left behind. */
  void leaveBehind(Roster roster) {
    var look = Sighting.Look.brief(time);
    roster.rest().running().forEach(each -> leaveBehind(look, each));
  }

  /** Whoever is in a call to exit waits for the very hook that calls this: they are let go. */
  void leaveThoseInExit(Collection<Roster> rosters) {
    var look = new Sighting.Look(time, Integer.MAX_VALUE);
    for (Roster roster : rosters) {
      for (Participant each : roster.rest().running()) {
        if (look.isInExit(each) && leaveBehind(look, each)) {
          roster.drop(each);
        }
      }
    }
  }

  /**
   * The drain is over, and its grace.
   *
   * @param seen who was running just before the hard token was cancelled, if there was a look
   * @param why the reason of the hard token
   */
  void endOfDrain(
      Roster draining, Map<Participant, Sighting> seen, @Nullable CancellationReason why) {
    var look = Sighting.Look.brief(time);
    Roster.Rest rest = draining.rest();
    Stream<Participant> endedSince =
        rest.running().stream().filter(each -> !leaveBehind(look, each));
    Stream.concat(rest.late().stream(), endedSince)
        .map(each -> seen.getOrDefault(each, Sighting.unseen(each)).toldThen(why))
        .forEach(aborted::add);
  }

  /** Makes the names that need no code of the user's; whether there are others. */
  boolean hasNamesToMake() {
    boolean more = false;
    for (Sighting each : listed()) {
      Participant participant = each.participant();
      if (participant.isNamedByUser()) {
        more = true;
      } else {
        names.put(participant, participant.name());
      }
    }
    return more;
  }

  /** Makes the others, if their makers do not hang. */
  void makeNames() {
    for (Sighting each : listed()) {
      Participant participant = each.participant();
      if (participant.isNamedByUser()) {
        names.put(participant, participant.name());
      }
    }
  }

  private List<Sighting> listed() {
    return Stream.concat(List.copyOf(leftBehind.values()).stream(), aborted.stream()).toList();
  }

  /** Who is at it now; their names are made by the caller. */
  List<Leftover> unfinished(Collection<Roster> rosters) {
    var look = Sighting.Look.brief(time);
    return rosters.stream()
        .flatMap(roster -> roster.rest().running().stream())
        .map(look::at)
        .filter(Objects::nonNull)
        .map(
            each ->
                each.named(
                    each.participant().name(),
                    shutdown,
                    leftBehind.containsKey(each.participant())))
        .toList();
  }

  /** All of it, as far as it was found. */
  ShutdownReport report(CancellationReason why, Duration took, int drain) {
    return report(
        why, took, drain, named(aborted, false), named(List.copyOf(leftBehind.values()), true));
  }

  /** What there is to say when the conductor has failed. */
  ShutdownReport emptyReport(CancellationReason why, int drain) {
    return report(why, Duration.ZERO, drain, List.of(), List.of());
  }

  private ShutdownReport report(
      CancellationReason why,
      Duration took,
      int drain,
      List<Leftover> cutShort,
      List<Leftover> left) {
    int drained = drain - cutShort.size() - ShutdownReport.inDrain(left);
    return new ShutdownReport(shutdown, why, took, drained, cutShort, List.copyOf(failures), left);
  }

  private List<Leftover> named(List<Sighting> all, boolean left) {
    return all.stream()
        .map(each -> each.named(names.getOrDefault(each.participant(), NAMELESS), shutdown, left))
        .toList();
  }
}
