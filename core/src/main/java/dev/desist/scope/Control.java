package dev.desist.scope;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.Deadline;
import dev.desist.internal.GuardedThread;
import dev.desist.internal.Waiters;
import org.jspecify.annotations.Nullable;

/**
 * What a subtask has beside itself once somebody asks for its token or waits for it: the token's
 * source, the task as a guarded call, and who waits. Most subtasks never have one.
 *
 * <p>The monitor is held for a few steps, and no user code runs under it (promise 8): not even the
 * {@code equals} of a user's thread.
 */
final class Control {
  final CancellationSource source;

  /** What a cancelled task threw, if not our exception. Written by its thread before it ends. */
  @Nullable Throwable ending;

  /** Who waits for the end; made, under the monitor, for the first that does. */
  private volatile @Nullable Waiters waiters;

  /** The task as a guarded call; made when it is first needed. Guarded by this. */
  private GuardedThread.@Nullable Call guard;

  Control(CancellationSource source) {
    this.source = source;
  }

  private synchronized GuardedThread.@Nullable Call guard() {
    return guard;
  }

  /** The guarded call; made for {@code running}, if that is still the thread of {@code fork}. */
  synchronized GuardedThread.@Nullable Call guard(Fork<?> fork, Thread running) {
    if (guard == null && fork.thread() == running) {
      guard = new GuardedThread(running).enter();
    }
    return guard;
  }

  /** On the task's thread: whether it threw {@code e} because it was cancelled, or aborted. */
  boolean isOwnEnd(Throwable e) {
    if (source.token().caused(e)) {
      return true;
    }
    GuardedThread.Call call = e instanceof Exception ? guard() : null;
    return call != null && call.ending().explains(e);
  }

  /** On the task's thread: no interrupt of ours comes any more. */
  void leave() {
    GuardedThread.Call call = guard();
    if (call != null) {
      GuardedThread.Ending _ = call.leave(false);
      synchronized (this) {
        guard = null; // it leads to the thread
      }
    }
  }

  /** Waits for the end of {@code fork}, or what ends the wait before. */
  void await(Fork<?> fork, CancellationToken token, Deadline until) throws InterruptedException {
    waiters().await(() -> token.awaitOr(fork::isEnded, until));
  }

  private synchronized Waiters waiters() {
    Waiters made = waiters == null ? new Waiters() : waiters;
    waiters = made;
    return made;
  }

  void wake() {
    Waiters made = waiters;
    if (made != null) {
      made.wake();
    }
  }
}
