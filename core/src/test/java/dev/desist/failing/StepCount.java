package dev.desist.failing;

import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Counts the steps of the thread that has asked for it; called by copies of {@link StepPoints}. */
public final class StepCount {
  private static volatile @Nullable Thread counted;
  private static long steps;
  private static final Set<String> CALLS = new TreeSet<>();

  private StepCount() {}

  /** Begins to count those of this thread, from zero. */
  public static void begin() {
    steps = 0;
    CALLS.clear();
    counted = Thread.currentThread();
  }

  /** {@return how many there were} */
  public static long end() {
    counted = null;
    return steps;
  }

  /** {@return what was called of others} */
  public static Set<String> calls() {
    return Set.copyOf(CALLS);
  }

  /** One. */
  public static void step() {
    if (counted == Thread.currentThread()) {
      steps++;
    }
  }

  /** One, in a method of somebody else's. */
  public static void call(String name) {
    if (counted == Thread.currentThread()) {
      counted = null; // a set has steps of its own
      steps++;
      CALLS.add(name);
      counted = Thread.currentThread();
    }
  }
}
