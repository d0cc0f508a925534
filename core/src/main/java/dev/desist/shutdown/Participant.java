package dev.desist.shutdown;

import dev.desist.Action;
import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.internal.Foreign;
import dev.desist.internal.Stack;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Something that a {@link Shutdown} knows by name: a piece of work in flight, which it waits for,
 * or an action, which it runs in its phase and waits for.
 *
 * <p>Close the participant of a piece of work when the work has ended, whatever way it did; close
 * that of an action when the action is of no use any more, because the resource was closed before.
 * A shutdown that has not begun keeps nothing of a closed participant.
 *
 * <h2>Thread safety and memory consistency effects</h2>
 *
 * <p>All methods may be called from any thread. What a thread did before it closed the participant
 * of its work, and what an action did, <i>happens-before</i> the return of {@link
 * Shutdown#await(CancellationToken)}, unless it was left behind.
 */
public final class Participant implements AutoCloseable {
  /** Moves on under the lock of the roster. */
  enum State {
    WAITING,
    RUNNING,
    ENDED
  }

  final Roster roster;

  /** A string, or a supplier of one. */
  private final Object name;

  /** Null for a piece of work. */
  final @Nullable Action<?> action;

  /** Whose stack is shown; written by that thread. */
  private volatile @Nullable Thread thread;

  /** Written by the roster under its lock; read by anybody. */
  volatile State state = State.WAITING;

  /** Neighbours in the roster, guarded by its lock. */
  @Nullable Participant next;

  @Nullable Participant previous;

  Participant(Roster roster, Object name, @Nullable Action<?> action) {
    this.roster = roster;
    this.name = name;
    this.action = action;
    if (action == null) {
      thread = Thread.currentThread();
    }
  }

  /**
   * Says that it is the calling thread that now does this work, so that its stack is shown if the
   * work does not end. Until then it is the thread that had it tracked.
   *
   * @return this
   * @throws IllegalStateException if this is not a piece of work but an action
   */
  public Participant onThisThread() {
    if (action != null) {
      throw new IllegalStateException("an action has a thread of its own: " + this);
    }
    thread = Thread.currentThread();
    return this;
  }

  /**
   * Has a further piece of work waited for, as {@link Shutdown#track(String)} does; but while this
   * one runs, also after the shutdown has begun, until the hard token is cancelled: what has to be
   * done to the end may need somebody else to do a part of it. Hand it on before you close this.
   *
   * @param name what progress and report call it
   * @return close it when that work has ended
   * @throws CancelledException if the shutdown has begun, and this does not run or the hard token
   *     is cancelled
   * @throws IllegalStateException if this is an action for stopping or closing
   */
  public Participant track(String name) {
    return trackNamed(Objects.requireNonNull(name, "name"));
  }

  /**
   * Has a further piece of work waited for, as {@link #track(String)} does.
   *
   * @param name makes the name, as with {@link Shutdown#track(Supplier)}
   * @return close it when that work has ended
   * @throws CancelledException as {@link #track(String)}
   * @throws IllegalStateException if this is an action for stopping or closing
   */
  public Participant track(Supplier<String> name) {
    return trackNamed(Objects.requireNonNull(name, "name"));
  }

  private Participant trackNamed(Object its) {
    if (roster.phase() != ShutdownPhase.DRAINING) {
      throw new IllegalStateException("work follows only from what drains: " + this);
    }
    Stack.reserve();
    var work = new Participant(roster, its, null);
    roster.addWork(work, this);
    return work;
  }

  /**
   * Says that this work has ended, or that this action is not to run any more. An action that runs
   * already runs on, and is waited for. Never waits; does nothing the second time.
   */
  @Override
  public void close() {
    Stack.reserveToEnd();
    roster.withdraw(this);
  }

  /** Runs the action; its phase has begun. */
  void run(CancellationToken token, BiConsumer<Participant, Throwable> failed) {
    thread = Thread.currentThread();
    try {
      Action<?> given = Objects.requireNonNull(action);
      Cancellation.<@Nullable Void, Exception>call(
          token,
          () -> {
            given.perform();
            return null;
          });
    } catch (Throwable e) { // an error too: it is reported
      failed.accept(this, e);
    } finally {
      roster.leave(this);
    }
  }

  /** The name, which may be made only now, by code of the user's. */
  String name() {
    if (name instanceof Supplier<?> supplier) {
      try {
        return String.valueOf(supplier.get());
      } catch (Throwable e) { // of all that can fail at the end, not this
        return "a participant whose name failed: " + Foreign.describe(e);
      }
    }
    return (String) name;
  }

  /** {@return whose stack is shown; null for an action that has not begun} */
  @Nullable Thread thread() {
    return thread;
  }

  /** {@return whether making the name runs code of the user's} */
  boolean isNamedByUser() {
    return name instanceof Supplier<?>;
  }

  @Override
  public String toString() {
    return "Participant[\"" + name() + "\", " + roster.phase() + ", " + state + ']';
  }
}
