package dev.desist;

import dev.desist.internal.Foreign;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
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

  /** Causes may form a circle; no chain that means something is as long as this. */
  private static final int DEEPEST = 1_000;

  /** Why. */
  private final CancellationReason reason;

  /** Names from the source that was cancelled to the token that was asked. */
  @SuppressWarnings("serial") // the lists we make are
  private final List<String> path;

  /** What tells this cancellation from all others; not for other processes. */
  private final transient @Nullable Verdict verdict;

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
    Verdict found = Objects.requireNonNull(token, "token").verdict();
    if (found == null) {
      throw new IllegalArgumentException("token must be cancelled: " + token);
    }
    this.verdict = found;
    this.reason = found.reason;
    this.path = token.path();
    if (cause != null) {
      initCause(cause);
    }
    Waiter.noticed(found);
  }

  /** {@return what was cancelled, why, and where that came from, in one sentence} */
  @Override
  public String getMessage() {
    return sentence(reason, path); // made when it is read: most of these are caught, and not read
  }

  /**
   * {@return what {@code thrown} stands for} That is the first cause that is not one of the
   * wrappers which futures and streams put around what their tasks throw: {@link
   * CompletionException}, {@link ExecutionException}, {@link UncheckedIOException}, the plain
   * {@link CancellationException} of {@code CompletableFuture.get}, and our own {@link
   * CancelledIOException}; {@code thrown} itself, if it is none of these, or none of its causes is
   * anything else. It looks through these wrappers alone: see {@link #find}.
   *
   * @param thrown what was caught
   */
  public static Throwable unwrap(Throwable thrown) {
    Throwable at = Objects.requireNonNull(thrown, "thrown");
    for (int i = 0; isWrapper(at); i++) {
      Throwable cause = Foreign.cause(at);
      if (cause == null) {
        return at;
      }
      if (i == DEEPEST) {
        return thrown;
      }
      at = cause;
    }
    return at;
  }

  private static boolean isWrapper(Throwable thrown) {
    return thrown instanceof CompletionException
        || thrown instanceof ExecutionException
        || thrown instanceof UncheckedIOException
        || thrown instanceof CancelledIOException
        || thrown.getClass() == CancellationException.class;
  }

  /**
   * {@return the cancellation that {@code thrown} tells of, wrapped in whatever by whomever} That
   * is {@code thrown} itself, or the nearest among its causes. Whose cancellation it is, {@link
   * CancellationToken#caused} tells.
   *
   * <p>For those who have to tell cancellations from failures and know of no token: a call that was
   * cancelled is not to be tried again, not to be counted by a circuit breaker, not to be logged as
   * an error. A {@link TimeoutException} is none, whatever its cause: whoever set the timeout may
   * well try again.
   *
   * {@snippet class="dev.desist.snippets.OutcomeSnippets" region="find"}
   *
   * @param thrown what was caught
   */
  public static Optional<CancelledException> find(Throwable thrown) {
    Throwable at = Objects.requireNonNull(thrown, "thrown");
    for (int i = 0; at != null && !(at instanceof TimeoutException) && i < DEEPEST; i++) {
      if (at instanceof CancelledException found) {
        return Optional.of(found);
      }
      at = Foreign.cause(at);
    }
    return Optional.empty();
  }

  /** The exception of {@code verdict} in {@code thrown}, or null. */
  static @Nullable Throwable find(Throwable thrown, Verdict verdict) {
    return Foreign.find(thrown, at -> at instanceof CancelledException e && e.verdict == verdict);
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
