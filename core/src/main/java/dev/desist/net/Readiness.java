package dev.desist.net;

import dev.desist.CancellationRegistration;
import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.Deadline;
import dev.desist.TimeSource;
import dev.desist.internal.Lane;
import dev.desist.internal.Stack;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets threads wait until a channel that does not block is ready. Whoever has waited tries again:
 * nothing is read or written here, so a wait that is cancelled loses nothing (promise 20).
 */
final class Readiness {
  /*
   * Overview: a virtual thread links itself into a list here, has the channel's loop watch for what
   * it wants, and parks. The loop wakes all who wait for what has become possible. A platform
   * thread, which would have to be woken by a virtual one, waits in a selector of its own instead,
   * one for input and one for output; if another thread is in there, it goes to the loop as well.
   *
   * States:      `armed` is what the loop watches for. The loop arms what those want who are
   *              linked, when it is told. Input stays armed, so that a busy connection costs no
   *              system call beside its reads; if it was ready several times in a row and nobody
   *              waited, it is disarmed, or the loop would spin. Output, which is ready nearly
   *              always, is disarmed each time it is.
   * Invariants:  1. Only the loop writes `armed`, and what its key watches for, in one step under
   *                 the monitor.
   *              2. A thread links itself and looks at `armed` in one step, too. If it finds itself
   *                 armed for, nothing has been ready since, or it is ready still: being ready is a
   *                 level, not an edge. Else it tells the loop. So nobody is forgotten, even if a
   *                 thread dies between linking and telling.
   *              3. A connection is the exception: when one thread has seen to it, it is ready for
   *                 nobody else, but wakes the loop for ever. So that thread wakes the others, and
   *                 has the loop look again.
   *              4. Nobody links after `closed` is set; whoever was linked then is woken.
   * Lock:        this monitor, held for a few instructions, and around the locks of a selector; no
   *              user code runs under it.
   */
  private static final int INPUT = SelectionKey.OP_READ | SelectionKey.OP_ACCEPT;

  /** How often input may be ready, with nobody waiting, before the loop stops watching. */
  private static final int IDLE = 5;

  /** A thread that waits. */
  private final class Waiter implements BooleanSupplier {
    final Thread thread = Thread.currentThread();
    final int operation;

    /** Written by the loop or by whoever closes, read by the thread. */
    volatile boolean woken;

    // Guarded by the monitor of Readiness.
    @Nullable Waiter next;
    @Nullable Waiter previous;
    boolean linked;

    Waiter(int operation) {
      this.operation = operation;
    }

    @Override
    public boolean getAsBoolean() {
      return woken;
    }

    /** For a connection, which another thread may have seen to before this one was linked. */
    boolean isOver() {
      return woken || !((SocketChannel) channel).isConnectionPending();
    }
  }

  /** The selector of a platform thread, for one direction; it stays until the channel is closed. */
  private static final class Own {
    final ReentrantLock lock = new ReentrantLock();

    /** Written under the lock; read by whoever closes. */
    volatile @Nullable Selector selector;
  }

  /** Wakes whoever waits in a selector, and waits for no callback of a user's. */
  private record Wakeup(Selector selector) implements Lane.Prompt {
    @Override
    public void run() {
      selector.wakeup();
    }
  }

  private final SelectableChannel channel;
  private final Own ownInput = new Own();
  private final Own ownOutput = new Own();

  // Guarded by this.
  private @Nullable SelectorLoop loop;
  private @Nullable SelectionKey key;
  private @Nullable Waiter first;
  private int armed;
  private boolean closed;

  /** How often in a row input was ready, and nobody waited. The loop's own. */
  private int idle;

  /**
   * Makes the channel non-blocking.
   *
   * @throws IllegalArgumentException if it is of a provider whose channels the loops cannot take
   */
  Readiness(SelectableChannel channel) throws IOException {
    if (channel.provider() != SelectorProvider.provider()) {
      throw new IllegalArgumentException(
          "channel must be of the default provider: " + channel.provider());
    }
    this.channel = channel;
    channel.configureBlocking(false);
  }

  /**
   * Waits until {@code operation} is possible, or may be.
   *
   * @param operation one of the operations of {@link SelectionKey}
   * @param token what may end the wait
   * @param deadline what may end it as well
   * @param done how many bytes of the whole were transferred before, for the exception
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws SocketTimeoutException if the deadline has passed
   * @throws InterruptedIOException if the thread was or is interrupted; it stays so
   * @throws AsynchronousCloseException if the channel is closed meanwhile
   */
  void await(int operation, CancellationToken token, Deadline deadline, long done)
      throws IOException {
    Stack.reserve();
    CancelledIOException.throwIfCancelled(token, done);
    Own own = claimOwn(operation);
    boolean ready =
        own != null
            ? awaitAlone(own, operation, token, deadline)
            : awaitLoop(operation, token, deadline);
    if (!channel.isOpen()) {
      throw new AsynchronousCloseException();
    }
    CancelledIOException.throwIfCancelled(token, done);
    if (Thread.currentThread().isInterrupted()) {
      var interrupted = new InterruptedIOException("the thread was interrupted");
      interrupted.bytesTransferred = (int) Math.min(done, Integer.MAX_VALUE);
      throw interrupted;
    }
    if (!ready && deadline.isPassed()) {
      var timeout = new SocketTimeoutException("the timeout has passed");
      timeout.bytesTransferred = (int) Math.min(done, Integer.MAX_VALUE);
      throw timeout;
    }
  }

  // ---- in a selector of one's own ----

