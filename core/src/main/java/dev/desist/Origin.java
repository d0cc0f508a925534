package dev.desist;

import java.io.Serializable;
import java.time.Instant;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where a cancellation came from.
 *
 * @param thread the name of the thread, or its kind and number if it has none
 * @param time when, by the wall clock of the time source in use; by the machine's, if that failed
 * @param callSite the line of code, outside this library and the JDK, that cancelled; of a
 *     deadline, the one that set it. Null unless {@linkplain Diagnostics#recordCallSites recording}
 *     was on then, and where there is none: on a thread of this library's own
 */
public record Origin(String thread, Instant time, @Nullable StackTraceElement callSite)
    implements Serializable {
  private static final StackWalker STACK = StackWalker.getInstance();

  /** All packages of this library, those of the other artifacts too: not what begins alike. */
  static final Set<String> OURS =
      Set.of(
          "dev.desist",
          "dev.desist.concurrent",
          "dev.desist.internal",
          "dev.desist.io",
          "dev.desist.net",
          "dev.desist.jdbc",
          "dev.desist.scope",
          "dev.desist.shutdown",
          "dev.desist.stream",
          "dev.desist.testkit");

  /** Checks that thread and time are there. */
  public Origin {
    Objects.requireNonNull(thread, "thread");
    Objects.requireNonNull(time, "time");
  }

  /** {@return the calling thread, now} */
  public static Origin here() {
    return here(TimeSource.current());
  }

  static Origin here(TimeSource time) {
    return here(time, findCallSite());
  }

  /** The calling thread, now, for what was decided elsewhere. */
  static Origin here(TimeSource time, @Nullable StackTraceElement callSite) {
    return new Origin(nameOf(Thread.currentThread()), now(time), callSite);
  }

  /** A clock of somebody else's may fail, and must not keep anybody from cancelling. */
  private static Instant now(TimeSource time) {
    try {
      return Objects.requireNonNull(time.instant());
    } catch (Throwable e) {
      return Instant.now();
    }
  }

  static String nameOf(Thread thread) {
    String name = thread.getName();
    return !name.isEmpty()
        ? name
        : (thread.isVirtual() ? "virtual" : "platform") + " thread " + thread.threadId();
  }

  /** The innermost line that is neither ours nor the JDK's, if those are recorded. */
  static @Nullable StackTraceElement findCallSite() {
    return !Diagnostics.recordsCallSites()
        ? null
        : STACK.walk(
            frames ->
                frames
                    .filter(frame -> !isOurs(frame))
                    .map(StackWalker.StackFrame::toStackTraceElement)
                    .filter(line -> !isOfTheJdk(line))
                    .findFirst()
                    .orElse(null));
  }

  /** Whether code of this library's own asks for a source, and not its user. */
  static boolean isForOurselves() {
    return STACK
        .walk(
            frames ->
                frames.filter(frame -> !isOfThePrimitives(frame)).findFirst().map(Origin::isOurs))
        .orElse(false);
  }

  private static boolean isOfThePrimitives(StackWalker.StackFrame frame) {
    String name = frame.getClassName();
    return name.equals(Origin.class.getName())
        || name.startsWith(Forgotten.class.getName())
        || name.equals(CancellationToken.class.getName())
        || name.equals(CancellationSource.class.getName());
  }

  private static boolean isOurs(StackWalker.StackFrame frame) {
    String name = frame.getClassName();
    return OURS.contains(name.substring(0, Math.max(0, name.lastIndexOf('.'))));
  }

  private static boolean isOfTheJdk(StackTraceElement line) {
    String module = line.getModuleName();
    return module != null && (module.startsWith("java.") || module.startsWith("jdk."));
  }

  @Override
  public String toString() {
    return "thread " + thread + " at " + time + (callSite == null ? "" : " in " + callSite);
  }
}
