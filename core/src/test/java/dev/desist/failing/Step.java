package dev.desist.failing;

/** An operation, and what holds after it, wherever it failed. */
public interface Step {
  /** Runs with all the room there is. */
  void prepare() throws Exception;

  /** The operation: runs where something is short. Its own class may load others before. */
  void run() throws Exception;

  /**
   * Runs with all the room again.
   *
   * @param done whether {@link #run} came to its end
   */
  void check(boolean done) throws Exception;
}
