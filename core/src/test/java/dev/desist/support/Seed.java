package dev.desist.support;

import java.util.SplittableRandom;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/**
 * What tests choose at random: something else in each run, or what they chose in the run whose seed
 * {@code -Ddesist.seed} names. As an extension, it tells the seed with each failure.
 */
public final class Seed implements TestExecutionExceptionHandler {
  private static final long SEED = Long.getLong("desist.seed", System.nanoTime());

  /**
   * Choices of its own for each part of a test.
   *
   * @param part tells the parts apart
   */
  public static SplittableRandom random(long part) {
    return new SplittableRandom(SEED + part);
  }

  @Override
  public void handleTestExecutionException(ExtensionContext context, Throwable failure)
      throws Throwable {
    failure.addSuppressed(new AssertionError("the choices of this run: -Ddesist.seed=" + SEED));
    throw failure;
  }
}
