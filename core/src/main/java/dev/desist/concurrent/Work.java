package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Disposer;
import dev.desist.internal.Foreign;
import dev.desist.internal.Lane;
import dev.desist.internal.Stack;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Work for an executor, under a token of its own: it begins once, or is cancelled before and never
 * begins. Either way it ends once: its source is closed, and then {@link #succeeded} or {@link
 * #failed} is called.
 *
 * @param <T> what the work gives
 */
abstract class Work<T extends @Nullable Object> implements Runnable {
  /*
   * The callable is claimed by exchange: by the thread that is to run it, by its cancellation, or by whoever finds that the
   * executor takes nothing. Who gets it ends the work; nobody waits.
   */
  private static final System.Logger LOG = System.getLogger("dev.desist");

  private final CancellationSource source;
  private final AtomicReference<@Nullable Callable<? extends T>> unclaimed;
  private volatile @Nullable CancellationRegistration unstarted;

  Work(CancellationSource source, Callable<? extends T> work) {
    this.source = source;
    this.unclaimed = new AtomicReference<>(work);
  }

  /** The work's own, closed when it has ended. */
  final CancellationToken token() {
    return source.token();
  }

  /** Called once when all is set up: from now on, a cancellation ends what has not begun. */
  final void arm() {
    unstarted = token().onCancel(Lane.COMPLETIONS, this::cancelUnstarted);
  }

  /** Has this run, unless its token is cancelled: then it has ended, or soon will have. */
  final void startOn(Executor executor) {
    if (token().isCancelled()) {
      return;
    }
    try {
      executor.execute(this);
    } catch (Throwable e) {
      refuse(e);
      throw e;
    }
  }

  /** Cancels this without running callbacks on the calling thread. */
  final void cancel(CancellationReason reason) {
    cancel(source, reason);
  }

  /** Ends this, if it has not begun, because whoever was to run it does not. */
  final void refuse(Throwable why) {
    if (claim() != null) {
      fail(why);
    }
  }

  private void cancelUnstarted() {
    if (unclaimed.getAndSet(null) != null) {
      fail(cancelled());
    }
  }

  private CancelledException cancelled() {
    while (true) {
      try {
        return new CancelledException(token());
      } catch (OutOfMemoryError e) {
        pause();
      }
    }
  }

  private @Nullable Callable<? extends T> claim() {
    Callable<? extends T> mine = unclaimed.getAndSet(null);
    CancellationRegistration armed = unstarted;
    if (mine != null && armed != null) {
      armed.unregister();
    }
    return mine;
  }

  @Override
  public final void run() {
    Stack.reserve(); // or it would be claimed, and not end
    Callable<? extends T> mine = claim();
    if (mine == null) {
      return;
    }
    T value;
    try {
      token().throwIfCancelled();
      value = Cancellation.call(token(), mine::call);
    } catch (Throwable e) {
      fail(e);
      return;
    }
    close();
    while (true) {
      try {
        succeeded(value);
        return;
      } catch (OutOfMemoryError e) {
        pause();
      }
    }
  }

  private void fail(Throwable failure) {
    close();
    while (true) {
      try {
        failed(failure);
        return;
      } catch (OutOfMemoryError e) {
        pause();
      }
    }
  }

  /** Others wait for the end of this; so whoever has no memory for it waits until there is some. */
  static void pause() {
    LockSupport.parkNanos(1_000_000);
  }

  /** Lets go of the token; callbacks that the work left on it run now. Allocates nothing here. */
  private void close() {
    try {
      source.close();
    } catch (Throwable e) {
      Foreign.report(e);
    }
  }

  /** Is called again, if there was no memory for it. */
  abstract void succeeded(T value);

  /**
   * With what the work threw, what the executor threw, or the cancellation that came before. Is
   * called again, if there was no memory for it.
   */
  abstract void failed(Throwable failure);

  // ---- what has nobody to go to ----

  /**
   * Cancels without running callbacks on this thread, which may be a timer's or a user interface's.
   */
  static void cancel(CancellationSource source, CancellationReason reason) {
    while (true) {
      try {
        var _ =
            source
                .cancelAsync(reason)
                .exceptionally(
                    failure -> {
                      Foreign.report(failure);
                      return true;
                    });
        return;
      } catch (OutOfMemoryError e) {
        pause(); // whoever is to be told must not go on for that
      }
    }
  }

  static <T extends @Nullable Object> void dispose(T value, Disposer<? super T> disposer) {
    if (value == null) {
      return; // nothing to release
    }
    try {
      disposer.dispose(value);
    } catch (Throwable e) { // an error too: others wait for what comes after it
      log(System.Logger.Level.ERROR, "a disposer failed: " + Foreign.describe(e));
    }
  }

  /** Notes a failure that nobody waits for any more, unless it is a cancellation. */
  static void noteLate(String what, Throwable failure) {
    if (CancelledException.find(failure).isEmpty()) {
      log(
          System.Logger.Level.DEBUG,
          what + ", which nobody waits for, failed: " + Foreign.describe(failure));
    }
  }

  static void log(System.Logger.Level level, String message) {
    Foreign.log(LOG, level, message);
  }
}
