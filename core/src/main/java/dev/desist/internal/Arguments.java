package dev.desist.internal;

import java.time.Duration;
import java.util.Objects;

/**
 * What arguments must be. Each method gives the argument back, or throws an {@link
 * IllegalArgumentException} with the rule, then the value.
 */
public final class Arguments {
  private Arguments() {}

  /** A time that can be waited for. */
  public static Duration notNegative(Duration argument, String parameter) {
    Objects.requireNonNull(argument, parameter);
    if (argument.isNegative()) {
      throw new IllegalArgumentException(parameter + " must not be negative: " + argument);
    }
    return argument;
  }

  /** A number that can be none. */
  public static long notNegative(long argument, String parameter) {
    if (argument < 0) {
      throw new IllegalArgumentException(parameter + " must not be negative: " + argument);
    }
    return argument;
  }

  /** A number that is at least one. */
  public static int positive(int argument, String parameter) {
    if (argument <= 0) {
      throw new IllegalArgumentException(parameter + " must be positive: " + argument);
    }
    return argument;
  }
}
