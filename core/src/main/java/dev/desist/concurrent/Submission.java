package dev.desist.concurrent;

import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.Outcome;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * One task of a {@link Latest}, from its submission until it is all over.
 *
 * <p>It goes one way, on one thread after the other: submitted, run by the executor, shown by the
 * other executor or disposed of, over. Whoever cancels it only marks its token; the way forks where
 * {@link #isStale()} is asked.
 */
final class Submission<T extends @Nullable Object> {
  private final Latest<T> slot;
  private final long number;
  private final CancellationSource source;
  private final Callable<T> task;
  private final CompletableFuture<Outcome<T>> over = new CompletableFuture<>();

  Submission(Latest<T> slot, long number, CancellationToken parent, Callable<T> task) {
    this.slot = slot;
    this.number = number;
    this.source = parent.child("request " + number);
    this.task = Work.under(source.token(), task);
  }

  CompletionStage<Outcome<T>> stage() {
    return over.minimalCompletionStage();
  }

  void cancel(CancellationReason reason) {
    if (!source.isCancelled()) {
      Work.cancel(source, reason);
    }
  }

  void supersede(Submission<T> newer) {
    cancel(CancellationReason.superseded("request " + newer.number + " took its place"));
  }

  void start() {
    try {
      slot.executor.execute(this::run);
    } catch (Throwable e) { // rejected: a task throws nothing here
      ended(new Outcome.Failure<>(e));
    }
  }

  private void run() {
    if (isStale()) {
      skip();
      slot.ended();
    } else {
      ended(outcome());
    }
  }

  /** It will never begin. */
  void skip() {
    finish(cancelled());
  }

  private Outcome<T> outcome() {
    try {
      return new Outcome.Success<>(task.call());
    } catch (Throwable e) {
      return new Outcome.Failure<>(e);
    }
  }

  private void ended(Outcome<T> outcome) {
    boolean stale = isStale();
    if (stale) {
      discard(outcome); // before the next one starts, which may need what the value holds
    }
    slot.ended();
    if (!stale) {
      show(outcome);
    }
  }

  private void show(Outcome<T> outcome) {
    try {
      slot.showing.execute(
          () -> {
            if (isStale()) {
              discard(outcome);
              return;
            }
            Work.guarded(() -> give(outcome));
            finish(outcome);
          });
    } catch (Throwable e) { // rejected: no consumer throws anything here
      cancel(CancellationReason.closed("the executor for showing takes nothing: " + e));
      discard(outcome);
    }
  }

  private void give(Outcome<T> outcome) {
    switch (outcome) {
      case Outcome.Success(T value) -> slot.onResult.accept(value);
      case Outcome.Failure(Throwable failure) -> slot.onFailure.accept(failure);
      case Outcome.Cancelled<T> _ -> throw new AssertionError("what is shown was not cancelled");
    }
  }

  private void discard(Outcome<T> outcome) {
    switch (outcome) {
      case Outcome.Success(T value) -> Work.guarded(() -> slot.disposer.accept(value));
      case Outcome.Failure(Throwable failure) -> Work.noteLate(source.token(), failure);
      case Outcome.Cancelled<T> _ -> throw new AssertionError("a task gives a value or fails");
    }
    finish(cancelled());
  }

  private Outcome<T> cancelled() {
    return new Outcome.Cancelled<>(source.token().reason().orElseThrow());
  }

  private void finish(Outcome<T> outcome) {
    Work.close(source);
    over.complete(outcome);
  }

  /**
   * Whether nobody wants the result. If a newer one is there that has not cancelled this one yet,
   * it is cancelled here.
   */
  private boolean isStale() {
    Submission<T> newest = slot.newest();
    if (newest != null && newest != this) {
      supersede(newest);
    }
    return source.isCancelled();
  }

  @Override
  public String toString() {
    return source.token().toString();
  }
}
