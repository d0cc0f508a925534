package dev.desist.scope;

import dev.desist.CancellationReason;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * A task that was cancelled and goes on, as it was seen at one moment.
 *
 * @param task the subtask's name
 * @param scope the scope's name
 * @param thread the thread's name, if it has one, and its kind and number
 * @param reason why it was cancelled
 * @param deafFor how long ago that reason was made, by the wall clock of the scope's time source;
 *     never negative
 * @param leftBehind whether its scope has returned without it; else its scope waits
 * @param stack what its thread was doing; empty if it had just ended
 */
public record Leftover(
    String task,
    String scope,
    String thread,
    CancellationReason reason,
    Duration deafFor,
    boolean leftBehind,
    List<StackTraceElement> stack) {
  /** Checks that nothing is missing. */
  public Leftover {
    Objects.requireNonNull(task, "task");
    Objects.requireNonNull(scope, "scope");
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

  String sentence() {
    return "subtask \""
        + task
        + "\" of scope \""
        + scope
        + "\" on "
        + thread
        + " was cancelled "
        + deafFor.toMillis()
        + " ms ago because "
        + reason.message()
        + ", and goes on"
        + (leftBehind ? "; it is left behind" : "; its scope waits for it");
  }
}
