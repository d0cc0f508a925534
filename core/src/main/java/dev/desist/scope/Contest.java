package dev.desist.scope;

import dev.desist.CancellationReason;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
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
final class Contest<T extends @Nullable Object> implements Joiner<T, List<T>> {
  private record Entry<T extends @Nullable Object>(int index, T value) {}

  private final int wanted;
  private final int entrants;
  private final Tasks.Options<T> options;

  // Guarded by this.
  private List<Entry<T>> values = new ArrayList<>();
  private @Nullable ExecutionException failures;
  private int failed;
  private boolean over;

  private Contest(int wanted, int entrants, Tasks.Options<T> options) {
    this.wanted = wanted;
    this.entrants = entrants;
    this.options = options;
  }

  static <T extends @Nullable Object> List<T> hold(
      int wanted, Tasks.Options<T> options, List<? extends Callable<? extends T>> tasks)
      throws ExecutionException, InterruptedException, TimeoutException {
    Objects.requireNonNull(options, "options");
    Objects.requireNonNull(tasks, "tasks");
    if (wanted < 0) {
      throw new IllegalArgumentException("count must not be negative: " + wanted);
    }
    List<Callable<? extends T>> entrants = List.copyOf(tasks);
    if (entrants.size() < wanted) {
      throw new IllegalArgumentException(
          "at least " + wanted + " tasks are needed: " + entrants.size());
    }
    var contest = new Contest<T>(wanted, entrants.size(), options);
    boolean delivered = false;
    try {
      List<T> winners;
      try (TaskScope<T, List<T>> scope = TaskScope.open(contest, options::apply)) {
        for (int i = 0; i < entrants.size(); i++) {
          scope.fork(new Entrant<>(scope, contest, i, entrants.get(i)));
        }
        winners = scope.join();
      }
      delivered = true;
      return winners;
    } finally {
      contest.disposeOfOthers(delivered);
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
    public T call() throws Exception {
      T value = super.call();
      RuntimeException leak = closeLeaked(); // which makes the task one that failed
      if (leak != null || !contest.leave(new Entry<>(index, value))) {
        contest.options.dispose(value);
      }
      if (leak != null) {
        throw leak;
      }
      return value;
    }
  }

  private synchronized boolean leave(Entry<T> entry) {
    return !over && values.add(entry);
  }

  @Override
  public boolean onFork(Subtask<? extends T> subtask) {
    return wanted == 0;
  }

  @Override
  public boolean onComplete(Subtask<? extends T> subtask) {
    ExecutionException failure =
        subtask.state() == Subtask.State.SUCCESS ? null : Joiners.failure(subtask);
    synchronized (this) {
      if (failure == null) {
        return wanted < entrants && values.size() >= wanted; // else there is nobody to stop
      }
      if (failures == null) {
        failures = failure;
      } else {
        failures.addSuppressed(failure.getCause());
      }
      failed++;
      return failed > entrants - wanted;
    }
  }

  @Override
  public CancellationReason reason(Subtask<? extends T> subtask) {
    return entrants > wanted && subtask.state() == Subtask.State.SUCCESS
        ? CancellationReason.raceLost(((Fork<?>) subtask).title() + " came in first")
        : Joiner.super.reason(subtask);
  }

  /** Chooses the winners; the rest stays for the disposer. */
  @Override
  public synchronized List<T> result() throws ExecutionException {
    over = true;
    if (values.size() < wanted) {
      throw Objects.requireNonNull(failures);
    }
    if (options.isFair()) {
      Collections.shuffle(values);
    } else {
      values.sort(Comparator.comparingInt(Entry::index));
    }
    var winners = new ArrayList<>(values.subList(0, wanted));
    winners.sort(Comparator.comparingInt(Entry::index));
    var given = new ArrayList<T>(wanted);
    winners.forEach(winner -> given.add(winner.value));
    return given;
  }

  /** On the caller, at the end. */
  private void disposeOfOthers(boolean delivered) {
    List<Entry<T>> others;
    synchronized (this) {
      over = true;
      others = delivered ? values.subList(wanted, values.size()) : values;
      values = List.of();
    }
    others.forEach(entry -> options.dispose(entry.value));
  }
}
