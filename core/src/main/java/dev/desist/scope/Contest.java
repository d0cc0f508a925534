package dev.desist.scope;

import dev.desist.CancellationReason;
import dev.desist.Outcome;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One call of {@link Tasks#any}: of n tasks, the first so many to succeed. It is the joiner of its
 * scope, and the place where the tasks leave their values.
 *
 * <p>A value is either among those that the caller takes, or the disposer gets it: decided under
 * the monitor, which is held for a few instructions. Tasks leave values until the caller has
 * chosen, or given up; who comes later disposes of his own.
 *
 * @param <T> what the tasks give
 */
final class Contest<T extends @Nullable Object> extends Joiners.CollectingFailures<T, List<T>> {
  /** Stands for the value of a task that has left none. */
  private static final Object ABSENT = new Object();

  private final int wanted;
  private final int entrants;
  private final Tasks.Options<? super T> options;

  // Guarded by this.
  private final @Nullable Object[] values;
  private int arrived;
  private int failed;
  private boolean over;

  private Contest(int wanted, int entrants, Tasks.Options<? super T> options) {
    this.wanted = wanted;
    this.entrants = entrants;
    this.options = options;
    this.values = new Object[entrants];
    Arrays.fill(values, ABSENT);
  }

  static <T extends @Nullable Object> List<T> hold(
      int wanted, Tasks.Options<? super T> options, List<? extends Callable<? extends T>> tasks)
      throws ExecutionException, InterruptedException, TimeoutException {
    Objects.requireNonNull(options, "options");
    Objects.requireNonNull(tasks, "tasks");
    if (wanted < 0) {
      throw new IllegalArgumentException("count must not be negative: " + wanted);
    }
    List<Callable<? extends T>> entrants = new ArrayList<>(tasks);
    for (int i = 0; i < entrants.size(); i++) {
      if (entrants.get(i) == null) {
        throw new NullPointerException("tasks[" + i + "]");
      }
    }
    if (entrants.size() < wanted) {
      throw new IllegalArgumentException(
          "at least " + wanted + " tasks are needed: " + entrants.size());
    }
    var contest = new Contest<T>(wanted, entrants.size(), options);
    List<T> winners = List.of();
    boolean delivered = false;
    try {
      try (TaskScope<T, List<T>> scope = TaskScope.open(contest, options::apply)) {
        for (int i = 0; i < entrants.size(); i++) {
          scope.begin(new Entrant<>(scope, contest, i, entrants.get(i)));
        }
        winners = scope.join();
      }
      delivered = true;
      return winners;
    } finally {
      if (!delivered) {
        winners.forEach(options::dispose);
      }
      contest.losers().forEach(options::dispose);
    }
  }

  /** The subtask that runs one of the tasks. */
  static final class Entrant<T extends @Nullable Object> extends Fork<T> {
    private final Contest<T> contest;
    private final int index;

    Entrant(TaskScope<T, ?> scope, Contest<T> contest, int index, Callable<? extends T> task) {
      super(scope, null, task);
      this.contest = contest;
      this.index = index;
    }

    @Override
    void arrived(Outcome<T> found, boolean counts) {
      if (found instanceof Outcome.Success<T>(T value)
          && !(counts && contest.leave(index, value))) {
        contest.options.dispose(value);
      }
    }
  }

  private synchronized boolean leave(int index, T value) {
    if (!over) {
      values[index] = value;
      arrived++;
    }
    return !over;
  }

  @Override
  public boolean onFork(Subtask<? extends T> subtask) {
    return wanted == 0;
  }

  @Override
  public boolean onComplete(Subtask<? extends T> subtask) {
    if (subtask.state() == Subtask.State.SUCCESS) {
      return wanted < entrants && isDecided(); // else there is nobody to stop
    }
    collect(subtask);
    synchronized (this) {
      failed++;
      return failed > entrants - wanted;
    }
  }

  private synchronized boolean isDecided() {
    return arrived >= wanted;
  }

  @Override
  public CancellationReason reason(Subtask<? extends T> subtask) {
    return entrants > wanted && subtask.state() == Subtask.State.SUCCESS
        ? CancellationReason.raceLost("enough tasks had succeeded") // which ones, the caller draws
        : super.reason(subtask);
  }

  /**
   * Takes the winners out, in the order of the tasks; the rest stays for the disposer. If the
   * contest is fair, each set of winners is as likely as any other: Knuth, The Art of Computer
   * Programming, volume 2, section 3.4.2, algorithm S.
   */
  @Override
  public synchronized List<T> result() throws ExecutionException {
    over = true;
    if (arrived < wanted) {
      throw Objects.requireNonNull(failures());
    }
    var winners = new ArrayList<T>(wanted);
    for (int i = 0; winners.size() < wanted; i++) {
      if (values[i] == ABSENT) {
        continue;
      }
      int missing = wanted - winners.size();
      if (!options.isFair() || ThreadLocalRandom.current().nextInt(arrived) < missing) {
        winners.add(take(i));
      }
      arrived--;
    }
    return winners;
  }

  @SuppressWarnings({"unchecked", "NullAway"}) // what is there was left as a T
  private T take(int index) {
    T value = (T) values[index];
    values[index] = ABSENT;
    return value;
  }

  private synchronized List<T> losers() {
    over = true;
    var losers = new ArrayList<T>(0);
    for (int i = 0; i < entrants; i++) {
      if (values[i] != ABSENT) {
        losers.add(take(i));
      }
    }
    return losers;
  }
}
