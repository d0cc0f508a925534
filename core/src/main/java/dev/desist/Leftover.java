package dev.desist;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Work that was cancelled and goes on, as it was seen at one moment.
 *
 * @param task the name of the subtask, of the submission, or of the token that the work is under
 * @param scope the scope's name; null for work that belongs to none, as that of a future
 * @param thread the thread's name, if it has one, and its kind and number
 * @param reason why it was cancelled
 * @param deafFor how long ago that reason was made, by the wall clock of the work's time source;
 *     never negative
 * @param leftBehind whether others have gone on without it: its scope has returned, its future is
 *     done; else its scope waits
 * @param stack what its thread was doing; empty if it had just ended
 */
public record Leftover(
    String task,
    @Nullable String scope,
    String thread,
    CancellationReason reason,
    Duration deafFor,
    boolean leftBehind,
    List<StackTraceElement> stack) {
  /** Checks that nothing is missing. */
  public Leftover {
    Objects.requireNonNull(task, "task");
    Objects.requireNonNull(thread, "thread");
    Objects.requireNonNull(reason, "reason");
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
    return (scope == null
            ? "work \"" + task + '"'
            : "subtask \"" + task + "\" of scope \"" + scope + '"')
        + " on "
        + thread
        + " was cancelled "
        + deafFor.toMillis()
        + " ms ago because "
        + reason.message()
        + ", and goes on"
        + (leftBehind ? "; it is left behind" : "; its scope waits for it");
  }
}
