package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationCallbackException;
import dev.desist.CancellationReason;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.internal.Arguments;
import dev.desist.internal.Stack;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Something that happens once and that many wait for, with a value: "listening on this address",
 * "this configuration was loaded". What a token is for stopping, an event is for everything else.
 *
 * {@snippet class="dev.desist.snippets.EventSnippets" region="event"}
 *
 * <p>An event is <i>open</i> until it is set, and then set for ever, to the value of the first call
 * of {@link #set}. It is never cancelled: whoever waits for it obeys a token while waiting, and the
 * event knows nothing of it.
 *
 * <h2>Which thread runs what</h2>
 *
 * <p>A listener without an executor runs on the thread that sets the event (if several set it at
 * once, on one of them); a listener with an executor is submitted there, and nowhere else. A
 * listener that comes when the event is set already runs (or is submitted) before the registering
 * call returns. Before the first listener runs, the event tells that it is set, and every thread
 * that waits for it has been woken. The order of listeners is unspecified. No lock of this library
 * is held while a listener runs.
 *
 * <h2>Time</h2>
 *
 * <p>An event belongs to the {@link dev.desist.TimeSource} in use where it was made, as a source
 * does: a timed wait for it goes by that, on whatever thread.
 *
 * <h2>Thread safety and memory consistency effects</h2>
 *
 * <p>All methods may be called from any thread. What a thread did before it set the event
 * <i>happens-before</i> what another does after it saw {@link #isSet()} return true or was given
 * the value, be it by {@link #value()}, by a wait, as a listener or through the stage.
 *
 * <h2>General exceptions</h2>
 *
 * <p>A null argument gives a {@link NullPointerException} that names the parameter.
 *
 * @param <T> what the event carries; never null
 */
public final class Event<T> {
  /*
   * Overview: the engine of tokens under other words. A private source is cancelled when the event
   * is set; its token is what one waits for, listens to and asks. The value stands beside it.
   *
   * States:      OPEN -> SET, when the token is cancelled
   * Invariants:  1. `value` is written once, by exchange, and before the token is cancelled:
   *                 whoever finds the token cancelled finds the value (promise 2).
   *              2. When any call of set returns, the token is cancelled. A call that finds the
   *                 value taken while the token is still live cancels it itself: it waits for
   *                 nobody, and it does not matter if the first call failed half way.
   * Garbage:     nobody else can reach the source, so nothing but set ends it. A wait leaves both
   *              lists when it is over.
   */
  private static final CancellationReason SET = CancellationReason.requested("the event was set");

  private static final Duration FOREVER = ChronoUnit.FOREVER.getDuration();

  private final @Nullable String name;
  private final CancellationSource source;
  private final AtomicReference<@Nullable T> value = new AtomicReference<>();
  private final AtomicReference<@Nullable CompletionStage<T>> stage = new AtomicReference<>();

  private Event(@Nullable String name) {
    this.name = name;
    this.source = name == null ? CancellationSource.create() : CancellationSource.create(name);
  }

  /**
   * {@return a new event that is not set}
   *
   * @param <T> what it carries
   */
  public static <T> Event<T> create() {
    return new Event<>(null);
  }

  /**
   * {@return a new event that is not set}
   *
   * @param <T> what it carries
   * @param name what messages and dumps call it
   */
  public static <T> Event<T> create(String name) {
    return new Event<>(Objects.requireNonNull(name, "name"));
  }

  /**
   * Sets this event, if nobody has yet: wakes all who wait, then tells the listeners. When another
   * call was first, returns at once, while that call may still be telling the listeners.
   *
   * @param value what the event carries from now on
   * @return whether this call did it
   * @throws CancellationCallbackException if listeners failed, after all of them were told; in its
   *     message, they are callbacks, and to set is to cancel
   */
  public boolean set(T value) {
    Objects.requireNonNull(value, "value");
    Stack.reserve();
    boolean first = this.value.compareAndSet(null, value);
    if (!source.isCancelled()) {
      source.cancel(SET); // whether or not it is ours (invariant 2)
    }
    return first;
  }

  /** {@return whether this event is set} Once true, true for ever; costs one load. */
  public boolean isSet() {
    return source.isCancelled();
  }

  /** {@return what this event was set to; empty while it is open} */
  public Optional<T> value() {
    return isSet() ? Optional.of(given()) : Optional.empty();
  }

  /** The value of an event that is set. */
  private T given() {
    return Objects.requireNonNull(value.get());
  }

  /** Cancelled when this event is set. */
  CancellationToken token() {
    return source.token();
  }

  // ---- waiting ----

  /**
   * Waits until this event is set, or {@code token} is cancelled.
   *
   * @param token what may end the wait
   * @return what it was set to
   * @throws CancelledException as {@link #await(CancellationToken, Duration)}
   * @throws InterruptedException as {@link #await(CancellationToken, Duration)}
   */
  public T await(CancellationToken token) throws InterruptedException {
    return await(token, FOREVER).orElseThrow();
  }

  /**
   * Waits until this event is set, {@code timeout} has passed, or {@code token} is cancelled.
   * Returns at once, and without a look at the interrupt, if it is set already. An event that is
   * set beats a token that is cancelled. The {@linkplain Cancellation#current() current} token is
   * obeyed as well.
   *
   * @param token what may end the wait
   * @param timeout zero only asks; longer than 146 years means for ever
   * @return what it was set to; empty if it is open when the time is up
   * @throws CancelledException if the token is or becomes cancelled while the event is open
   * @throws IllegalArgumentException if the timeout is negative
   * @throws InterruptedException if the thread was or is interrupted first
   */
  public Optional<T> await(CancellationToken token, Duration timeout) throws InterruptedException {
    Objects.requireNonNull(token, "token");
    Arguments.notNegative(timeout, "timeout");
    if (isSet()) {
      return value();
    }
    CancellationToken obeyed = Cancellation.currentWith(token);
    Optional<T> found = look(obeyed);
    if (found.isPresent()) {
      return found;
    }
    Stack.reserve();
    // The event first: the wait goes by its time.
    try (CancellationSource either = CancellationSource.linkedTo(token(), obeyed)) {
      either.token().await(timeout);
    }
    return look(obeyed);
  }

  /** The value, if there is one; throws if there is none and {@code token} was cancelled before. */
  private Optional<T> look(CancellationToken token) {
    boolean cancelled = token.isCancelled(); // asked first: an event that was set before it wins
    Optional<T> found = value();
    if (found.isEmpty() && cancelled) {
      throw new CancelledException(token);
    }
    return found;
  }

  // ---- being told ----

  /**
   * Has {@code listener} told once when this event is set, on the thread that sets it. If it is set
   * already, {@code listener} is told now, before this method returns, and what it throws leaves
   * this method.
   *
   * @param listener takes the value; should be quick. What it throws reaches the caller of {@link
   *     #set} in a {@link CancellationCallbackException}, in whose words the event was "cancelled"
   * @return the listener's membership; unregister or close it when it is no longer wanted
   */
  public CancellationRegistration onSet(Consumer<? super T> listener) {
    Objects.requireNonNull(listener, "listener");
    return token().onCancel(() -> listener.accept(given()));
  }

  /**
   * Has {@code listener} told on {@code executor} once when this event is set; submitted now, if it
   * is set already.
   *
   * @param executor tells the listener; what that throws is the executor's to report. If it rejects
   *     the task, that reaches the caller of {@link #set}, or of this method
   * @param listener takes the value
   * @return the listener's membership, which also covers the time between submission and the
   *     beginning of the run
   */
  public CancellationRegistration onSet(Executor executor, Consumer<? super T> listener) {
    Objects.requireNonNull(executor, "executor");
    Objects.requireNonNull(listener, "listener");
    return token().onCancel(executor, () -> listener.accept(given()));
  }

  /**
   * {@return a stage that completes with the value when this event is set}
   *
   * <p>It is completed by a daemon thread of this library, never by the thread that sets: whatever
   * hangs on it cannot slow down {@code set}. It cannot be completed from outside. Every call gives
   * the same stage; actions that hang on it stay there until the event is set: use {@link
   * #onSet(Consumer)} for what must be taken back.
   */
  public CompletionStage<T> whenSet() {
    CompletionStage<T> known = stage.get();
    if (known != null) {
      return known;
    }
    Stack.reserve();
    CompletionStage<T> made = token().whenCancelled().thenApply(_ -> given());
    CompletionStage<T> earlier = stage.compareAndExchange(null, made);
    return earlier == null ? made : earlier;
  }

  /** {@return the name, and whether it is set} Not the value, which may be large or secret. */
  @Override
  public String toString() {
    String state = isSet() ? "set" : "open";
    return name == null ? "Event[" + state + "]" : "Event[\"" + name + "\", " + state + "]";
  }
}
