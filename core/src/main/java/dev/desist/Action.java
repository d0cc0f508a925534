package dev.desist;

import dev.desist.internal.Foreign;
import java.util.function.Consumer;

/**
 * What is done and gives no value, and may throw: the parameter that a lambda without a value
 * becomes. What it throws is a parameter, so that its caller has to catch that and nothing more.
 *
 * <p>It is also a {@link Runnable}, and a consumer of a reason that does not ask for the reason, so
 * that wherever a method exists for these as well, a lambda or a method reference without a value
 * is taken to be an action, and never ambiguous.
 *
 * @param <X> what it throws
 */
@FunctionalInterface
@SuppressWarnings(
    "FunctionalInterfaceMethodChanged") // a lambda cast to Runnable is one, and does the same
public interface Action<X extends Exception> extends Runnable, Consumer<CancellationReason> {
  /**
   * Does it.
   *
   * @throws X as its maker says
   */
  void perform() throws X;

  /** Does it as a {@link Runnable}: what it throws is thrown as it is, also if it is checked. */
  @Override
  default void run() {
    try {
      perform();
    } catch (Exception e) {
      throw Foreign.<RuntimeException>undeclared(e);
    }
  }

  /**
   * Does it, whatever the reason; what it throws is thrown as it is, also if it is checked.
   *
   * @param reason not asked for
   */
  @Override
  default void accept(CancellationReason reason) {
    run();
  }
}
