package dev.desist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.failing.StepPoints;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Promise 11, by counting: copies of our classes count each method that is entered, each jump
 * backwards and each call of the JDK's; and of the JDK nothing is called that has loops of its own.
 * Setting a deadline is not among the four: that is a step in a heap, and takes a number of steps
 * that grows with the logarithm of how many there are.
 */
@Timeout(120)
class ConstantStepsTest {
  private static final int FEW = 10;
  private static final int MANY = 100_000;

  /** What may differ: a neighbour is there, or not. */
  private static final long SLACK = 10;

  @Test
  void promise11_the_four_operations_take_as_many_steps_among_100_000_as_among_10()
      throws Exception {
    var called = new TreeSet<String>();
    BiConsumer<String, Set<String>> calls = (_, names) -> called.addAll(names);
    run(FEW, calls); // the first use of a class has steps of its own
    Map<String, Long> few = run(FEW, calls);
    called.clear();
    Map<String, Long> many = run(MANY, calls);
    assertEquals(few.keySet(), many.keySet());
    few.forEach(
        (operation, steps) -> {
          assertTrue(steps > 0, operation);
          assertTrue(
              Objects.requireNonNull(many.get(operation)) <= steps + SLACK,
              () -> operation + ": " + few + " among few, " + many + " among many");
        });
    called.removeIf(ConstantStepsTest::hasNoLoop);
    assertEquals(Set.of(), called);
  }

  private final StepPoints copies = new StepPoints(ConstantStepsTest.class.getClassLoader());

  @SuppressWarnings("unchecked")
  private Map<String, Long> run(int others, BiConsumer<String, Set<String>> calls)
      throws ReflectiveOperationException {
    var crowd =
        (IntFunction<Map<String, Long>>)
            copies
                .loadClass("dev.desist.Crowd")
                .getConstructor(BiConsumer.class)
                .newInstance(calls);
    return crowd.apply(others);
  }

  /** By what it is: no collection, no stream, no string that is put together. */
  private static boolean hasNoLoop(String method) {
    return method.startsWith("java/lang/invoke/VarHandle.")
        || method.startsWith("java/lang/ref/")
        || method.startsWith("java/lang/Object.")
        || method.startsWith("java/lang/Thread.")
        || method.startsWith("java/lang/ScopedValue.")
        || method.startsWith("java/util/Objects.")
        || method.equals("java/lang/Record.<init>")
        || method.equals("java/lang/String.isEmpty")
        || method.equals("java/time/Instant.now") // for the reason of a child that is closed
        // What the test itself does between begin and end.
        || method.startsWith("java/util/ArrayList.add")
        || method.startsWith("java/util/ArrayList.getFirst")
        || method.startsWith("java/lang/Runnable.run");
  }
}
