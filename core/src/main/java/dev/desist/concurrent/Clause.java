package dev.desist.concurrent;

import dev.desist.CancellationReason;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Deadline;
import dev.desist.Outcome;
import dev.desist.internal.Foreign;
import dev.desist.internal.Stack;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One of the things that a {@link Select} waits for, and what to make of it. Immutable; may be used
 * by any number of selections and threads, one after another or at once.
 *
 * <p>The handler of a clause runs on the thread that selects, once the clause has won and the wait
 * is over; it may do anything, and what it throws leaves {@link Select#await}. The handlers of the
 * others do not run, and what these wait for is left as it was.
 *
 * <p>There is no clause for a plain {@link java.util.concurrent.Future}: it cannot tell when it is
 * done, so each would need a thread that waits for it.
 *
 * <h2>General exceptions</h2>
 *
 * <p>A null argument gives a {@link NullPointerException} that names the parameter.
 *
 * @param <R> what the handler makes of it
 */
public final class Clause<R extends @Nullable Object> {
  private final Supplier<CancellationToken> signal;
  private final Deadline deadline;
  private final Supplier<@Nullable Supplier<R>> claim;

  private Clause(
      Supplier<CancellationToken> signal,
      Deadline deadline,
      Supplier<@Nullable Supplier<R>> claim) {
    this.signal = signal;
    this.deadline = deadline;
    this.claim = claim;
  }

  /** A clause that is ready whenever {@code poll} gives something, which is the clause's then. */
  private static <T, R extends @Nullable Object> Clause<R> of(
      Supplier<CancellationToken> signal,
      Supplier<@Nullable T> poll,
      Function<? super T, ? extends R> handler) {
    return new Clause<>(
        signal,
        Deadline.none(),
        () -> {
          var won = new Won<T, R>(handler); // first: what is taken must not be lost
          T found = poll.get();
          won.found = found;
          return found == null ? null : won;
        });
  }

  /** The handler, with what it is given. */
  private static final class Won<T, R extends @Nullable Object> implements Supplier<R> {
    private final Function<? super T, ? extends R> handler;
    private @Nullable T found;

    Won(Function<? super T, ? extends R> handler) {
      this.handler = handler;
    }

    @Override
    public R get() {
      return handler.apply(Objects.requireNonNull(found));
    }
  }

  // ---- a stage ----

  /**
   * {@return a clause that is ready when {@code stage} has completed}
   *
   * <p>If it completed exceptionally and wins, {@link Select#await} throws: a {@link
   * CancellationException} as it is, anything else as the cause of a {@link CompletionException}.
   * So a {@link CancelledException} may be the stage's or that of the wait; use {@link #ended} to
   * tell them apart, and to get failures as values.
   *
   * <p>A callback cannot be taken back from a stage. So this registers once, here, and a selection
   * leaves nothing on the stage. If many selections wait for one stage that lives long, make the
   * clause once, before the loop: each clause stays on the stage until the stage completes.
   *
   * @param <T> what the stage gives
   * @param <R> what the handler makes of it
   * @param stage what to wait for; losing does not cancel it
   * @param handler takes what the stage gave
   */
  public static <T extends @Nullable Object, R extends @Nullable Object> Clause<R> completed(
      CompletionStage<? extends T> stage, Function<? super T, ? extends R> handler) {
    Objects.requireNonNull(handler, "handler");
    return onEnd(stage, (End<T> end) -> handler.apply(end.get()));
  }

  /**
   * {@return a clause that is ready when {@code stage} has completed, in whatever way}
   *
   * <p>As {@link #completed}, but the handler gets failures too: a {@link CancelledException} as
   * {@link Outcome.Cancelled}, every other exception as {@link Outcome.Failure}, without the {@link
   * CompletionException} that the stage may have wrapped around it.
   *
   * @param <T> what the stage gives
   * @param <R> what the handler makes of it
   * @param stage what to wait for; losing does not cancel it
   * @param handler takes how the stage ended
   */
  public static <T extends @Nullable Object, R extends @Nullable Object> Clause<R> ended(
      CompletionStage<? extends T> stage, Function<? super Outcome<T>, ? extends R> handler) {
    Objects.requireNonNull(handler, "handler");
    return onEnd(stage, (End<T> end) -> handler.apply(end.outcome()));
  }

  private static <T extends @Nullable Object, R extends @Nullable Object> Clause<R> onEnd(
      CompletionStage<? extends T> stage, Function<End<T>, ? extends R> handler) {
    Objects.requireNonNull(stage, "stage");
    Stack.reserve();
    Event<End<T>> ended = Event.create();
    stage.whenComplete((value, failure) -> ended.set(new End<>(value, failure)));
    return happened(ended, handler);
  }

  /**
   * How a stage ended. Not an {@link Outcome}, which would lose the exception of a cancellation.
   *
   * @param <T> what the stage gives
   * @param value what it gave; null also if it failed
   * @param failure null if it gave a value
   */
  private record End<T extends @Nullable Object>(T value, @Nullable Throwable failure) {
    /**
     * What the stage gave, or what it failed with.
     *
     * @return the value
     */
    T get() {
      return switch (failure) {
        case null -> value;
        case CancellationException cancelled -> throw cancelled;
        case CompletionException wrapped -> throw wrapped;
        default -> throw new CompletionException(Foreign.describe(failure), failure);
      };
    }

    /**
     * The same as data.
     *
     * @return how it ended
     */
    Outcome<T> outcome() {
      Throwable inner = failure instanceof CompletionException ? Foreign.cause(failure) : null;
      Throwable cause = inner == null ? failure : inner;
      return switch (cause) {
        case null -> new Outcome.Success<>(value);
        case CancelledException cancelled -> new Outcome.Cancelled<>(cancelled.reason());
        default -> new Outcome.Failure<>(cause);
      };
    }
  }

  // ---- what belongs to this library ----

  /**
   * {@return a clause that is ready when {@code token} is cancelled}
   *
   * @param <R> what the handler makes of it
   * @param token what to wait for
   * @param handler takes why it was cancelled
   */
  public static <R extends @Nullable Object> Clause<R> cancelled(
      CancellationToken token, Function<? super CancellationReason, ? extends R> handler) {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(handler, "handler");
    return of(() -> token, () -> token.reason().orElse(null), handler);
  }

  /**
   * {@return a clause that is ready when {@code event} is set}
   *
   * @param <T> what the event carries
   * @param <R> what the handler makes of it
   * @param event what to wait for
   * @param handler takes what the event was set to
   */
  public static <T, R extends @Nullable Object> Clause<R> happened(
      Event<T> event, Function<? super T, ? extends R> handler) {
    Objects.requireNonNull(event, "event");
    Objects.requireNonNull(handler, "handler");
    return of(event::token, () -> event.value().orElse(null), handler);
  }

  /**
   * {@return a clause that is ready when {@code queue} has an element, and takes it if it wins}
   *
   * @param <E> what the elements are
   * @param <R> what the handler makes of it
   * @param queue where to take from
   * @param handler takes the element, which is in the queue no more: if the handler throws, it is
   *     the handler's to have put it back
   */
  public static <E, R extends @Nullable Object> Clause<R> taken(
      SelectableQueue<E> queue, Function<? super E, ? extends R> handler) {
    Objects.requireNonNull(queue, "queue");
    Objects.requireNonNull(handler, "handler");
    return of(queue::arrival, queue::poll, handler);
  }

  /**
   * {@return a clause that is ready when {@code deadline} has passed}
   *
   * <p>A deadline is a point in time: for "each time at most so long", make the clause each time.
   * One that has passed already, last in a biased selection, is what to do if nothing is ready.
   *
   * @param <R> what the handler gives
   * @param deadline what to wait for; it goes by its own time source
   * @param handler what to do then
   */
  public static <R extends @Nullable Object> Clause<R> passed(
      Deadline deadline, Supplier<? extends R> handler) {
    Objects.requireNonNull(deadline, "deadline");
    Objects.requireNonNull(handler, "handler");
    return new Clause<>(
        CancellationToken::none, deadline, () -> deadline.isPassed() ? handler::get : null);
  }

  // ---- for selections ----

  /** A token to be cancelled as soon as it is worth asking again, if asked after this. */
  CancellationToken signal() {
    return signal.get();
  }

  /** When it is worth asking again. */
  Deadline deadline() {
    return deadline;
  }

  /** The handler with what it is given, if this clause is ready: it has won then. Never waits. */
  @Nullable Supplier<R> claim() {
    return claim.get();
  }
}
