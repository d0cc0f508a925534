package dev.desist;

import dev.desist.internal.Foreign;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Says that callbacks failed while a source was cancelled. The cancellation itself took effect, and
 * every other callback ran: this is thrown after all of them. The first failure is the {@linkplain
 * #getCause() cause}, an {@link Error} too; the others are {@linkplain #getSuppressed()
 * suppressed}, in the order they happened.
 */
public final class CancellationCallbackException extends RuntimeException {
  private static final long serialVersionUID = 1;

  CancellationCallbackException(@Nullable String name, List<Throwable> failures) {
    super(
        "%d callback%s failed while %s was cancelled; the first with %s"
            .formatted(
                failures.size(),
                failures.size() == 1 ? "" : "s",
                name == null ? "a source" : '"' + name + '"',
                Foreign.describe(failures.getFirst())),
        failures.getFirst());
    failures.stream().skip(1).forEach(this::addSuppressed);
  }
}
