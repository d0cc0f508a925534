package dev.desist.io;

import dev.desist.CancellationToken;
import dev.desist.Deadline;
import dev.desist.internal.Stack;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** The threads that wait until something has changed. */
final class Waiters {
  /**
   * One wait. Not the thread itself, whose class may be a user's, with an {@code equals} of its
   * own.
   */
  private static final class Waiter {
    final Thread thread = Thread.currentThread();
  }

  /**
   * A thread enters before it looks whether it must wait; whoever changes something does so before
   * it looks who is in here. So none is forgotten.
   */
  private final Set<Waiter> waiting = ConcurrentHashMap.newKeySet();

  /**
   * Waits until the token is cancelled, the condition holds or the deadline passes: the caller asks
   * which.
   *
   * @param token what may end the wait
   * @param condition reads what {@link #wake} is called after, and does not park
   * @param deadline what may end it as well
   * @throws InterruptedException if the thread was or is interrupted first
   */
  void await(CancellationToken token, BooleanSupplier condition, Deadline deadline)
      throws InterruptedException {
    Stack.reserve();
    var me = new Waiter();
    waiting.add(me);
    try {
      token.awaitOr(condition, deadline);
    } finally {
      waiting.remove(me);
    }
  }

  /** Has all who wait look again. */
  void wake() {
    waiting.forEach(each -> LockSupport.unpark(each.thread));
  }

  /** How many wait. */
  int count() {
    return waiting.size();
  }
}
