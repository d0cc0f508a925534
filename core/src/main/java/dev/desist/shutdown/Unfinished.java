package dev.desist.shutdown;

import dev.desist.CancellationReason;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A participant of a {@link Shutdown}, as it was seen at a moment when it had not ended.
 *
 * @param name its name
 * @param phase the phase it takes part in: stopping, draining (so all work in flight) or closing
 * @param thread the thread's name, and its kind and number
 * @param reason why it was told to end; null if it has not been
 * @param stack what its thread was doing
 */
public record Unfinished(
    String name,
    ShutdownPhase phase,
    String thread,
    @Nullable CancellationReason reason,
    List<StackTraceElement> stack) {
  /** Checks that nothing is missing. */
  public Unfinished {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(phase, "phase");
    Objects.requireNonNull(thread, "thread");
    stack = List.copyOf(stack);
  }

  /** The stack, indented. */
  static String lines(List<StackTraceElement> stack) {
    return stack.stream().map(frame -> "\n    at " + frame).collect(Collectors.joining());
  }

  /** {@return a sentence, and the stack below it} */
  @Override
  public String toString() {
    return '"'
        + name
        + "\" ("
        + phase
        + "), on "
        + thread
        + (reason == null ? "" : ", told to end because " + reason.message())
        + lines(stack);
  }
}
