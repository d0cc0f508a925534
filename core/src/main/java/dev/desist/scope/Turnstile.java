package dev.desist.scope;

import dev.desist.CancellationReason;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationToken;
import dev.desist.internal.Lane;
import java.util.LinkedHashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Lets so many subtasks of a scope run at a time. The others wait here, without a thread, until one
 * of those that run ends, and never start if the scope is cancelled meanwhile (promise 23). Only
 * scopes with a limit have one.
 *
 * <p>As a callback of ours on the scope's token, it drops those who wait: they have ended then, for
 * everybody who waits for them. The joiner is the user's, and told by the owner, later.
 */
final class Turnstile implements Lane.Prompt {
  private final Crowd crowd;
  private final CancellationToken token;
  private final int limit;
  private @Nullable CancellationRegistration registration;

  // The rest is guarded by the lock, which is the crowd.

  /** How many have a thread. */
  private int running;

  /** Those who wait. */
  private @Nullable LinkedHashSet<Fork<?>> queue;

  /** Those who were dropped, and of whom the joiner has not been told. */
  private @Nullable List<Fork<?>> untold;

  Turnstile(Crowd crowd, CancellationToken token, int limit) {
    this.crowd = crowd;
    this.token = token;
    this.limit = limit;
  }

  /** By the owner, before anybody comes. */
  void register() {
    registration = token.onCancel(this);
  }

  /** By the owner, at the end of the scope: if it could not be cancelled, nothing was called. */
  void unregister() {
    if (registration != null) {
      boolean _ = registration.unregister();
    }
  }

  @Override
  public void run() {
    CancellationReason reason = token.reason().orElseThrow();
    List<Fork<?>> dropped = List.of();
    synchronized (crowd) {
      if (queue != null) {
        dropped = List.copyOf(queue);
        for (Fork<?> fork : dropped) {
          boolean _ = fork.claim(); // so that nobody else, who has it in a list, ends it again
          fork.drop(reason);
          crowd.remove(fork, true);
        }
        queue = null;
        untold = dropped;
      }
    }
    dropped.forEach(Fork::wakeWaiting);
    crowd.wake();
  }

  /** Under the lock: lets it in, or has it wait. Returns whether it is in. */
  boolean pass(Fork<?> fork) {
    if (running < limit) {
      running++;
      return true;
    }
    if (queue == null) {
      queue = new LinkedHashSet<>();
    }
    boolean added = false;
    try {
      added = queue.add(fork);
    } finally {
      if (!added) {
        queue.remove(fork); // there was no memory
      }
    }
    return false;
  }

  /** Under the lock: who takes the place of a subtask that ran. */
  @Nullable Fork<?> next() {
    if (queue == null || queue.isEmpty() || token.isCancelled()) {
      running--;
      return null;
    }
    return queue.removeFirst();
  }

  /** Under the lock: takes one out that waits. Returns whether it did. */
  boolean leave(Fork<?> fork) {
    return queue != null && queue.remove(fork);
  }

  /** Under the lock: how many wait. */
  int waiting() {
    return queue == null ? 0 : queue.size();
  }

  /** Under the lock: takes those of whom the joiner is to be told. */
  @Nullable List<Fork<?>> takeUntold() {
    List<Fork<?>> taken = untold;
    untold = null;
    return taken;
  }
}
