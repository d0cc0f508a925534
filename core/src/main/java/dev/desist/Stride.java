package dev.desist;

import dev.desist.internal.Arguments;
import java.util.Objects;

/**
 * Asks a token once in so many steps: for loops whose step is so short that even asking a token
 * each time would be felt. Made by {@link Cancellation#every(CancellationToken, int)}.
 *
 * <p>The first step asks, and then every n-th; once the token was found cancelled, each step finds
 * it so. A loop thus makes at most n - 1 steps after a cancellation. What it has made of the steps
 * before stays with the caller: {@link #isCancelled()} and {@link #blockEnd} do not throw.
 *
 * <p>If a step takes a few nanoseconds or more, ask at each:
 *
 * {@snippet class="dev.desist.snippets.StrideSnippets" region="each"}
 *
 * <p>A loop over an array that does next to nothing with an element is fast because nothing else is
 * in it, and even to count would be felt. It goes block by block:
 *
 * {@snippet class="dev.desist.snippets.StrideSnippets" region="block"}
 *
 * <h2>Thread safety</h2>
 *
 * <p>It counts, so each loop has its own. It is not safe for use by several threads at once.
 *
 * @implNote A step costs a decrement, in a register where the loop is compiled as a whole.
 */
public final class Stride {
  private final CancellationToken token;
  private final int length;

  /** How many steps there are up to the next that asks, itself included. */
  private int left = 1;

  private Stride(CancellationToken token, int length) {
    this.token = token;
    this.length = length;
  }

  static Stride of(CancellationToken token, int length) {
    Objects.requireNonNull(token, "token");
    return new Stride(token, Arguments.positive(length, "stride"));
  }

  /**
   * Makes a step.
   *
   * @return whether the token is cancelled, as of the last time it was asked
   */
  public boolean isCancelled() {
    // All in one method: a call from here that the compiler leaves alone would bring this object,
    // and with it the counter, into memory.
    if (--left > 0) {
      return false;
    }
    boolean cancelled = token.isCancelled();
    left = cancelled ? 1 : length;
    return cancelled;
  }

  /**
   * Makes a step. Returns if the token was live when it was last asked.
   *
   * @throws CancelledException if it is cancelled
   */
  public void checkpoint() {
    if (isCancelled()) {
      throw new CancelledException(token);
    }
  }

  /**
   * Asks the token, and tells how far to go before it is to be asked again.
   *
   * @param from the first index that has not been dealt with
   * @param to the end of all, which is not dealt with itself
   * @return the end of the next block, so many indices on, or {@code to} if that comes first;
   *     {@code from} if the token is cancelled
   * @throws IndexOutOfBoundsException if {@code from} is negative or greater than {@code to}
   */
  public int blockEnd(int from, int to) {
    Objects.checkFromToIndex(from, to, to);
    if (token.isCancelled()) {
      return from;
    }
    return to - from > length ? from + length : to;
  }

  /** {@return the token, and how often it is asked} */
  @Override
  public String toString() {
    return "Stride[every " + length + ", " + token + ']';
  }
}
