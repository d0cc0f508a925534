package dev.desist.testkit;

import dev.desist.Leftover;
import dev.desist.Leftovers;
import java.util.List;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Checks that a test leaves nothing behind: no interrupt on its thread that nobody asked for, and
 * no cancelled task that goes on and was {@linkplain Leftovers reported}. Register it with
 * {@code @ExtendWith(Hygiene.class)}.
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
    List<Leftover> deaf = Leftovers.list();
    if (!deaf.isEmpty()) {
      throw new AssertionError(context.getDisplayName() + " left tasks behind: " + deaf);
    }
  }
}
