package dev.desist.scope;

import dev.desist.CancellationReason;
import dev.desist.CancellationToken;
import dev.desist.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One call of {@link Tasks}: of n tasks, the first so many to succeed. It is the joiner of its
 * scope, and where the tasks leave their values: each has a place of its own.
 *
 * <p>A value is either among those that the caller takes, or the disposer gets it: decided under
 * the monitor, which is held for a few instructions (promise 20). Tasks leave values until the
 * caller has chosen, or given up; whoever comes later disposes of its own.
 *
 * @param <T> what the tasks give
 */
final class Contest<T extends @Nullable Object> extends FirstSuccessful<T, List<T>> {
  private final int entrants;
  private final Tasks.Configuration<? super T> how;

  private Contest(int wanted, int entrants, Tasks.Configuration<? super T> how) {
    super(wanted, how.isFair());
    this.entrants = entrants;
    this.how = how;
    assign(entrants);
  }

  /**
   * @param outer the token that all is under
   * @param wanted how many are to succeed; less than 0 for all
   */
  static <T extends @Nullable Object> List<T> hold(
      CancellationToken outer,
      int wanted,
      List<? extends Callable<? extends T>> tasks,
      Tasks.Configuration<? super T> how)
      throws ExecutionException, InterruptedException, TimeoutException {
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
    var contest = new Contest<T>(wanted, entrants.size(), how);
    List<T> winners = List.of();
    boolean delivered = false;
    try {
      try (var scope = new TaskScope<T, List<T>>(outer, contest, how.settings())) {
        for (int i = 0; i < entrants.size(); i++) {
          scope.begin(new Entrant<>(scope, contest, i, entrants.get(i)));
        }
        winners = scope.join();
      }
      delivered = true;
      return winners;
    } finally {
      if (!delivered) {
        winners.forEach(how::dispose);
      }
      contest.losers().forEach(how::dispose);
    }
  }

  /** The subtask that runs one of the tasks. */
  static final class Entrant<T extends @Nullable Object> extends Fork<T> {
    private final Contest<T> contest;
    private final int place;

    Entrant(TaskScope<T, ?> scope, Contest<T> contest, int place, Callable<? extends T> task) {
      super(scope, null, task);
      this.contest = contest;
      this.place = place;
    }

    @Override
    void arrived(Outcome<T> found, boolean counts) {
      if (found instanceof Outcome.Success<T>(T value) && !(counts && contest.put(place, value))) {
        contest.how.dispose(value);
      }
    }
  }

  @Override
  boolean decides(Subtask<? extends T> subtask) {
    return wanted() < entrants && isDecided(); // else there is nobody to stop
  }

  @Override
  int hopes() {
    return entrants;
  }

  @Override
  public CancellationReason reason(Subtask<? extends T> subtask) {
    return entrants > wanted() && subtask.state() == Subtask.State.SUCCESS
        ? CancellationReason.raceLost("enough tasks had succeeded") // which ones, the caller draws
        : super.reason(subtask);
  }

  @Override
  public List<T> result() throws ExecutionException {
    List<T> found = winners();
    if (found == null) {
      throw Objects.requireNonNull(failures());
    }
    return found;
  }
}
