package dev.desist.testkit;

import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Checks that a test leaves its thread as it found it: without an interrupt that nobody asked for.
 * Register it with {@code @ExtendWith(Hygiene.class)}.
 */
public final class Hygiene implements BeforeEachCallback, AfterEachCallback {
  /** Made by JUnit. */
  public Hygiene() {}

  @Override
  public void beforeEach(ExtensionContext context) {
    if (Thread.interrupted()) {
      throw new AssertionError("the thread was interrupted before " + context.getDisplayName());
    }
  }

  @Override
  public void afterEach(ExtensionContext context) {
    if (Thread.interrupted()) {
      throw new AssertionError(context.getDisplayName() + " left its thread interrupted");
    }
  }
}
