package dev.desist.shutdown;

import dev.desist.CancellationReason;
import dev.desist.Leftover;
import dev.desist.TimeSource;
import dev.desist.internal.Foreign;
import dev.desist.internal.Overdue;
import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Leftover} but for its name: that may be for the user's code to make, and can wait.
 *
 * @param why why it had been told to end
 * @param deafFor how long ago
 */
record Sighting(
    Participant participant,
    String thread,
    @Nullable CancellationReason why,
    Duration deafFor,
    List<StackTraceElement> stack) {

  /** {@return one that nobody looked at before it ended} */
  static Sighting unseen(Participant participant) {
    return new Sighting(
        participant, Look.nameOf(participant.thread()), null, Duration.ZERO, List.of());
  }

  /** {@return as this, told to end when it had been seen} */
  Sighting toldThen(@Nullable CancellationReason reason) {
    return new Sighting(participant, thread, reason, Duration.ZERO, stack);
  }

  /**
   * {@return all of it}
   *
   * @param shutdown its name
   */
  Leftover named(String name, String shutdown, boolean leftBehind) {
    String phase = participant.roster.phase().toString();
    return new Leftover(name, shutdown, phase, thread, why, deafFor, leftBehind, stack);
  }

  /**
   * One look at many: at each thread once, however much it has begun, and at so many threads only,
   * because each takes time.
   */
  static final class Look {
    /** How many threads have their stacks taken at a time, which takes time. */
    private static final int STACKS = 1_000;

    private final IdentityHashMap<Thread, List<StackTraceElement>> stacks = new IdentityHashMap<>();
    private final TimeSource time;
    private final int threads;

    /** One that has an end. */
    static Look brief(TimeSource time) {
      return new Look(time, STACKS);
    }

    Look(TimeSource time, int threads) {
      this.time = time;
      this.threads = threads;
    }

    /** Never null for one that was running when it was asked for last. */
    @Nullable Sighting at(Participant participant) {
      Thread thread = participant.thread();
      CancellationReason why = participant.roster.reason();
      Duration since =
          why == null ? Duration.ZERO : Overdue.since(why.origin().time(), time::instant);
      var found = new Sighting(participant, nameOf(thread), why, since, stackOf(thread));
      return participant.state == Participant.State.ENDED ? null : found;
    }

    /**
     * Whether its thread has called {@link System#exit}, and so never comes back. The JVM is
     * exiting.
     */
    boolean isInExit(Participant participant) {
      for (StackTraceElement frame : stackOf(participant.thread())) {
        if (frame.getMethodName().equals("exit")
            && frame.getClassName().equals("java.lang.Runtime")) {
          return true;
        }
      }
      return false;
    }

    private List<StackTraceElement> stackOf(@Nullable Thread thread) {
      if (thread == null) {
        return List.of();
      }
      List<StackTraceElement> known = stacks.get(thread);
      if (known == null) {
        if (stacks.size() >= threads) {
          return List.of();
        }
        known = Foreign.stackOf(thread);
        stacks.put(thread, known);
      }
      return known;
    }

    static String nameOf(@Nullable Thread thread) {
      if (thread == null) {
        return "a thread that has not begun";
      }
      return Foreign.nameOf(thread);
    }
  }
}
