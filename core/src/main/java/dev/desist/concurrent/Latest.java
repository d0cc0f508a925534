package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.Disposer;
import dev.desist.Outcome;
import dev.desist.internal.Foreign;
import dev.desist.internal.Lane;
import dev.desist.internal.Stack;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A slot for work of which only the newest counts, such as the search behind an input field: each
 * {@link #submit} takes the place of the one before, which is cancelled with the reason
 * "superseded", and only the outcome of the newest is delivered.
 *
 * {@snippet class="dev.desist.snippets.LatestSnippets" region="search"}
 *
 * <p>Where one is tempted to reset a token, this is the answer: a token stays cancelled, and each
 * submission has a new one.
 *
 * <h2>Which thread runs what</h2>
 *
 * <p>Each task runs on a virtual thread of its own, or where the {@link Configuration} say, with a
 * child of the slot's token as its current token. Its outcome is handed to the executor given, and
 * looked at there once more: if a newer submission has come meanwhile, it is not delivered. So if
 * all submissions come from the thread of that executor, as in a user interface, nothing old is
 * ever delivered after a submission. If they come from other threads, a delivery that has begun may
 * overlap with a submission.
 *
 * <p>The thread that submits, cancels or closes runs no callback of the tasks that it cancels: they
 * run on a thread of this library. What the consumer throws goes to the uncaught-exception handler
 * of the delivering thread; so does what the executor that delivers throws, on the thread of the
 * task.
 *
 * <h2>What becomes of what is not delivered</h2>
 *
 * <p>A value goes to the disposer in the configuration, if there is one; neither that nor the
 * consumer runs under the token of the task. A failure that is not the cancellation is logged, at
 * debug level, by the {@link System.Logger} named {@code dev.desist}.
 *
 * <h2>Thread safety and memory consistency effects</h2>
 *
 * <p>All methods may be called from any thread. What a thread did before {@link #submit}
 * <i>happens-before</i> the task, and that before its delivery. No lock of this library is held
 * while user code runs.
 *
 * <h2>General exceptions</h2>
 *
 * <p>A null argument gives a {@link NullPointerException} that names the parameter.
 *
 * @param <T> what the tasks give
 */
public final class Latest<T extends @Nullable Object> implements AutoCloseable {
  /*
   * Overview: the lock guards which submission is the newest, and, if they run one at a time, which
   * one runs and which one waits.
   *
   * States of a submission:  NEWEST -> superseded by the next, delivered, or forgotten by close;
   *                          once.
   * Invariants:  1. Only the newest is delivered: whoever delivers takes it out of `newest` under
   *                 the lock, in the same step as it finds it there. Whoever does not find it there
   *                 disposes of the outcome. So each is delivered or disposed of once (promise 20).
   *              2. One at a time: `running` has ended its task before the next one begins, and at
   *                 most one waits, the newest.
   * Progress:    nobody waits for anybody; the one that ends starts the one that waits.
   */
  private final CancellationSource source;
  private final Executor deliverOn;
  private final Consumer<? super Outcome<T>> consumer;
  private final Configuration<T> configuration;
  private final Object lock = new Object();

  // Guarded by the lock.
  private @Nullable Submission newest;
  private @Nullable Submission running;
  private @Nullable Submission waiting;
  private long count;
  private boolean closed;

  private Latest(
      CancellationToken above,
      Executor deliverOn,
      Consumer<? super Outcome<T>> consumer,
      Configuration<T> configuration) {
    this.deliverOn = deliverOn;
    this.consumer = consumer;
    this.configuration = configuration;
    this.source = configuration.name == null ? above.child() : above.child(configuration.name);
  }

  /**
   * {@return a new slot, whose token is cancelled by {@code token}, and by the {@linkplain
   * Cancellation#current() current one}}
   *
   * @param <T> what the tasks give
   * @param token what the slot is to obey
   * @param deliverOn takes the outcomes to be delivered, such as {@code
   *     SwingUtilities::invokeLater}; should run them one after another, in order
   * @param consumer is given the outcome of the newest submission: a value, a failure, or a
   *     cancellation that was not its being superseded; what it throws goes to the uncaught
   *     exception handler of the delivering thread
   */
  public static <T extends @Nullable Object> Latest<T> open(
      CancellationToken token, Executor deliverOn, Consumer<? super Outcome<T>> consumer) {
    return open(token, deliverOn, consumer, UnaryOperator.identity());
  }

  /**
   * {@return a new slot, whose token is cancelled by {@code token}, and by the {@linkplain
   * Cancellation#current() current one}}
   *
   * @param <T> what the tasks give
   * @param token what the slot is to obey
   * @param deliverOn takes the outcomes to be delivered; should run them one after another, in
   *     order
   * @param consumer is given the outcome of the newest submission: a value, a failure, or a
   *     cancellation that was not its being superseded; what it throws goes to the uncaught
   *     exception handler of the delivering thread
   * @param configure changes the default configuration
   */
  public static <T extends @Nullable Object> Latest<T> open(
      CancellationToken token,
      Executor deliverOn,
      Consumer<? super Outcome<T>> consumer,
      UnaryOperator<Configuration<T>> configure) {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(deliverOn, "deliverOn");
    Objects.requireNonNull(consumer, "consumer");
    Objects.requireNonNull(configure, "configure");
    Configuration<T> configuration =
        configure.apply(new Configuration<>(null, Thread::startVirtualThread, false, _ -> {}));
    Objects.requireNonNull(configuration, "configure must not give null");
    return new Latest<>(Cancellation.currentWith(token), deliverOn, consumer, configuration);
  }

  /** {@return the token of this slot, from which those of its submissions descend} */
  public CancellationToken token() {
    return source.token();
  }

  // ---- submitting ----

  /**
   * Starts {@code task}, and cancels the one before. If this slot is closed, the task does not
   * start, and its outcome is a cancellation.
   *
   * @param task what to call
   * @return completes when the task has ended, with how it ended, whether or not that is delivered
   * @throws java.util.concurrent.RejectedExecutionException if the executor of the tasks rejects
   *     it: then nothing of it is delivered, and the one before is cancelled all the same. One that
   *     waited for another to end, and is rejected then, is delivered as a failure
   */
  public CompletionStage<Outcome<T>> submit(Callable<? extends T> task) {
    Objects.requireNonNull(task, "task");
    return start(null, task);
  }

  /**
   * Starts {@code task}, and cancels the one before, as {@link #submit(Callable)} does.
   *
   * @param name what messages and paths call the task, such as "download 3"; by default they are
   *     numbered, "request 1" and so on
   * @param task what to call
   * @return completes when the task has ended, with how it ended, whether or not that is delivered
   * @throws java.util.concurrent.RejectedExecutionException if the executor of the tasks rejects it
   */
  public CompletionStage<Outcome<T>> submit(String name, Callable<? extends T> task) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(task, "task");
    return start(name, task);
  }

  private CompletionStage<Outcome<T>> start(@Nullable String name, Callable<? extends T> task) {
    Submission old;
    boolean start;
    Stack.reserve();
    // First what may find no memory, or asks a clock of others (promise 8).
    long number = number();
    String title = name == null ? "request " + number : name;
    var mine = new Submission(title, source.token().child(title), task);
    CompletionStage<Outcome<T>> given = mine.ended.minimalCompletionStage();
    var why = CancellationReason.superseded(title + " took its place");
    synchronized (lock) {
      mine.arm(); // which may hand over a callback, and runs none
      old = newest;
      newest = closed ? null : mine;
      start = !configuration.oneAtATime || running == null;
      if (configuration.oneAtATime) {
        if (start) {
          running = mine;
        } else {
          waiting = mine; // the one that waited was the newest, and is cancelled below
        }
      }
    }
    if (old != null) {
      old.cancel(why);
      old.abandon();
    }
    if (start) {
      mine.startOn(configuration.executor);
    }
    return given;
  }

  private long number() {
    synchronized (lock) {
      return ++count;
    }
  }

  /**
   * Cancels the newest submission, without another one in its place: the stop button. If it had not
   * been delivered, its outcome still is: a cancellation, as a rule.
   *
   * @param reason why
   * @return whether this call did it; false also if there is nothing to cancel
   */
  public boolean cancel(CancellationReason reason) {
    Objects.requireNonNull(reason, "reason");
    Submission current;
    synchronized (lock) {
      current = newest;
    }
    return current != null && current.cancel(reason);
  }

  /**
   * Cancels what runs, with the reason "closed". Nothing is delivered afterwards, but for a
   * delivery that has begun. Does not wait.
   */
  @Override
  public void close() {
    Stack.reserve();
    Submission old;
    synchronized (lock) {
      closed = true;
      old = newest;
      newest = null;
    }
    Work.cancel(source, CancellationReason.closed("the slot was closed"));
    if (old != null) {
      old.abandon();
    }
  }

  /** One task. */
  private final class Submission extends Work<T> {
    final CompletableFuture<Outcome<T>> ended = new CompletableFuture<>();
    private final String name;

    /** Whether it had to wait for another. Written and read by the thread that starts it. */
    private boolean late;

    /** Whether its outcome was delivered or discarded. Guarded by the slot's lock. */
    private boolean settled;

    /** Handed to the executor that delivers. Guarded by the slot's lock. */
    private @Nullable Outcome<T> handedOver;

    Submission(String name, CancellationSource own, Callable<? extends T> task) {
      super(own, task);
      this.name = name;
    }

    /** Whoever submits it is told, and nobody else. */
    @Override
    void refused() {
      if (!late) {
        synchronized (lock) {
          if (newest == this) {
            newest = null;
          }
        }
      }
    }

    /**
     * Has this run after the one before; whoever submitted it has gone on, and learns by the
     * outcome.
     */
    private void startLater() {
      late = true;
      try {
        startOn(configuration.executor);
      } catch (Throwable e) {
        Foreign.log(System.Logger.Level.WARNING, this + " was refused: " + Foreign.describe(e));
      }
    }

    @Override
    void succeeded(T value) {
      end(new Outcome.Success<>(value));
    }

    @Override
    void failed(Throwable failure) {
      end(
          token().caused(failure)
              ? new Outcome.Cancelled<>(token().reason().orElseThrow())
              : new Outcome.Failure<>(failure));
    }

    private void end(Outcome<T> outcome) {
      Submission next = null;
      boolean stale;
      synchronized (lock) {
        if (running == this) {
          next = waiting;
          running = next;
          waiting = null;
        } else if (waiting == this) {
          waiting = null;
        }
        stale = newest != this;
        handedOver = stale ? null : outcome;
      }
      try {
        if (stale) {
          settle(outcome, false);
        } else {
          handOver(outcome);
        }
      } finally {
        try {
          ended.complete(outcome);
        } finally {
          if (next != null) {
            next.startLater();
          }
        }
      }
    }

    /** An executor that throws may have taken the outcome all the same: it is settled once. */
    private void handOver(Outcome<T> outcome) {
      try {
        deliverOn.execute(() -> settle(outcome, true));
      } catch (Throwable e) {
        Foreign.report(e);
        settle(outcome, false);
      }
    }

    /**
     * Now that this is not the newest any more, discards what was handed over: the executor may
     * never come to it.
     */
    void abandon() {
      Outcome<T> outcome;
      synchronized (lock) {
        outcome = settled ? null : handedOver;
      }
      if (outcome != null) {
        try {
          Lane.COMPLETIONS.execute(() -> settle(outcome, false));
        } catch (OutOfMemoryError e) {
          settle(outcome, false);
        }
      }
    }

    /**
     * Delivers the outcome, if this is the newest submission, or else discards it, once.
     *
     * @param delivers whether it is for the consumer at all
     */
    private void settle(Outcome<T> outcome, boolean delivers) {
      boolean mine;
      synchronized (lock) {
        if (settled) {
          return;
        }
        settled = true;
        mine = newest == this;
        if (mine) {
          newest = null;
        }
      }
      if (mine && delivers) {
        try { // without anything for which there may be no memory
          consumer.accept(outcome);
        } catch (Throwable e) {
          Foreign.report(e);
        }
      } else {
        discard(outcome);
      }
    }

    private void discard(Outcome<T> outcome) {
      switch (outcome) {
        case Outcome.Success<T>(T value) -> dispose(value, configuration.disposer);
        case Outcome.Failure<T>(Throwable exception) -> noteLate(toString(), exception);
        case Outcome.Cancelled<T> _ -> {}
      }
    }

    @Override
    String name() {
      return name;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /** {@return the name, and whether it is open} */
  @Override
  public String toString() {
    return "Latest" + source.toString().substring("CancellationSource".length());
  }

  /**
   * How a slot goes about its work. Immutable: each method gives a changed copy.
   *
   * @param <T> what the tasks give
   */
  public static final class Configuration<T extends @Nullable Object> {
    private final @Nullable String name;
    private final Executor executor;
    private final boolean oneAtATime;
    private final Disposer<? super T> disposer;

    private Configuration(
        @Nullable String name,
        Executor executor,
        boolean oneAtATime,
        Disposer<? super T> disposer) {
      this.name = name;
      this.executor = executor;
      this.oneAtATime = oneAtATime;
      this.disposer = disposer;
    }

    /**
     * {@return a copy with a name}
     *
     * @param name what messages and paths call the slot
     */
    public Configuration<T> withName(String name) {
      Objects.requireNonNull(name, "name");
      return new Configuration<>(name, executor, oneAtATime, disposer);
    }

    /**
     * {@return a copy with an executor for the tasks}
     *
     * @param executor runs the tasks; by default, each has a virtual thread of its own
     */
    public Configuration<T> withExecutor(Executor executor) {
      Objects.requireNonNull(executor, "executor");
      return new Configuration<>(name, executor, oneAtATime, disposer);
    }

    /**
     * {@return a copy in which a task begins only when the one before has ended} By default it
     * begins at once, beside those that have been cancelled and have not noticed yet. Of several
     * that wait, only the newest ever begins.
     */
    public Configuration<T> withOneAtATime() {
      return new Configuration<>(name, executor, true, disposer);
    }

    /**
     * {@return a copy with a disposer}
     *
     * @param disposer is given each value that is not delivered, but null, once, on whatever thread
     *     finds that out; what it throws is logged
     */
    public Configuration<T> withDisposer(Disposer<? super T> disposer) {
      Objects.requireNonNull(disposer, "disposer");
      return new Configuration<>(name, executor, oneAtATime, disposer);
    }
  }
}
