package dev.desist.failing;

/** A way of failing an operation in each of its steps. */
public interface Walk {
  /**
   * Does it.
   *
   * @param name is printed with what came of it
   * @throws AssertionError if something does not hold, or was thrown that is not of this way
   */
  void over(String name, Step step) throws Exception;
}
