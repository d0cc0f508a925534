package dev.desist;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Work that was told to end and goes on, as it was seen at one moment. {@code Shutdown.unfinished}
 * gives in the same way those that are at work and have yet to be told.
 *
 * @param task the name of the subtask, of the submission, of the participant of a shutdown, or of
 *     the token that the work is under
 * @param scope the name of the scope, or of the shutdown; null for work that belongs to none, as
 *     that of a future
 * @param phase of a shutdown, which one the work belongs to: {@code "stopping"}, {@code "draining"}
 *     or {@code "closing"}; null for all other work
 * @param thread the thread's name, if it has one, and its kind and number
 * @param reason why it was cancelled; null if it has not been
 * @param deafFor how long ago that reason was made, by the wall clock of the work's time source;
 *     never negative, and zero without a reason
 * @param leftBehind whether others have gone on without it: its scope has returned, its future is
 *     done, its shutdown is further; else they wait
 * @param stack what its thread was doing; empty if it had just ended
 */
public record Leftover(
    String task,
    @Nullable String scope,
    @Nullable String phase,
    String thread,
    @Nullable CancellationReason reason,
    Duration deafFor,
    boolean leftBehind,
    List<StackTraceElement> stack) {
  /** Checks that nothing is missing. */
  public Leftover {
    Objects.requireNonNull(task, "task");
    Objects.requireNonNull(thread, "thread");
    Objects.requireNonNull(deafFor, "deafFor");
    stack = List.copyOf(stack);
  }

  /** {@return a sentence, and the stack below it} */
  @Override
  public String toString() {
    return sentence()
        + stack.stream().map(frame -> "\n\tat " + frame).collect(Collectors.joining());
  }

  /** {@return a sentence, without the stack} */
  public String sentence() {
    return kind() + " on " + thread + told() + (leftBehind ? "; it is left behind" : waiting());
  }

  private String told() {
    if (reason == null) {
      return " goes on, and has not been told to end";
    }
    return (phase == null ? " was cancelled " : " was told to end ")
        + (phase != null && deafFor.isZero() ? "" : deafFor.toMillis() + " ms ago ")
        + "because "
        + reason.message()
        + ", and goes on";
  }

  private String kind() {
    if (scope == null) {
      return "work \"" + task + '"';
    }
    return phase == null
        ? "subtask \"" + task + "\" of scope \"" + scope + '"'
        : '"' + task + "\" (" + phase + ") of shutdown \"" + scope + '"';
  }

  private String waiting() {
    if (reason == null) {
      return "";
    }
    return phase == null ? "; its scope waits for it" : "; the shutdown waits for it";
  }
}
