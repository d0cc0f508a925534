package dev.desist.jcstress;

import dev.desist.CancellationSource;
import dev.desist.TimeSource;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Time that stands still, with a timer of which one actor may fire the first entry. What the timer
 * hands over is kept until the arbiter runs it, so that a test can tell it from what ran on the
 * timer's thread.
 */
final class OneTimer implements TimeSource {
  /** Guarded by this. */
  private final List<Runnable> entries = new ArrayList<>();

  /** Filled by the actor that fires, emptied by the arbiter. */
  private final ArrayDeque<Runnable> dispatched = new ArrayDeque<>();

  private boolean dispatching;

  /** A source that lives by this time. */
  CancellationSource source() {
    try {
      return TimeSource.callWith(this, CancellationSource::create);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Takes the oldest entry out and runs it, as a timer does when it is due. */
  void fire() {
    Runnable due = poll();
    if (due != null) {
      due.run();
    }
  }

  private synchronized @Nullable Runnable poll() {
    return entries.isEmpty() ? null : entries.removeFirst();
  }

  synchronized int waiting() {
    return entries.size();
  }

  void runDispatched() {
    dispatching = true;
    while (!dispatched.isEmpty()) {
      dispatched.remove().run();
    }
  }

  boolean isDispatching() {
    return dispatching;
  }

  @Override
  public long nanoTime() {
    return 0;
  }

  @Override
  public Instant instant() {
    return Instant.EPOCH;
  }

  @Override
  public synchronized Timer schedule(long nanoTime, Runnable task) {
    entries.add(task);
    return () -> {
      synchronized (this) {
        return entries.remove(task);
      }
    };
  }

  @Override
  public void dispatch(Runnable task) {
    dispatched.add(task);
  }

  @Override
  public void parkUntil(Object blocker, long nanoTime) {
    throw new UnsupportedOperationException("nobody waits by this time");
  }
}
