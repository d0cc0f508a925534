package dev.desist.modelcheck;

/** What programs are made of. */
public final class Run {
  private Run() {}

  /** Starts a thread of the program. */
  public static Thread start(Runnable task) {
    var thread = new Thread(task);
    thread.start();
    return thread;
  }

  /**
   * Waits for the end of a thread of the program.
   *
   * @return whether an interrupt came meanwhile, or was there before; the flag is clear afterwards
   */
  public static boolean join(Thread thread) {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        return Thread.interrupted() || interrupted;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
  }

  /** Ends the program as failed unless {@code holds}. */
  public static void check(boolean holds, String claim) {
    if (!holds) {
      throw new AssertionError(claim);
    }
  }
}
