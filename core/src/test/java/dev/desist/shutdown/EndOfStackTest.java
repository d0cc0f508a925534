package dev.desist.shutdown;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An overflow of the stack comes before an operation, or nothing of it is left half done: each is
 * brought to the end of the stack at every depth, interpreted and compiled.
 */
@Timeout(300)
class EndOfStackTest {
  private static final String INTERPRETED = "-Xint";
  private static final String SIMPLY_COMPILED = "-XX:TieredStopAtLevel=1";
  private static final String COMPILED = "-XX:TieredStopAtLevel=4";

  private static void run(Class<?> program, String flag) throws Exception {
    var jvm = new RunningJvm(List.of(flag, "-XX:+UseSerialGC"), program);
    assertEquals(0, jvm.exitCode(), () -> String.join("\n", jvm.lines()));
    assertTrue(jvm.lines().contains("done"), () -> String.join("\n", jvm.lines()));
    jvm.lines().forEach(System.out::println);
  }

  @ParameterizedTest
  @ValueSource(strings = {INTERPRETED, SIMPLY_COMPILED, COMPILED})
  void shutdowns(String flag) throws Exception {
    run(EndOfStackProgram.class, flag);
  }

  @ParameterizedTest
  @ValueSource(strings = {INTERPRETED, SIMPLY_COMPILED, COMPILED})
  void input_and_output(String flag) throws Exception {
    run(dev.desist.io.EndOfStackProgram.class, flag);
  }

  @ParameterizedTest
  @ValueSource(strings = {INTERPRETED, SIMPLY_COMPILED, COMPILED})
  void tokens_and_guarded_calls(String flag) throws Exception {
    run(dev.desist.EndOfStackProgram.class, flag);
  }

  @ParameterizedTest
  @ValueSource(strings = {INTERPRETED, SIMPLY_COMPILED, COMPILED})
  void scopes(String flag) throws Exception {
    run(dev.desist.scope.EndOfStackProgram.class, flag);
  }
}
