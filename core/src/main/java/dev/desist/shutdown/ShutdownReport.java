package dev.desist.shutdown;

import dev.desist.CancellationReason;
import dev.desist.Leftover;
import dev.desist.internal.Foreign;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * What a {@link Shutdown} came to.
 *
 * @param name what was shut down
 * @param reason why: that of the soft token
 * @param took from the beginning to the end of the last phase
 * @param drained how many participants of the drain, work in flight above all, ended before the
 *     hard token was cancelled
 * @param aborted those participants of the drain that ended after that: each with its stack just
 *     before the hard token was cancelled; the stack is empty if there was no time to look, as when
 *     somebody else {@linkplain Shutdown#abort aborts}
 * @param failures the actions that threw, in the order in which they did
 * @param leftBehind who had not ended when its time was up, each with its stack as it was then.
 *     Here and among those that were aborted, of more than a thousand threads only the first
 *     thousand are looked at, which takes time; the stacks of the others are empty
 */
public record ShutdownReport(
    String name,
    CancellationReason reason,
    Duration took,
    int drained,
    List<Leftover> aborted,
    List<Failure> failures,
    List<Leftover> leftBehind) {
  /** How many names are written out of those that share a stack. */
  private static final int NAMES = 20;

  /**
   * An action that threw. What it threw does not keep the others from running.
   *
   * @param name the participant's
   * @param phase whose action it was
   * @param thrown what it threw
   */
  public record Failure(String name, ShutdownPhase phase, Throwable thrown) {
    /** Checks that nothing is missing. */
    public Failure {
      Objects.requireNonNull(name, "name");
      Objects.requireNonNull(phase, "phase");
      Objects.requireNonNull(thrown, "thrown");
    }

    @Override
    public String toString() {
      return "\"%s\" (%s): %s".formatted(name, phase, Foreign.describe(thrown));
    }
  }

  /** Checks that nothing is missing. */
  public ShutdownReport {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(reason, "reason");
    Objects.requireNonNull(took, "took");
    aborted = List.copyOf(aborted);
    failures = List.copyOf(failures);
    leftBehind = List.copyOf(leftBehind);
  }

  /** {@return whether all drained and closed: nothing was aborted, failed or was left behind} */
  public boolean isClean() {
    return aborted.isEmpty() && failures.isEmpty() && leftBehind.isEmpty();
  }

  /**
   * {@return all of this as one block of lines, the last without a line end} Of participants that
   * were aborted or left behind with the same stack, the first twenty are named, and the stack is
   * shown once.
   */
  @Override
  public String toString() {
    int left = inDrain(leftBehind);
    var text = new StringBuilder();
    text.append(
        "%s is shut down, because %s: %s, after %s"
            .formatted(name, reason.message(), isClean() ? "clean" : "not clean", text(took)));
    text.append(
        "\n  in flight: %,d; drained: %,d; aborted: %,d; left behind: %,d"
            .formatted(drained + aborted.size() + left, drained, aborted.size(), left));
    failures.forEach(failure -> text.append("\n  failed: ").append(failure));
    return text.append(lines("aborted", aborted))
        .append(lines("left behind", leftBehind))
        .toString();
  }

  /** One entry for all in the same place. */
  static String lines(String what, List<Leftover> all) {
    var text = new StringBuilder();
    alike(all)
        .forEach(group -> text.append("\n  ").append(what).append(": ").append(describe(group)));
    return text.toString();
  }

  /** By phase, reason and stack: often hundreds hang in the same place. */
  private static Collection<List<Leftover>> alike(List<Leftover> all) {
    var groups = new LinkedHashMap<List<Object>, List<Leftover>>();
    for (Leftover each : all) {
      CancellationReason reason = each.reason();
      String why = reason == null ? "" : reason.message();
      groups
          .computeIfAbsent(
              List.of(String.valueOf(each.phase()), why, each.stack()), _ -> new ArrayList<>())
          .add(each);
    }
    return groups.values();
  }

  private static String describe(List<Leftover> group) {
    Leftover last = group.getLast();
    String others =
        group.stream()
            .limit(Math.min(NAMES, group.size()) - 1)
            .map(each -> '"' + each.task() + "\", ")
            .collect(Collectors.joining());
    int unnamed = group.size() - NAMES;
    return others
        + (unnamed > 0 ? "%,d more, ".formatted(unnamed) : "")
        + describe(last)
        + last.stack().stream().map(frame -> "\n    at " + frame).collect(Collectors.joining());
  }

  /** Without what the line around it says. */
  private static String describe(Leftover one) {
    CancellationReason reason = one.reason();
    return "\"%s\" (%s), on %s%s"
        .formatted(
            one.task(),
            one.phase(),
            one.thread(),
            reason == null ? "" : ", told to end because " + reason.message());
  }

  /** How many of these are participants of the drain. */
  static int inDrain(List<Leftover> all) {
    String drain = ShutdownPhase.DRAINING.toString();
    return (int) all.stream().filter(each -> drain.equals(each.phase())).count();
  }

  /** As a person would say it: "250 ms", "4.2 s", "2 min 5 s". */
  static String text(Duration duration) {
    if (duration.compareTo(Duration.ofDays(1)) > 0) {
      return "more than a day";
    }
    if (duration.compareTo(Duration.ofSeconds(1)) < 0) {
      return duration.toMillis() + " ms";
    }
    long tenths = duration.plusMillis(50).toMillis() / 100;
    if (tenths < 600) {
      return tenths / 10 + (tenths % 10 == 0 ? "" : "." + tenths % 10) + " s";
    }
    Duration rounded = duration.plusMillis(500);
    int seconds = rounded.toSecondsPart();
    return rounded.toMinutes() + " min" + (seconds == 0 ? "" : " " + seconds + " s");
  }
}
