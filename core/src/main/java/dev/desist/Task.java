package dev.desist;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * What gives a value, and may throw: a {@link Callable} that says what it throws, so that its
 * caller has to catch that and nothing more. For a {@code Callable} that is at hand, write {@code
 * callable::call}.
 *
 * <p>It is also an {@link Action} that drops the value, so that wherever a method exists for both,
 * a lambda or a method reference that gives a value is taken to be a task, and never ambiguous.
 *
 * @param <T> what it gives
 * @param <X> what it throws
 */
@FunctionalInterface
@SuppressWarnings("FunctionalInterfaceMethodChanged") // as in Action
public interface Task<T extends @Nullable Object, X extends Exception>
    extends Callable<T>, Action<X> {
  /**
   * {@return the value}
   *
   * @throws X as its maker says
   */
  @Override
  T call() throws X;

  /**
   * Calls it, and drops the value.
   *
   * @throws X as its maker says
   */
  @Override
  default void perform() throws X {
    T _ = call();
  }
}
