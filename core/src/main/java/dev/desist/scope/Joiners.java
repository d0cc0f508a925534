package dev.desist.scope;

import dev.desist.CancelledException;
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

  static final class AnySuccessful<T extends @Nullable Object> extends FirstSuccessful.OfAny<T, T> {
    AnySuccessful() {
      super(1);
    }

    @Override
    public T result() throws ExecutionException {
      List<T> found = winners();
      if (found == null) {
        throw tooFew();
      }
      return found.getFirst();
    }

    @Override
    Throwable tooFewForked(int tried) {
      return new NoSuchElementException("no subtask was forked");
    }
  }

  static final class AtLeast<T extends @Nullable Object> extends FirstSuccessful.OfAny<T, List<T>> {
    AtLeast(int count) {
      super(count);
    }

    @Override
    public List<T> result() throws ExecutionException {
      List<T> found = winners();
      if (found == null) {
        throw tooFew();
      }
      return found;
    }
  }

  static final class AwaitAll<T extends @Nullable Object> extends Once
      implements Joiner<T, @Nullable Void> {
    @Override
    public @Nullable Void result() {
      return null;
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
