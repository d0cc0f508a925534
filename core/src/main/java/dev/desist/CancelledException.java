package dev.desist;

import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Says that work was cancelled, why, and through which sources. Thrown where code asks a token and
 * the token is cancelled.
 *
 * <p>It carries names and the reason, never a live task, thread or token, so it can be kept, logged
 * and sent. It is what the code <i>inside</i> cancelled work sees; whoever set a timeout for that
 * work gets a {@link java.util.concurrent.TimeoutException} instead.
 */
public final class CancelledException extends CancellationException {
  private static final long serialVersionUID = 1;

  /** Why. */
  private final CancellationReason reason;

  /** Names from the source that was cancelled to the token that was asked. */
  @SuppressWarnings("serial") // the lists we make are
  private final List<String> path;

  /**
   * Makes the exception for a token that is cancelled.
   *
   * @param token the token that was asked
   * @throws IllegalArgumentException if the token is not cancelled
   */
  public CancelledException(CancellationToken token) {
    this(token, null);
  }

  /**
   * Makes the exception for a token that is cancelled, where the work ended with an exception of
   * its own.
   *
   * @param token the token that was asked
   * @param cause how the work ended, such as a database driver's exception; or null
   * @throws IllegalArgumentException if the token is not cancelled
   */
  public CancelledException(CancellationToken token, @Nullable Throwable cause) {
    this(
        Objects.requireNonNull(token, "token")
            .reason()
            .orElseThrow(() -> new IllegalArgumentException("token must be cancelled: " + token)),
        token.path());
    if (cause != null) {
      initCause(cause);
    }
  }

  private CancelledException(CancellationReason reason, List<String> path) {
    this.reason = reason;
    this.path = path;
  }

  /** {@return what was cancelled, why, and where that came from, in one sentence} */
  @Override
  public String getMessage() {
    return sentence(reason, path); // made when it is read: most of these are caught, and not read
  }

  /**
   * {@return what {@code thrown} stands for} That is the first cause that is not one of the
   * wrappers which futures and streams put around what their tasks throw: {@link
   * CompletionException}, {@link ExecutionException}, {@link UncheckedIOException}, and the plain
   * {@link CancellationException} of {@code CompletableFuture.get}; {@code thrown} itself, if it is
   * none of these or has no cause.
   *
   * @param thrown what was caught
   */
  public static Throwable unwrap(Throwable thrown) {
    Throwable at = Objects.requireNonNull(thrown, "thrown");
    while ((at instanceof CompletionException
            || at instanceof ExecutionException
            || at instanceof UncheckedIOException
            || at instanceof CancelledIOException
            || at.getClass() == CancellationException.class)
        && at.getCause() != null) {
      at = at.getCause();
    }
    return at;
  }

  /** {@return why: the same reason that the token gives} */
  public CancellationReason reason() {
    return reason;
  }

  /**
   * {@return the names from the source that was cancelled to the token that was asked, both
   * included}
   *
   * <p>A source without a name appears as {@code "unnamed"}.
   */
  public List<String> path() {
    return path;
  }

  private static String sentence(CancellationReason reason, List<String> path) {
    String subject =
        path.getLast().equals(CancellationToken.UNNAMED)
            ? "Cancelled"
            : '"' + path.getLast() + "\" was cancelled";
    String route = path.size() == 1 ? "" : ", and reached it by way of " + shortened(path);
    return subject
        + " because "
        + reason.message()
        + ". This came from "
        + reason.origin()
        + route
        + ".";
  }

  /** A path can be a million names long; a message cannot. */
  private static String shortened(List<String> path) {
    if (path.size() <= 8) {
      return String.join(" > ", path);
    }
    return String.join(" > ", path.subList(0, 3))
        + " > … "
        + (path.size() - 6)
        + " more … > "
        + String.join(" > ", path.subList(path.size() - 3, path.size()));
  }
}
