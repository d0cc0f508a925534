package dev.desist.jcstress;

import dev.desist.scope.TaskScope;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Hands the subtasks of a scope to an actor, which runs them on its own thread: so a subtask can
 * race with the other actor, and nobody waits for a thread to start. The threads that the scope is
 * given pass their task on instead of starting.
 */
final class HandOver {
  private final AtomicReference<@Nullable Runnable> task = new AtomicReference<>();
  private volatile boolean over;

  /** For the scope whose subtasks another actor runs. */
  TaskScope.Configuration toOther(TaskScope.Configuration configuration) {
    return configuration.withThreadFactory(task -> new Passing(task, () -> this.task.set(task)));
  }

  /**
   * For the scope whose subtasks run at once, inside the fork. They must not ask for their token: a
   * thread has one task at a time, and this one is the owner's.
   */
  static TaskScope.Configuration inline(TaskScope.Configuration configuration) {
    return configuration.withThreadFactory(task -> new Passing(task, task));
  }

  /** The first subtask is for another actor, the second runs inside its fork. */
  UnaryOperator<TaskScope.Configuration> firstToOther() {
    var first = new AtomicBoolean(true);
    return configuration ->
        configuration.withThreadFactory(
            task ->
                new Passing(
                    task,
                    () -> {
                      if (first.compareAndSet(true, false)) {
                        this.task.set(task);
                      } else {
                        task.run();
                        awaitTaker();
                      }
                    }));
  }

  /** Runs the subtask that is handed over; comes back if there will be none. */
  void run() {
    Wait.forOtherActor(() -> task.get() != null || over);
    Runnable taken = task.getAndSet(null);
    if (taken != null) {
      taken.run();
    }
  }

  /** For the owner, before it waits for the subtask: sees to it that somebody runs it. */
  void awaitTaker() {
    Wait.forOtherActor(() -> task.get() == null);
    Runnable alone = task.getAndSet(null);
    if (alone != null) {
      over = true;
      Thread.ofPlatform().start(alone);
    }
  }

  /** There will be no more subtasks. */
  void end() {
    over = true;
  }

  private static final class Passing extends Thread {
    private final Runnable instead;

    Passing(Runnable task, Runnable instead) {
      super(task);
      this.instead = instead;
    }

    @Override
    public void start() {
      instead.run();
    }
  }
}
