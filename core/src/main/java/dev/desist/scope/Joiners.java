package dev.desist.scope;

import dev.desist.CancellationReason;
import dev.desist.CancelledException;
import dev.desist.Outcome;
import dev.desist.internal.Foreign;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The join policies that come with the library. Their monitors are held for a few instructions. */
final class Joiners {
  private static final String NOTHING = "no subtask was forked";

  private Joiners() {}

  /** The exception for a subtask that gave no value. */
  static ExecutionException failure(Subtask<?> subtask) {
    String title = ((Fork<?>) subtask).title();
    if (subtask.state() == Subtask.State.FAILED) {
      Throwable exception = subtask.exception();
      return new ExecutionException(title + " failed: " + Foreign.describe(exception), exception);
    }
    CancelledException exception = ((Fork<?>) subtask).cancelled();
    return new ExecutionException(title + " was cancelled: " + exception.getMessage(), exception);
  }

  private static boolean succeeded(Subtask<?> subtask) {
    return subtask.state() == Subtask.State.SUCCESS;
  }

  /** Serves one scope. */
  abstract static class Once {
    private boolean claimed;

    /** For the scope, when it is opened. */
    final synchronized void claim() {
      if (claimed) {
        throw new IllegalStateException(
            "a Joiner must be used for one scope only; make a new one for each");
      }
      claimed = true;
    }
  }

  /** Remembers the subtasks in the order of their forks. */
  abstract static class Remembering<T extends @Nullable Object, R extends @Nullable Object>
      extends Once implements Joiner<T, R> {
    private final List<Subtask<T>> forked = new ArrayList<>();

    @Override
    @SuppressWarnings("unchecked") // a subtask only ever gives, so one of a subtype will do
    public final synchronized boolean onFork(Subtask<? extends T> subtask) {
      forked.add((Subtask<T>) subtask);
      return false;
    }

    final synchronized List<Subtask<T>> forked() {
      return List.copyOf(forked);
    }
  }

  /** Remembers the first failures, to throw them if it comes to that. */
  abstract static class CollectingFailures<T extends @Nullable Object, R extends @Nullable Object>
      extends Once implements Joiner<T, R> {
    private @Nullable ExecutionException failures;

    /**
     * Returns whether it is the first: the one that names the reason, if it is to end the scope.
     */
    final boolean collect(Subtask<? extends T> subtask) {
      ExecutionException failure = failure(subtask);
      synchronized (this) {
        if (failures == null) {
          failures = failure;
          return true;
        }
        Ledger.suppress(failures, Objects.requireNonNull(failure.getCause()));
        return false;
      }
    }

    final synchronized @Nullable ExecutionException failures() {
      return failures;
    }
  }

  static final class AwaitAllSuccessful<T extends @Nullable Object>
      extends CollectingFailures<T, @Nullable Void> {
    @Override
    public boolean onComplete(Subtask<? extends T> subtask) {
      return !succeeded(subtask) && collect(subtask);
    }

    @Override
    public @Nullable Void result() throws ExecutionException {
      ExecutionException found = failures();
      if (found != null) {
        throw found;
      }
      return null;
    }
  }

  static final class AllSuccessful<T extends @Nullable Object> extends Remembering<T, List<T>> {
    private final AwaitAllSuccessful<T> all = new AwaitAllSuccessful<>();

    @Override
    public boolean onComplete(Subtask<? extends T> subtask) {
      return all.onComplete(subtask);
    }

    @Override
    public List<T> result() throws ExecutionException {
      all.result();
      var values = new ArrayList<T>();
      for (Subtask<T> subtask : forked()) {
        values.add(subtask.get());
      }
      return values;
    }
  }

  static final class AnySuccessful<T extends @Nullable Object> extends CollectingFailures<T, T> {
    private @Nullable Subtask<? extends T> winner;

    @Override
    public boolean onComplete(Subtask<? extends T> subtask) {
      if (!succeeded(subtask)) {
        collect(subtask);
        return false;
      }
      synchronized (this) {
        if (winner != null) {
          return false; // the winner itself ends the scope, so that the reason names it
        }
        winner = subtask;
      }
      return true;
    }