  /** Returns null if this thread is to wait at the loop, else what it has locked. */
  private @Nullable Own claimOwn(int operation) {
    if (Thread.currentThread().isVirtual() || TimeSource.current() != TimeSource.system()) {
      return null;
    }
    Own own = (operation & INPUT) != 0 ? ownInput : ownOutput;
    return own.lock.tryLock() ? own : null;
  }

  /** Returns whether the channel is ready. */
  private boolean awaitAlone(Own own, int operation, CancellationToken token, Deadline deadline)
      throws IOException {
    try {
      Selector selector = own.selector;
      if (selector == null) {
        selector = Selector.open();
        own.selector = selector;
      }
      if (isClosed()) {
        selector.close(); // whoever closed it may not have seen it
        return false;
      }
      channel.register(selector, operation);
      CancellationRegistration registration = token.onCancel(new Wakeup(selector));
      try {
        boolean ready = selector.select(timeout(deadline)) > 0;
        selector.selectedKeys().clear();
        return ready;
      } finally {
        registration.unregister();
      }
    } catch (ClosedSelectorException | CancelledKeyException | ClosedChannelException e) {
      return false; // closed by another thread, which the caller finds out
    } finally {
      own.lock.unlock();
    }
  }

  /** In milliseconds, rounded up; 0 for no deadline. */
  private static long timeout(Deadline deadline) {
    return deadline.isNone()
        ? 0
        : Math.max(
            1, TimeUnit.NANOSECONDS.toMillis(deadline.remaining().plusNanos(999_999).toNanos()));
  }

  // ---- at the loop ----

  /** Returns whether the channel is ready. */
  private boolean awaitLoop(int operation, CancellationToken token, Deadline deadline)
      throws IOException {
    var waiter = new Waiter(operation);
    try {
      tell(link(waiter));
      token.awaitOr(operation == SelectionKey.OP_CONNECT ? waiter::isOver : waiter, deadline);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      tell(unlink(waiter));
    }
    return waiter.woken;
  }

  private void tell(@Nullable SelectorLoop toTell) {
    if (toTell != null) {
      toTell.changed(this);
    }
  }

  /** Returns the loop that must be told, if it must. */
  private synchronized @Nullable SelectorLoop link(Waiter waiter) throws IOException {
    if (closed) {
      throw new ClosedChannelException();
    }
    SelectorLoop mine = loop;
    if (mine == null) {
      key = SelectorLoop.register(channel, this, known -> loop = known);
      mine = Objects.requireNonNull(loop);
    }
    Waiter after = first;
    waiter.next = after;
    if (after != null) {
      after.previous = waiter;
    }
    first = waiter;
    waiter.linked = true;
    return (armed & waiter.operation) != 0 ? null : mine;
  }

  /** Returns the loop that must be told, if it must: see invariant 3. */
  private synchronized @Nullable SelectorLoop unlink(Waiter waiter) {
    if (!waiter.linked) {
      return null;
    }
    waiter.linked = false;
    Waiter before = waiter.previous;
    Waiter after = waiter.next;
    if (before == null) {
      first = after;
    } else {
      before.next = after;
    }
    if (after != null) {
      after.previous = before;
    }
    return waiter.operation == SelectionKey.OP_CONNECT ? loop : null;
  }

  /** Wakes those who wait for one of {@code operations}. Returns what they waited for. */
  private synchronized int wake(int operations) {
    int found = 0;
    for (Waiter each = first; each != null; each = each.next) {
      if ((each.operation & operations) != 0) {
        found |= each.operation;
        unlink(each); // leaves its own links as they are
        each.woken = true;
        LockSupport.unpark(each.thread);
      }
    }
    return found;
  }

  /** A thread has seen to the connection that others may wait for. */
  void connected() {
    Stack.reserve();
    SelectorLoop mine;
    synchronized (this) {
      wake(SelectionKey.OP_CONNECT);
      mine = loop;
    }
    tell(mine);
  }

  // ---- on the loop's thread ----

  /** Has the selector watch for what those want who wait now, and further for input. */
  synchronized void apply() {
    int wanted = armed & INPUT;
    for (Waiter each = first; each != null; each = each.next) {
      wanted |= each.operation;
    }
    arm(wanted);
  }

  private void arm(int wanted) {
    SelectionKey mine = key;
    if (mine != null && mine.isValid()) {
      try {
        mine.interestOps(wanted);
        armed = wanted;
      } catch (CancelledKeyException e) {
        // closed meanwhile, which whoever closes tells those who wait
      }
    }
  }

  /** The channel is ready for something, or is being closed; returns whether it is not. */
  synchronized boolean ready(SelectionKey ready) {
    if (!ready.isValid()) {
      return false;
    }
    int operations;
    try {
      operations = ready.readyOps();
    } catch (CancelledKeyException e) {
      return false; // closed meanwhile
    }
    int found = wake(operations);
    if ((operations & INPUT) != 0) {
      idle = (found & INPUT) != 0 ? 0 : idle + 1;
    }
    int over = operations & ~INPUT;
    if (idle >= IDLE) {
      idle = 0;
      over |= INPUT;
    }
    if ((armed & over) != 0) {
      arm(armed & ~over);
    }
    return true;
  }

  // ---- closing ----

  private synchronized boolean isClosed() {
    return closed;
  }

  /** Closes the channel, and wakes those who wait for it. */
  void close() throws IOException {
    Stack.reserveToEnd();
    SelectorLoop mine;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      mine = loop;
    }
    try {
      channel.close();
    } finally {
      wake(-1);
      tell(mine); // only a selection lets go of the descriptor
      try {
        close(ownInput);
      } finally {
        close(ownOutput);
      }
    }
  }

  private static void close(Own own) throws IOException {
    Selector selector = own.selector;
    if (selector != null) {
      selector.close();
    }
  }
}
