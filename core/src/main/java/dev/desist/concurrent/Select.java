package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.internal.Stack;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Waits for the first of several things of different kinds, and does what belongs to it: exactly
 * one {@linkplain Clause clause} wins, and nothing is taken from the others. The calling thread
 * waits for all of them at once; no thread is made for a clause.
 *
 * {@snippet class="dev.desist.snippets.SelectSnippets" region="select"}
 *
 * <p>If several clauses are ready, a {@linkplain #biased biased} selection takes the first of them
 * in the order given, so that a clause that is always ready starves those after it; a {@linkplain
 * #fair fair} one draws one of them, each as likely as the others.
 *
 * <p>A selection is a value, immutable, and can wait any number of times, also on several threads
 * at once: make it once and wait in a loop. A wait leaves nothing behind.
 *
 * <h2>Cancellation and interrupts</h2>
 *
 * <p>A wait obeys the token it is given, and the {@linkplain Cancellation#current() current} one.
 * Completion beats cancellation: what was ready before the token was cancelled wins. What is ready
 * when the wait begins wins over an interrupt, too. A wait that throws has taken nothing, unless it
 * was the winner's handler that threw.
 *
 * <h2>Thread safety and memory consistency effects</h2>
 *
 * <p>All methods may be called from any thread. What a thread did before it completed the stage,
 * set the event, cancelled the token, or put the element that wins <i>happens-before</i> the
 * handler.
 *
 * <h2>General exceptions</h2>
 *
 * <p>A null argument gives a {@link NullPointerException} that names the parameter.
 *
 * @implNote A wait costs one linked source and a timer entry for each deadline, and nothing of this
 *     if a clause is ready at the beginning. It is linear in the number of clauses.
 * @param <R> what the handlers make of what they are given
 */
public final class Select<R extends @Nullable Object> {
  /*
   * Overview: every clause has a token that is cancelled when it is worth asking the clause again.
   * A wait asks all clauses; if none is ready, it waits for a source that is linked to all their
   * tokens and to the one it obeys, and asks again.
   *
   * Invariants:  1. The tokens are fetched before the clauses are asked, and stay cancelled. So
   *                 what becomes ready after it was asked ends the wait, even if it does so before
   *                 the wait begins. Deadlines need no token: they cannot be missed.
   *              2. Whether the obeyed token is cancelled is asked before the clauses are: what was
   *                 ready first wins.
   *              3. Clauses are asked before the linked source is made or after it was closed. The
   *                 first that is ready is claimed in the same step, such as a poll that gives an
   *                 element (promise 20); nothing that waits, looks at an interrupt or is not ours
   *                 stands between that and its handler.
   * Progress:    a wait that was woken for nothing, because another thread took the element, waits
   *              again; that thread has gone on.
   * Garbage:     closing the linked source takes it out of the lists of all tokens, and the
   *              deadlines below it out of the timer. If one of the tokens had cancelled it before,
   *              the thread that cancels that token does so; it may still be at it when the handler
   *              runs. That happens once for each token, so nothing adds up.
   */
  private final List<Clause<? extends R>> clauses;

  private final boolean fair;

  private Select(List<Clause<? extends R>> clauses, boolean fair) {
    this.clauses = clauses;
    this.fair = fair;
  }

  /**
   * {@return a selection in which the first of the clauses that are ready wins}
   *
   * @param <R> what the handlers make of what they are given
   * @param clauses what to wait for, at least one
   * @throws IllegalArgumentException if there is no clause
   */
  @SafeVarargs
  @SuppressWarnings("varargs") // the array is only read
  public static <R extends @Nullable Object> Select<R> biased(Clause<? extends R>... clauses) {
    return biased(Arrays.asList(Objects.requireNonNull(clauses, "clauses")));
  }

  /**
   * {@return a selection in which the first of the clauses that are ready wins}
   *
   * @param <R> what the handlers make of what they are given
   * @param clauses what to wait for, at least one; copied
   * @throws IllegalArgumentException if there is no clause
   */
  public static <R extends @Nullable Object> Select<R> biased(
      List<? extends Clause<? extends R>> clauses) {
    return new Select<>(checked(clauses), false);
  }

  /**
   * {@return a selection in which one of the clauses that are ready wins, drawn at random}
   *
   * @param <R> what the handlers make of what they are given
   * @param clauses what to wait for, at least one
   * @throws IllegalArgumentException if there is no clause
   */
  @SafeVarargs
  @SuppressWarnings("varargs") // the array is only read
  public static <R extends @Nullable Object> Select<R> fair(Clause<? extends R>... clauses) {
    return fair(Arrays.asList(Objects.requireNonNull(clauses, "clauses")));
  }

  /**
   * {@return a selection in which one of the clauses that are ready wins, drawn at random}
   *
   * @param <R> what the handlers make of what they are given
   * @param clauses what to wait for, at least one; copied
   * @throws IllegalArgumentException if there is no clause
   */
  public static <R extends @Nullable Object> Select<R> fair(
      List<? extends Clause<? extends R>> clauses) {
    return new Select<>(checked(clauses), true);
  }

  private static <C> List<C> checked(List<? extends C> clauses) {
    var copy = new ArrayList<C>(Objects.requireNonNull(clauses, "clauses"));
    if (copy.isEmpty()) {
      throw new IllegalArgumentException("clauses must not be empty: " + copy);
    }
    for (int i = 0; i < copy.size(); i++) {
      if (copy.get(i) == null) {
        throw new NullPointerException("clauses[" + i + "]");
      }
    }
    return copy;
  }

  /**
   * Waits until a clause is ready, or {@code token} is cancelled. Returns without a look at the
   * interrupt if a clause is ready already.
   *
   * @param token what may end the wait
   * @return what the winner's handler gave
   * @throws CancelledException if the token is or becomes cancelled while no clause is ready
   * @throws InterruptedException if the thread was or is interrupted first
   */
  public R await(CancellationToken token) throws InterruptedException {
    Objects.requireNonNull(token, "token");
    Stack.reserve(); // what a clause takes is its handler's
    Supplier<? extends R> ready = claim();
    return (ready != null ? ready : next(Cancellation.currentWith(token))).get();
  }

  /** Waits for the winner. Ends when a clause is ready; every turn waits for one that might be. */
  private Supplier<? extends R> next(CancellationToken token) throws InterruptedException {
    while (true) {
      Supplier<? extends R> ready = look(token);
      if (ready != null) {
        return ready;
      }
      CancellationToken[] signals = signals(token);
      ready = look(token); // again, for what came before the signals were there
      if (ready != null) {
        return ready;
      }
      awaitAny(signals);
    }
  }

  /** Claims a clause; null if none is ready. Throws if none is and {@code token} was cancelled. */
  private @Nullable Supplier<? extends R> look(CancellationToken token) {
    boolean cancelled = token.isCancelled(); // before the clauses (invariant 2)
    Supplier<? extends R> ready = claim();
    if (ready == null && cancelled) {
      throw new CancelledException(token);
    }
    return ready;
  }

  /** To take the first that is ready, in an order drawn at random, is to draw among the ready. */
  private @Nullable Supplier<? extends R> claim() {
    List<Clause<? extends R>> order = clauses;
    if (fair) {
      order = new ArrayList<>(clauses);
      Collections.shuffle(order, ThreadLocalRandom.current());
    }
    for (Clause<? extends R> clause : order) {
      Supplier<? extends R> ready = clause.claim();
      if (ready != null) {
        return ready;
      }
    }
    return null;
  }

  private CancellationToken[] signals(CancellationToken token) {
    return Stream.concat(Stream.of(token), clauses.stream().map(Clause::signal))
        .toArray(CancellationToken[]::new);
  }

  private void awaitAny(CancellationToken[] signals) throws InterruptedException {
    try (CancellationSource any = CancellationSource.linkedTo(signals)) {
      CancellationToken last = any.token();
      for (Clause<? extends R> clause : clauses) {
        if (!clause.deadline().isNone()) {
          last = last.childWithDeadline(clause.deadline()).token();
        }
      }
      last.await();
    }
  }
}
