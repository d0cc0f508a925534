package dev.desist.io;

import org.jspecify.annotations.Nullable;

/**
 * Runs something at the end of the stack: at every depth, from where there is no room at all to
 * where there is enough.
 */
public final class EndOfStack {
  /** So often in a row it must have had room. */
  private static final int ENOUGH = 40;

  /** More frames than any operation needs. */
  private static final int MOST = 20_000;

  private static final int SIZE = 512 * 1024;

  private static int left;

  private EndOfStack() {}

  /** What is walked to the end of the stack. */
  public interface Step {
    /** Runs with the whole stack before it. */
    void prepare() throws Exception;

    /** Runs where there is little of it. */
    void run() throws Exception;

    /**
     * Runs with the whole stack again.
     *
     * @param done whether {@link #run} came to its end
     */
    void check(boolean done) throws Exception;
  }

  /**
   * Walks, on a thread of its own; any exception but an overflow is a failure.
   *
   * @param name is printed with what came of it
   */
  public static void walk(String name, Step step) throws Exception {
    var failure = new Throwable[1];
    var thread =
        new Thread(
            null,
            () -> {
              try {
                System.out.println(name + ": " + walk(step));
              } catch (Throwable e) {
                failure[0] = e;
              }
            },
            "walker",
            SIZE);
    thread.start();
    thread.join();
    if (failure[0] != null) {
      throw new AssertionError(name, failure[0]);
    }
  }

  private static String walk(Step step) throws Exception {
    for (int i = 0; i < 5; i++) { // loads the classes
      attempt(0, step);
    }
    int overflows = 0;
    int inARow = 0;
    int above = 0;
    for (int pace; inARow < ENOUGH && above < MOST; above += pace) {
      int depth = depth();
      pace = Math.max(1, depth / (SIZE / 64)); // compiled frames are small
      if (attempt(Math.max(0, depth - above), step)) {
        inARow++;
      } else {
        overflows++;
        inARow = 0;
      }
    }
    if (inARow < ENOUGH || overflows == 0) {
      throw new AssertionError(overflows + " overflows, then " + inARow + " times none");
    }
    return overflows + " overflows in " + above + " depths";
  }

  /** Whether it came to its end. */
  private static boolean attempt(int depth, Step step) throws Exception {
    step.prepare();
    boolean done = false;
    try {
      descend(depth, step);
      done = true;
    } catch (StackOverflowError e) {
      // That is the point.
    }
    step.check(done);
    return done;
  }

  private static int depth() throws Exception {
    try {
      descend(Integer.MAX_VALUE, null);
      throw new AssertionError("there is no end");
    } catch (StackOverflowError e) {
      return Integer.MAX_VALUE - left;
    }
  }

  private static void descend(int more, @Nullable Step step) throws Exception {
    left = more;
    if (more == 0 && step != null) {
      step.run();
    } else {
      descend(more - 1, step);
    }
  }
}
