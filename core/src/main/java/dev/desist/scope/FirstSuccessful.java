package dev.desist.scope;

import dev.desist.internal.Arguments;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * The first so many subtasks that succeed: what the joiners for one and for several do, and the
 * calls of {@link Tasks} for which it is a {@link Contest}.
 *
 * <p>Each value that comes gets a place. When join asks, the winners are taken out of their places,
 * in that order; what is left over nobody is given. From then on nothing comes in.
 *
 * @param <T> what the subtasks give
 * @param <R> what join gives
 */
abstract class FirstSuccessful<T extends @Nullable Object, R extends @Nullable Object>
    extends Joiners.CollectingFailures<T, R> {
  /** Stands for the value in a place that is free. */
  private static final Object ABSENT = new Object();

  private final int wanted;

  /** Whether each set of winners is as likely as any other; else the first places win. */
  private final boolean fair;

  // Guarded by this.

  private final ArrayList<@Nullable Object> places = new ArrayList<>(0);
  private int forked;
  private int failed;

  /** How many places are taken. */
  private int arrived;

  /** Whether the winners were chosen, or nobody will choose any more. */
  private boolean over;

  FirstSuccessful(int wanted, boolean fair) {
    Arguments.notNegative(wanted, "count");
    this.wanted = wanted;
    this.fair = fair;
  }

  final int wanted() {
    return wanted;
  }

  /** Once, before anything is forked: so many places, each for one that knows it. */
  final synchronized void assign(int number) {
    places.ensureCapacity(number);
    for (int i = 0; i < number; i++) {
      places.add(ABSENT);
    }
  }

  @Override
  public final synchronized boolean onFork(Subtask<? extends T> subtask) {
    forked++;
    return wanted == 0;
  }

  @Override
  public final boolean onComplete(Subtask<? extends T> subtask) {
    if (subtask.state() == Subtask.State.SUCCESS) {
      return decides(subtask);
    }
    collect(subtask);
    return isHopeless();
  }

  /** Whether enough have succeeded, now that {@code subtask} has, and it is to stop the others. */
  abstract boolean decides(Subtask<? extends T> subtask);

  private synchronized boolean isHopeless() {
    failed++;
    return failed > hopes() - wanted;
  }

  /** How many there will be at most. */
  abstract int hopes();

  /**
   * Gives a value the next place, if so many are still wanted. Returns whether it is the last: that
   * one itself is to end the scope, so that the reason names it.
   */
  final synchronized boolean append(T value) {
    if (arrived == wanted) {
      return false;
    }
    places.add(value);
    arrived++;
    return arrived == wanted;
  }

  /**
   * Gives a value the place that it was assigned, if it is not too late. Returns whether it did.
   */
  final synchronized boolean put(int place, T value) {
    if (!over) {
      places.set(place, value);
      arrived++;
    }
    return !over;
  }

  final synchronized boolean isDecided() {
    return arrived >= wanted;
  }

  /**
   * Takes the winners out, in the order of their places; the rest stays. If it is to be fair, by
   * Knuth, The Art of Computer Programming, volume 2, section 3.4.2, algorithm S.
   *
   * @return null if too few have succeeded
   */
  final synchronized @Nullable List<T> winners() {
    over = true;
    if (arrived < wanted) {
      return null;
    }
    var winners = new ArrayList<T>(wanted);
    for (int i = 0; winners.size() < wanted; i++) {
      if (places.get(i) == ABSENT) {
        continue;
      }
      int missing = wanted - winners.size();
      if (!fair || ThreadLocalRandom.current().nextInt(arrived) < missing) {
        winners.add(take(i));
      }
      arrived--;
    }
    return winners;
  }

  /** Takes out what is left. */
  final synchronized List<T> losers() {
    over = true;
    List<T> losers = List.of();
    for (int i = 0; i < places.size(); i++) {
      if (places.get(i) != ABSENT) {
        losers = losers.isEmpty() ? new ArrayList<>() : losers;
        losers.add(take(i));
      }
    }
    return losers;
  }

  @SuppressWarnings({"unchecked", "NullAway"}) // what is there was left as a T
  private T take(int place) {
    return (T) places.set(place, ABSENT);
  }

  /** Why there are too few: the failures, unless there were too few to begin with. */
  final ExecutionException tooFew() {
    int tried;
    synchronized (this) {
      tried = forked;
    }
    ExecutionException failures = failures();
    if (failures != null && tried >= wanted) {
      return failures;
    }
    Throwable cause = tooFewForked(tried);
    if (failures != null) {
      Throwable first = failures.getCause();
      if (first != null) {
        Ledger.suppress(cause, first);
      }
      for (Throwable other : failures.getSuppressed()) {
        Ledger.suppress(cause, other);
      }
    }
    return new ExecutionException(cause.getMessage(), cause);
  }

  /** The cause if fewer were forked than are wanted. */
  Throwable tooFewForked(int tried) {
    return new IllegalStateException("at least " + wanted + " subtasks must be forked: " + tried);
  }

  /** A joiner for so many of any number, in the order in which they come. */
  abstract static class OfAny<T extends @Nullable Object, R extends @Nullable Object>
      extends FirstSuccessful<T, R> {
    OfAny(int wanted) {
      super(wanted, false);
    }

    @Override
    final boolean decides(Subtask<? extends T> subtask) {
      return append(subtask.get());
    }

    @Override
    final int hopes() {
      return Integer.MAX_VALUE;
    }
  }
}
