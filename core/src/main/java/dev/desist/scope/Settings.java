package dev.desist.scope;

import dev.desist.Deadline;
import dev.desist.internal.Arguments;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * How a scope is set up: what a {@link TaskScope.Configuration} holds. What follows from it is
 * here, too: the threads of the subtasks, and what messages call the scope.
 *
 * @param name null for none
 * @param threadFactory makes the threads, if not one of our own does
 * @param timeout from the opening; null if {@code until} counts
 * @param until a point in time
 * @param grace for those who do not listen
 * @param parallelism how many may run at a time; 0 for any number
 * @param sharedForking whether every thread may fork
 */
record Settings(
    @Nullable String name,
    ThreadFactory threadFactory,
    @Nullable Duration timeout,
    Deadline until,
    Grace grace,
    int parallelism,
    boolean sharedForking) {
  private static final ThreadFactory VIRTUAL = Thread.ofVirtual().factory();
  private static final ThreadFactory PLATFORM = Thread.ofPlatform().daemon().factory();

  static final Settings DEFAULT =
      new Settings(null, VIRTUAL, null, Deadline.none(), Grace.forever(), 0, false);

  Settings withName(String name) {
    Objects.requireNonNull(name, "name");
    return new Settings(name, threadFactory, timeout, until, grace, parallelism, sharedForking);
  }

  Settings withThreadFactory(ThreadFactory threadFactory) {
    Objects.requireNonNull(threadFactory, "threadFactory");
    return new Settings(name, threadFactory, timeout, until, grace, parallelism, sharedForking);
  }

  Settings withTimeout(Duration timeout) {
    Arguments.notNegative(timeout, "timeout");
    return new Settings(name, threadFactory, timeout, until, grace, parallelism, sharedForking);
  }

  Settings withDeadline(Deadline deadline) {
    Objects.requireNonNull(deadline, "deadline");
    return new Settings(name, threadFactory, null, deadline, grace, parallelism, sharedForking);
  }

  /** With a timeout that does not take the place of a nearer one, or of a deadline. */
  Settings limitedTo(Duration timeout) {
    return withDeadline(Deadline.earliest(deadline(), Deadline.after(timeout)));
  }

  Settings withGrace(Grace grace) {
    Objects.requireNonNull(grace, "grace");
    return new Settings(name, threadFactory, timeout, until, grace, parallelism, sharedForking);
  }

  Settings withParallelism(int parallelism) {
    Arguments.positive(parallelism, "parallelism");
    return new Settings(name, threadFactory, timeout, until, grace, parallelism, sharedForking);
  }

  Settings withSharedForking() {
    return new Settings(name, threadFactory, timeout, until, grace, parallelism, true);
  }

  /** When a scope that is opened now is to be cancelled. */
  Deadline deadline() {
    return timeout == null ? until : Deadline.after(timeout);
  }

  /** The thread of a subtask, not started. */
  Thread thread(Fork<?> fork) {
    // A virtual thread that is left behind in a native call would keep a carrier from all others.
    ThreadFactory factory =
        threadFactory == VIRTUAL && grace.leaving() != null ? PLATFORM : threadFactory;
    Thread thread = factory.newThread(fork);
    if (thread == null) {
      throw new RejectedExecutionException("the thread factory of " + title() + " gave no thread");
    }
    String called = fork.hasName() ? fork.name() : name;
    if (called != null && (factory == VIRTUAL || factory == PLATFORM)) {
      thread.setName(called);
    }
    return thread;
  }

  String nameOrUnnamed() {
    return name == null ? "unnamed" : name;
  }

  /** For messages. */
  String title() {
    return name == null ? "the scope" : "scope \"" + name + '"';
  }

  /** Says of a subtask whose it is. */
  String suffix() {
    return name == null ? "" : " of \"" + name + '"';
  }
}
