package dev.desist.failing;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * An overflow of the stack comes before an operation, or nothing of it is left half done: each is
 * brought to the end of the stack at every depth where something changes, interpreted and compiled.
 *
 * <p>One JVM for each way of running code, with all operations of all packages, two JVMs at a time.
 * The compilers begin with what has run a few times, since no operation runs often here. Which
 * depths are passed over says {@link EndOfStack}; the long form, with {@code -Ddesist.stress=2} or
 * more, passes over none.
 */
class EndOfStackTest {
  private static final Child INTERPRETED = new Child(List.of("-Xint"), "stack");
  private static final Child SIMPLY_COMPILED =
      new Child(List.of("-XX:TieredStopAtLevel=1", "-XX:CompileThresholdScaling=0.01"), "stack");
  private static final Child COMPILED =
      new Child(List.of("-XX:TieredStopAtLevel=4", "-XX:CompileThresholdScaling=0.01"), "stack");

  @Test
  @Timeout(1200)
  void each_operation_at_the_end_of_the_stack() {
    Child.runAll(List.of(COMPILED, SIMPLY_COMPILED, INTERPRETED));
  }
}
