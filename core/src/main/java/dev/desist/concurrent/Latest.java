package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.Outcome;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A slot for one task at a time, of which only the newest counts: the search box. Submitting a task
 * supersedes the one before it; only the result of the newest is shown, and never one that came
 * late.
 *
 * {@snippet class="dev.desist.snippets.LatestSnippets" region="search"}
 *
 * <p>This is also the safe form of a "reset": a token stays cancelled for ever, and the next task
 * has a new one.
 *
 * <h2>Life cycle of a task</h2>
 *
 * <p>A task runs with a token of its own as the {@linkplain Cancellation#current() current} one: a
 * child of the slot's, cancelled with reason "superseded" by the next {@link #submit}, with
 * "requested" by {@link #cancel}, with "closed" by {@link #close}, and with whatever the slot's
 * parent was cancelled with. A task that was cancelled before it could begin never begins.
 *
 * <p>What the newest task returns is <i>shown</i>: given to the consumer of results, on the
 * executor for showing. What it throws is shown as a failure, an exception that speaks of
 * cancellation too if the task's own token is live. Nothing of a cancelled task is shown. Its value
 * goes to the disposer, if there is one; its failure, unless it is a {@link
 * dev.desist.CancelledException}, is logged at level DEBUG to {@code dev.desist}. So each value is
 * either shown or disposed of, once.
 *
 * <p>Whether a task is still the newest, and not cancelled, is asked when it has ended, and again
 * on the executor for showing just before its result is shown. When {@code submit}, {@code cancel}
 * or {@code close} has returned, no older result begins to be shown. It may be under way, if they
 * are called on another thread than the one that shows; called on that thread, as in a user
 * interface, the last word is always the newest task's.
 *
 * <p>A task that does not listen runs on beside the next one, and its result is disposed of. With
 * {@link Builder#oneAtATime()} the next one waits for it; of several that wait only the newest ever
 * starts.
 *
 * <h2>Which thread runs what</h2>
 *
 * <p>{@code submit}, {@code cancel} and {@code close} do not block: what tasks registered on their
 * tokens runs on {@link Cancellation#dispatcher()}. Each task runs on a virtual thread of its own,
 * or on the executor given. Results and failures are shown on the executor for showing; the
 * disposer runs where the result was found to be late, on the task's thread or there. What they
 * throw goes to that thread's uncaught-exception handler. No lock of this library is held
 * meanwhile: all of them may call this slot.
 *
 * <h2>Thread safety and memory consistency effects</h2>
 *
 * <p>All methods may be called from any thread. What a thread did before {@code submit}
 * <i>happens-before</i> the task, and what the task did before its result is shown or disposed of,
 * and that before the stage which {@code submit} returned completes.
 *
 * <h2>General exceptions</h2>
 *
 * <p>A null argument gives a {@link NullPointerException} that names the parameter.
 *
 * @param <T> what the tasks give
 */
public final class Latest<T extends @Nullable Object> implements AutoCloseable {
  final Executor showing;
  final Consumer<? super T> onResult;
  final Consumer<? super Throwable> onFailure;
  final Consumer<? super T> disposer;
  final Executor executor;
  private final boolean oneAtATime;

  /** Of the slot; each task has a child. */
  private final CancellationSource source;

  private final AtomicLong submissions = new AtomicLong();
  private final Object lock = new Object();

  // Guarded by lock, under which nobody is called and nothing is cancelled.
  private @Nullable Submission<T> newest;

  /** Only with one at a time. The one that waits is the newest, and so there is one at most. */
  private @Nullable Submission<T> running;

  private @Nullable Submission<T> waiting;

  private Latest(Builder<T> made) {
    this.showing = made.showing;
    this.onResult = made.onResult;
    this.onFailure = made.onFailure;
    this.disposer = made.disposer;
    this.executor = made.executor;
    this.oneAtATime = made.oneAtATime;
    this.source = made.parent.child("latest");
  }

  /**
   * {@return a builder of a slot}
   *
   * @param <T> what the tasks give
   * @param executor shows, such as a user interface's thread; must run what it is given one after
   *     the other, in order. What it rejects counts as late
   * @param onResult shows the value of the newest task
   * @param onFailure shows what the newest task threw, an {@link Error} too
   */
  public static <T extends @Nullable Object> Builder<T> builder(
      Executor executor, Consumer<? super T> onResult, Consumer<? super Throwable> onFailure) {
    Objects.requireNonNull(executor, "executor");
    Objects.requireNonNull(onResult, "onResult");
    Objects.requireNonNull(onFailure, "onFailure");
    return new Builder<>(executor, onResult, onFailure);
  }

  /**
   * Cancels the task before, and starts {@code task} in its place. If this slot is closed, or its
   * parent token cancelled, {@code task} never begins.
   *
   * @param task what to call
   * @return completes when it is all over, after the task has ended and its result was shown or
   *     disposed of: with what was shown, or with {@link Outcome.Cancelled}, whatever the task gave
   *     after all. It never completes exceptionally, and cannot be completed from outside. What
   *     hangs on it runs on the thread that completes it; most users ignore it
   */
  public CompletionStage<Outcome<T>> submit(Callable<T> task) {
    Objects.requireNonNull(task, "task");
    var next = new Submission<T>(this, submissions.incrementAndGet(), source.token(), task);
    Submission<T> previous;
    Submission<T> skipped = null;
    boolean begins;
    synchronized (lock) {
      previous = newest;
      newest = next;
      begins = !oneAtATime || running == null;
      if (!begins) {
        skipped = waiting;
        waiting = next;
      } else if (oneAtATime) {
        running = next;
      }
    }
    if (previous != null) {
      previous.supersede(next);
    }
    if (skipped != null) {
      skipped.skip();
    }
    if (begins) {
      next.start();
    }
    return next.stage();
  }

  /**
   * Cancels the newest task, if it has not been shown yet, and starts none: the stop button.
   *
   * @param message why, as one clause: "the user pressed stop"
   */
  public void cancel(String message) {
    Objects.requireNonNull(message, "message");
    Submission<T> current = newest();
    if (current != null) {
      current.cancel(CancellationReason.requested(message));
    }
  }

  /** Cancels the newest task, and starts none any more. Does not wait for the task to end. */
  @Override
  public void close() {
    Work.cancel(source, CancellationReason.closed("the slot was closed"));
  }

  /** {@return the state of the newest task's token, or of the slot's if there was no task yet} */
  @Override
  public String toString() {
    Submission<T> current = newest();
    return "Latest[" + (current == null ? source.token() : current) + ']';
  }

  @Nullable Submission<T> newest() {
    synchronized (lock) {
      return newest;
    }
  }

  /** One task has ended: with one at a time, the one that waits is next. */
  void ended() {
    if (!oneAtATime) {
      return;
    }
    Submission<T> next;
    synchronized (lock) {
      next = waiting;
      running = next;
      waiting = null;
    }
    if (next != null) {
      next.start();
    }
  }

  /**
   * What a slot is made of. Each method returns the builder it is called on.
   *
   * @param <T> what the tasks give
   */
  public static final class Builder<T extends @Nullable Object> {
    private final Executor showing;
    private final Consumer<? super T> onResult;
    private final Consumer<? super Throwable> onFailure;
    private Consumer<? super T> disposer = _ -> {};
    private Executor executor = Thread::startVirtualThread;
    private boolean oneAtATime;
    private CancellationToken parent = Cancellation.current();

    private Builder(
        Executor showing, Consumer<? super T> onResult, Consumer<? super Throwable> onFailure) {
      this.showing = showing;
      this.onResult = onResult;
      this.onFailure = onFailure;
    }

    /**
     * {@return this builder} Sets the token whose cancellation cancels the slot; by default the one
     * that is current where the builder was made.
     *
     * @param parent that token
     */
    public Builder<T> token(CancellationToken parent) {
      this.parent = Objects.requireNonNull(parent, "parent");
      return this;
    }

    /**
     * {@return this builder} Sets what runs the tasks; by default each has a virtual thread.
     *
     * @param executor what runs them; a task that it rejects counts as failed
     */
    public Builder<T> executor(Executor executor) {
      this.executor = Objects.requireNonNull(executor, "executor");
      return this;
    }

    /**
     * {@return this builder} Sets what is done with values that are not shown; by default nothing.
     *
     * @param disposer is given each of them once, for example to close it
     */
    public Builder<T> disposer(Consumer<? super T> disposer) {
      this.disposer = Objects.requireNonNull(disposer, "disposer");
      return this;
    }

    /**
     * {@return this builder} Makes a task wait until the one before has ended and its late value,
     * if any, was disposed of: for tasks that share something, such as a connection. By default it
     * does not wait. One that never ends keeps all others from starting.
     */
    public Builder<T> oneAtATime() {
      oneAtATime = true;
      return this;
    }

    /** {@return a slot of what was set so far, with no task in it} */
    public Latest<T> build() {
      return new Latest<>(this);
    }
  }
}
