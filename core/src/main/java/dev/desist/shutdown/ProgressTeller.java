package dev.desist.shutdown;

import dev.desist.Deadline;
import dev.desist.internal.Foreign;
import dev.desist.internal.Lane;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Tells a listener how far a shutdown has come; one call at a time, and nobody waits for it. */
final class ProgressTeller {
  /** Null if nobody is told. */
  private final @Nullable Duration every;

  private final Consumer<? super ShutdownProgress> listener;

  /** While a call is under way, further ones are left out. */
  private final AtomicBoolean telling = new AtomicBoolean();

  ProgressTeller(@Nullable Duration every, Consumer<? super ShutdownProgress> listener) {
    this.every = every;
    this.listener = listener;
  }

  /** When to tell again. */
  Deadline next() {
    return every == null ? Deadline.none() : Deadline.after(every);
  }

  void tell(Stage stage, String name) {
    if (every == null || !telling.compareAndSet(false, true)) {
      return;
    }
    ShutdownProgress now = stage.progress(name);
    try {
      Lane.WORK.execute(() -> call(now));
    } catch (Throwable e) { // there is no thread to be had
      telling.set(false);
    }
  }

  private void call(ShutdownProgress now) {
    try {
      listener.accept(now);
    } catch (Throwable e) {
      Foreign.log(
          System.Logger.Level.ERROR,
          "the listener for the progress of " + now.name() + " failed",
          e);
    } finally {
      telling.set(false);
    }
  }
}
