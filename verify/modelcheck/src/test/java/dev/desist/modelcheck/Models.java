package dev.desist.modelcheck;

import static org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt.forClasses;

import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.util.LoggingLevel;

/**
 * Small concurrent programs, run by Lincheck in many orders of their steps: first with few changes
 * from one thread to another, then with more. If no thread can go on, that is a failure too, so a
 * test need not bound its waits.
 *
 * <p>Lincheck sees fields, monitors, atomics, parking and interrupts, all of them sequentially
 * consistent; that accesses weaker than volatile are strong enough is for jcstress to show. A wait
 * with a time limit ends at once. What it does not see:
 *
 * <ul>
 *   <li>a class that a program reaches by a method reference alone; {@code new} and calls will do
 *   <li>the inside of {@code java.util.concurrent}: a latch or a lock that blocks does so in
 *       earnest, and the program hangs. So {@code close()}, which waits by a latch, is left to
 *       jcstress
 *   <li>threads that outlive a run, as those of our dispatcher do
 * </ul>
 */
public final class Models {
  /** How many orders of each program are tried: 1 in the build, more in {@code ./stress}. */
  private static final int SCALE = Integer.getInteger("desist.stress", 1);

  private static final int ORDERS = 30 * SCALE;

  private Models() {}

  /** What a program should do as seen from outside: end, and throw nothing. */
  public static final class Ends {
    /** The program. */
    public void run() {}
  }

  /**
   * Tries a program.
   *
   * @param program has one operation, {@code run()}, which starts threads and joins them
   */
  public static void tryOrders(Class<?> program) {
    options()
        .iterations(1)
        .invocationsPerIteration(ORDERS)
        .threads(1)
        .actorsPerThread(1)
        .minimizeFailedScenario(false)
        .sequentialSpecification(Ends.class)
        .check(program);
  }

  /**
   * Has threads call the operations of an object, and compares what they return with every order in
   * which {@code specification} could have been called.
   *
   * @param object has operations
   * @param specification has the same, for one thread
   */
  public static void tryOperations(Class<?> object, Class<?> specification) {
    options()
        .iterations(Math.min(50, 4 + SCALE))
        .invocationsPerIteration(ORDERS / 3)
        .threads(2)
        .actorsPerThread(3)
        .sequentialSpecification(specification)
        .check(object);
  }

  private static ModelCheckingOptions options() {
    return new ModelCheckingOptions()
        .logLevel(LoggingLevel.OFF) // or it prints every InterruptedException
        .actorsBefore(0) // or what can be done once is done there
        .actorsAfter(0)
        // Touches nothing, but is so deep that Lincheck would take it for recursion without end.
        .addGuarantee(forClasses("dev.desist.Sweep").methods("probeStack").ignore())
        // Frees what the collector found, which is not of this run.
        .addGuarantee(forClasses("dev.desist.Forgotten").methods("release").ignore());
  }
}
