package dev.desist;

import java.io.Serializable;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where a cancellation came from.
 *
 * @param thread the name of the thread, or its kind and number if it has none
 * @param time when, by the wall clock of the time source in use
 * @param callSite the line of code outside this library, if {@linkplain Diagnostics#recordCallSites
 *     recording} was on
 */
public record Origin(String thread, Instant time, @Nullable StackTraceElement callSite)
    implements Serializable {
  private static final StackWalker STACK = StackWalker.getInstance();

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
    return new Origin(
        nameOf(Thread.currentThread()),
        time.instant(),
        Diagnostics.recordsCallSites() ? findCallSite() : null);
  }

  static String nameOf(Thread thread) {
    String name = thread.getName();
    return name.isEmpty() ? "virtual thread " + thread.threadId() : name;
  }

  /** The innermost frame outside this very package. */
  private static @Nullable StackTraceElement findCallSite() {
    int prefix = Origin.class.getPackageName().length();
    return STACK.walk(
        frames ->
            frames
                .map(StackWalker.StackFrame::toStackTraceElement)
                .filter(
                    frame ->
                        !frame.getClassName().startsWith(Origin.class.getPackageName())
                            || frame.getClassName().lastIndexOf('.') != prefix)
                .findFirst()
                .orElse(null));
  }

  @Override
  public String toString() {
    return "thread " + thread + " at " + time + (callSite == null ? "" : " in " + callSite);
  }
}