    @Override
    public T result() throws ExecutionException {
      Subtask<? extends T> found;
      synchronized (this) {
        found = winner;
      }
      if (found == null) {
        ExecutionException failures = failures();
        throw failures != null
            ? failures
            : new ExecutionException(NOTHING, new NoSuchElementException(NOTHING));
      }
      return found.get();
    }
  }

  static final class AtLeast<T extends @Nullable Object> extends CollectingFailures<T, List<T>> {
    private final int count;
    private final List<T> values = new ArrayList<>();
    private int forked;

    AtLeast(int count) {
      if (count < 0) {
        throw new IllegalArgumentException("count must not be negative: " + count);
      }
      this.count = count;
    }

    @Override
    public synchronized boolean onFork(Subtask<? extends T> subtask) {
      forked++;
      return count == 0;
    }

    @Override
    public boolean onComplete(Subtask<? extends T> subtask) {
      if (!succeeded(subtask)) {
        collect(subtask);
        return false;
      }
      T value = subtask.get();
      synchronized (this) {
        if (values.size() == count) {
          return false; // the last one that counted ends the scope, so that the reason names it
        }
        values.add(value);
        return values.size() == count;
      }
    }

    @Override
    public List<T> result() throws ExecutionException {
      List<T> found;
      int tried;
      synchronized (this) {
        found = new ArrayList<>(values);
        tried = forked;
      }
      if (found.size() == count) {
        return found;
      }
      ExecutionException failures = failures();
      if (failures != null && tried >= count) {
        throw failures;
      }
      String message = "at least " + count + " subtasks must be forked: " + tried;
      var tooFew = new IllegalStateException(message);
      if (failures != null) {
        Throwable first = Objects.requireNonNull(failures.getCause());
        Ledger.suppress(tooFew, first);
        for (Throwable other : failures.getSuppressed()) {
          Ledger.suppress(tooFew, other);
        }
      }
      throw new ExecutionException(message, tooFew);
    }
  }

  static final class FirstToEnd<T extends @Nullable Object> extends Once
      implements Joiner<T, Outcome<T>> {
    private @Nullable Subtask<? extends T> first;

    @Override
    public synchronized boolean onComplete(Subtask<? extends T> subtask) {
      if (first != null) {
        return false; // the first itself ends the scope, so that the reason names it
      }
      first = subtask;
      return true;
    }

    @Override
    public CancellationReason reason(Subtask<? extends T> subtask) {
      return CancellationReason.raceLost(((Fork<?>) subtask).title() + " was the first to end");
    }

    @Override
    @SuppressWarnings("unchecked") // an outcome only ever gives, so one of a subtype will do
    public synchronized Outcome<T> result() {
      if (first == null) {
        throw new NoSuchElementException(NOTHING);
      }
      return (Outcome<T>) first.outcome().orElseThrow();
    }
  }

  static final class AwaitAll<T extends @Nullable Object> extends Once
      implements Joiner<T, @Nullable Void> {
    @Override
    public @Nullable Void result() {
      return null;
    }
  }

  static final class Outcomes<T extends @Nullable Object> extends Remembering<T, List<Outcome<T>>> {
    @Override
    public List<Outcome<T>> result() {
      return forked().stream().map(subtask -> subtask.outcome().orElseThrow()).toList();
    }
  }

  static final class AllUntil<T extends @Nullable Object> extends Remembering<T, List<Subtask<T>>> {
    private final Predicate<? super Subtask<? extends T>> enough;

    AllUntil(Predicate<? super Subtask<? extends T>> enough) {
      this.enough = Objects.requireNonNull(enough, "enough");
    }

    @Override
    public boolean onComplete(Subtask<? extends T> subtask) {
      return enough.test(subtask);
    }

    @Override
    public List<Subtask<T>> result() {
      return forked();
    }
  }
}
