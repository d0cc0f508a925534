package dev.desist;

import dev.desist.internal.Arguments;
import java.io.InterruptedIOException;
import java.util.List;
import java.util.Objects;

/**
 * Says that an input or output operation was cancelled, why, and through which sources: {@link
 * CancelledException} for methods that may throw an {@link java.io.IOException}. What was read from
 * or written to stays open and usable.
 *
 * <p>It is an {@link InterruptedIOException}, so that layers which survive a read timeout, such as
 * TLS over a socket, survive a cancellation, too. Its {@link #bytesTransferred} says how many bytes
 * a cancelled write had handed over. Its cause is the {@link CancelledException}, which {@link
 * CancelledException#unwrap} finds.
 */
public final class CancelledIOException extends InterruptedIOException {
  private static final long serialVersionUID = 1;

  /** The twin. */
  private final CancelledException twin;

  /**
   * Makes the exception for a token that is cancelled.
   *
   * @param token the token that was asked
   * @throws IllegalArgumentException if the token is not cancelled
   */
  public CancelledIOException(CancellationToken token) {
    this(token, 0);
  }

  /**
   * Makes the exception for a token that is cancelled, where part of the work was done.
   *
   * @param token the token that was asked
   * @param bytesTransferred how many bytes had been read or written; of more than {@link
   *     Integer#MAX_VALUE}, the field says that many
   * @throws IllegalArgumentException if the token is not cancelled, or the number is negative
   */
  public CancelledIOException(CancellationToken token, long bytesTransferred) {
    Arguments.notNegative(bytesTransferred, "bytesTransferred");
    this.twin = new CancelledException(Objects.requireNonNull(token, "token"));
    initCause(twin);
    this.bytesTransferred = (int) Math.min(bytesTransferred, Integer.MAX_VALUE);
  }

  /**
   * Returns if {@code token} is live: {@link CancellationToken#throwIfCancelled} for a method that
   * throws an {@link java.io.IOException}.
   *
   * @param token what to ask
   * @throws CancelledIOException if it is cancelled
   */
  public static void throwIfCancelled(CancellationToken token) throws CancelledIOException {
    throwIfCancelled(token, 0);
  }

  /**
   * Returns if {@code token} is live, as {@link #throwIfCancelled(CancellationToken)} does, where
   * part of the work was done.
   *
   * @param token what to ask
   * @param bytesTransferred how many bytes had been read or written
   * @throws CancelledIOException if it is cancelled
   * @throws IllegalArgumentException if it is cancelled and the number is negative
   */
  public static void throwIfCancelled(CancellationToken token, long bytesTransferred)
      throws CancelledIOException {
    if (token.isCancelled()) {
      throw new CancelledIOException(token, bytesTransferred);
    }
  }

  /** {@return what was cancelled, why, and where that came from, in one sentence} */
  @Override
  public String getMessage() {
    return twin.getMessage();
  }

  /** {@return why: the same reason that the token gives} */
  public CancellationReason reason() {
    return twin.reason();
  }

  /** {@return the names from the source that was cancelled to the token that was asked} */
  public List<String> path() {
    return twin.path();
  }
}
