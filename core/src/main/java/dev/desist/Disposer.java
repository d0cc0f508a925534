package dev.desist;

import org.jspecify.annotations.Nullable;

/**
 * Releases a value that nobody else is given: of a task that lost, or that came too late.
 *
 * <p>Unlike a {@link java.util.function.Consumer}, it may throw checked exceptions, so that {@code
 * Connection::close} or {@code InputStream::close} is one.
 *
 * @param <T> what it releases
 */
@FunctionalInterface
public interface Disposer<T extends @Nullable Object> {
  /**
   * Releases {@code value}.
   *
   * @param value what to release
   * @throws Exception if it cannot; whoever called logs it
   */
  void dispose(T value) throws Exception;
}
