package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Disposer;
import dev.desist.Leftover;
import dev.desist.TimeSource;
import dev.desist.internal.Foreign;
import dev.desist.internal.Lane;
import dev.desist.internal.Overdue;
import dev.desist.internal.Stack;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Work for an executor, under a token of its own: it begins once, or is cancelled before and never
 * begins. Either way it ends once: its source is closed, and then {@link #succeeded} or {@link
 * #failed} is called.
 *
 * @param <T> what the work gives
 */
abstract class Work<T extends @Nullable Object> implements Runnable, Overdue.Work {
  /*
   * The callable is claimed by exchange: by the thread that is to run it, by its cancellation, or
   * by whoever finds that the executor takes nothing. Whoever gets it ends the work; nobody waits.
   * So what was cancelled before never starts (promise 23).
   *
   * What was cancelled and goes on is found after a while (promise 25). The thread is set before
   * the token is asked whether to begin, so a cancellation that finds neither callable nor thread
   * comes too late, or keeps the work from beginning. Whoever sets `patience` asks afterwards
   * whether the work has ended, and the work, once it has ended, whether there is one: one of them
   * closes it. So it is with the list of what is overdue.
   */
  private final CancellationSource source;
  private final AtomicReference<@Nullable Callable<? extends T>> unclaimed;
  private final TimeSource time = TimeSource.current();
  private volatile @Nullable CancellationRegistration armed;

  /** While it runs. */
  private volatile @Nullable Thread thread;

  /** From the cancellation of what runs. */
  private volatile @Nullable Patience patience;

  /** Until when what was cancelled may go on unreported. */
  private record Patience(CancellationSource limit, CancellationRegistration registration) {
    void end() {
      registration.unregister();
      limit.close();
    }
  }

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
    armed = token().onCancel(Lane.COMPLETIONS, this::cancelled);
  }

  /** Has this run, unless its token is cancelled: then it has ended, or soon will have. */
  final void startOn(Executor executor) {
    if (token().isCancelled()) {
      return;
    }
    try {
      executor.execute(this);
    } catch (Throwable e) {
      if (claim() == null) {
        goesOn(e);
        return;
      }
      refused();
      fail(e);
      throw e;
    }
  }

  /** What an executor throws that has taken the work all the same, or comes too late to refuse. */
  private void goesOn(Throwable thrown) {
    if (thrown instanceof RejectedExecutionException) {
      noteLate("an executor", thrown);
    } else {
      Foreign.report(thrown);
    }
  }

  /**
   * Called before this fails because the executor takes nothing, which whoever submits it is told.
   */
  void refused() {}

  /** Cancels this, as the other method does. */
  final boolean cancel(CancellationReason reason) {
    return cancel(source, reason);
  }

  /** Ends this, if it has not begun, because whoever was to run it does not. */
  final void refuse(Throwable why) {
    if (claim() != null) {
      fail(why);
    }
  }

  private @Nullable Callable<? extends T> claim() {
    return unclaimed.getAndSet(null);
  }

  private void cancelled() {
    if (claim() != null) {
      fail(cancellation());
    } else if (!isEnded()) {
      try {
        TimeSource.callWith(time, this::bePatient);
      } catch (Exception e) {
        Foreign.log(
            System.Logger.Level.ERROR,
            "the time source of " + this + " failed: " + Foreign.describe(e));
      }
    }
  }

  private CancelledException cancellation() {
    while (true) {
      try {
        return new CancelledException(token());
      } catch (OutOfMemoryError e) {
        Stack.pause();
      }
    }
  }

  private @Nullable Void bePatient() {
    CancellationSource limit =
        CancellationToken.none().childWithTimeout("patience", Overdue.patience());
    var mine = new Patience(limit, limit.token().onCancel(Lane.CALLBACKS, this::overdue));
    patience = mine;
    if (isEnded()) {
      end(mine);
    }
    return null;
  }

  /** Once this has ended. */
  private void end(Patience started) {
    started.end();
    if (Overdue.remove(this)) {
      Overdue.noteEnd(this);
    }
  }

  private void overdue() {
    Overdue.enter(this, true);
    if (isEnded()) {
      Overdue.remove(this);
    } else {
      Overdue.report(this, true);
    }
  }

  @Override
  public final void run() {
    Stack.reserve(); // or it would be claimed, and not end
    Callable<? extends T> mine = claim();
    if (mine == null) {
      return;
    }
    thread = Thread.currentThread();
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
        Stack.pause();
      }
    }
  }

  /** Others wait for the end of this: without memory for it, it waits until there is some. */
  private void fail(Throwable failure) {
    close();
    while (true) {
      try {
        failed(failure);
        return;
      } catch (OutOfMemoryError e) {
        Stack.pause();
      }
    }
  }

  /** Lets go of the token; callbacks that the work left on it run now. Nothing is thrown. */
  private void close() {
    thread = null;
    try {
      endPatience();
    } catch (Throwable e) {
      Foreign.report(e);
    }
    try {
      source.close();
    } catch (Throwable e) {
      Foreign.report(e);
    }
  }

  private void endPatience() {
    CancellationRegistration registration = armed;
    if (registration != null) {
      registration.unregister();
    }
    Patience started = patience;
    if (started != null) {
      end(started);
    }
  }

  // ---- seen from outside ----

  @Override
  public final boolean isEnded() {
    return thread == null; // for one that was begun, as are all that others see
  }

  /** {@return what messages call it} */
  String name() {
    List<String> named = token().path().stream().filter(name -> !name.equals("unnamed")).toList();
    return named.isEmpty() ? "unnamed" : String.join(" > ", named);
  }

  @Override
  public final String key() {
    return "work " + name();
  }

  @Override
  public final Overdue.Sight look(boolean leftBehind) {
    Thread running = thread;
    CancellationReason reason = token().reason().orElseThrow();
    var leftover =
        new Leftover(
            name(),
            null,
            null,
            running == null ? "a thread that is about to end it" : Foreign.nameOf(running),
            reason,
            Overdue.since(reason.origin().time(), time::instant),
            leftBehind,
            running == null ? List.of() : Foreign.stackOf(running));
    return new Overdue.Sight(leftover, leftover.sentence());
  }

  @Override
  public String toString() {
    return "work \"" + name() + '"';
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
   *
   * @return whether this call did it
   */
  static boolean cancel(CancellationSource source, CancellationReason reason) {
    while (true) {
      try {
        return source
            .cancelAsync(reason)
            .exceptionally(
                failure -> {
                  Foreign.report(failure);
                  return true;
                })
            .toCompletableFuture()
            .getNow(true); // what is not told yet was ours to cancel
      } catch (OutOfMemoryError e) {
        Stack.pause(); // whoever is to be told must not go on for that
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
      Foreign.log(System.Logger.Level.ERROR, "a disposer failed: " + Foreign.describe(e));
    }
  }

  /** Notes a failure that nobody waits for any more, unless it is a cancellation. */
  static void noteLate(String what, Throwable failure) {
    if (CancelledException.find(failure).isEmpty()) {
      Foreign.log(
          System.Logger.Level.DEBUG,
          what + ", which nobody waits for, failed: " + Foreign.describe(failure));
    }
  }
}
