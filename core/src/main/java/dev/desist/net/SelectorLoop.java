package dev.desist.net;

import dev.desist.internal.Foreign;
import dev.desist.internal.Lane;
import java.io.IOException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One of a few virtual threads that wait for many channels, on behalf of the threads that wait for
 * one each. They are made when the first channel has to wait, and stay.
 */
final class SelectorLoop implements Runnable {
  /*
   * Overview: a virtual thread in a selector's select() holds no carrier. What others want of the
   * loop, they put into a queue, and wake it only if it may be asleep: with interest kept armed, a
   * busy connection needs neither the queue nor a system call of its own.
   *
   * States:      awake -> asleep  the loop sets `asleep`, and then looks at the queue once more
   *                               before it selects
   *              asleep -> awake  the loop, when select returns; or whoever has put something into
   *                               the queue, which wakes it up
   * Ordering:    `asleep` and the queue are volatile: whoever puts something in finds the loop
   *              asleep, or is found by it.
   * Progress:    nobody waits for the loop but those who wait for a channel. A channel that is
   *              being closed stays ready until its thread has taken a monitor of the selector's;
   *              if many are closed at once, those threads wait for it, and could not get to run
   *              beside loops that are never idle. So a loop that finds nothing else to be ready
   *              rests.
   */
  /** Each is made when first used, and again if that failed. Guarded by itself. */
  private static final @Nullable SelectorLoop[] LOOPS =
      new @Nullable SelectorLoop[Integer.highestOneBit(Runtime.getRuntime().availableProcessors())];

  /**
   * How long a loop stays that has no channel left: threads must not keep an application loaded.
   */
  private static final long KEPT_MILLIS = 10_000;

  /** How long a loop rests when its selector has failed; twice as long if it fails again. */
  private static final long REST_NANOS = 10_000_000;

  private static final long LONGEST_REST_NANOS = 1_000_000_000;

  /** How many selections in a row may be in vain: everything that was ready is being closed. */
  private static final int VAIN = 8;

  /** How long a loop rests when they were. */
  private static final long PAUSE_NANOS = 200_000;

  private static final AtomicInteger NEXT = new AtomicInteger();

  private final int number;
  private final Selector selector;
  private final ConcurrentLinkedQueue<Readiness> changed = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean asleep = new AtomicBoolean();

  // The loop's own.

  /** Whether this selection has found a channel that is not being closed. */
  private boolean useful;

  private int vain;

  private SelectorLoop(int number, Selector selector) {
    this.number = number;
    this.selector = selector;
  }

  /**
   * {@return the loop for the next channel}
   *
   * @throws IOException if the system has no selector left
   */
  static SelectorLoop next() throws IOException {
    int number = NEXT.getAndIncrement() & (LOOPS.length - 1);
    synchronized (LOOPS) {
      SelectorLoop loop = LOOPS[number];
      if (loop == null) {
        loop = start(number);
        LOOPS[number] = loop;
      }
      return loop;
    }
  }

  /**
   * Makes {@code channel} known to the next loop, which lasts at least as long as the channel.
   *
   * @throws IOException if the channel is closed, or the system has no selector left
   */
  static SelectionKey register(
      SelectableChannel channel, Readiness readiness, Consumer<SelectorLoop> known)
      throws IOException {
    synchronized (LOOPS) { // no loop ends in between
      SelectorLoop loop = next();
      SelectionKey key = channel.register(loop.selector, 0, readiness);
      known.accept(loop);
      return key;
    }
  }

  /** Ends this loop unless it has a channel; whoever comes next makes another. */
  private boolean end() throws IOException {
    synchronized (LOOPS) {
      if (!selector.keys().isEmpty() || !changed.isEmpty()) {
        return false;
      }
      if (LOOPS[number] == this) {
        LOOPS[number] = null;
      }
      selector.close();
      return true;
    }
  }

  private static SelectorLoop start(int number) throws IOException {
    Selector selector = Selector.open();
    try {
      var loop = new SelectorLoop(number, selector);
      Thread.ofVirtual()
          .name("desist-selector-" + number)
          .inheritInheritableThreadLocals(false)
          .start(loop);
      return loop;
    } catch (Throwable e) {
      selector.close();
      throw e;
    }
  }

  Selector selector() {
    return selector;
  }

  /** Has the loop look at what a channel wants now. */
  void changed(Readiness channel) {
    changed.add(channel);
    if (asleep.get() && asleep.compareAndSet(true, false)) {
      selector.wakeup();
    }
  }

  @Override
  @SuppressWarnings("ThreadPriorityCheck") // nothing depends on the yield
  public void run() {
    boolean busy = false;
    long rest = REST_NANOS;
    while (true) {
      try {
        takeChanges();
        useful = false;
        if (busy) {
          Thread.yield(); // lets those who were woken run first
          busy = selector.selectNow(this::ready) > 0;
        } else {
          asleep.set(true);
          long since = System.nanoTime();
          busy =
              (changed.isEmpty()
                      ? selector.select(this::ready, KEPT_MILLIS)
                      : selector.selectNow(this::ready))
                  > 0;
          asleep.set(false);
          if (!busy && System.nanoTime() - since >= KEPT_MILLIS * 1_000_000 && end()) {
            return;
          }
        }
        vain = busy && !useful ? vain + 1 : 0;
        if (vain >= VAIN && changed.isEmpty()) {
          LockSupport.parkNanos(this, PAUSE_NANOS);
        }
        rest = REST_NANOS;
      } catch (Throwable e) { // of one channel, or of the system: the others go on
        busy = false;
        asleep.set(false);
        report(e);
        LockSupport.parkNanos(this, rest);
        rest = Math.min(2 * rest, LONGEST_REST_NANOS);
      }
    }
  }

  /** Not here: a logger may block, or fail. */
  private static void report(Throwable failure) {
    try {
      Lane.WORK.execute(() -> Foreign.log(System.Logger.Level.ERROR, "a selector failed", failure));
    } catch (Throwable e) {
      // There is no thread to be had: the channels come first.
    }
  }

  /** Those that were closed need nothing: the next selection lets go of their descriptors. */
  private void takeChanges() {
    for (Readiness each = changed.poll(); each != null; each = changed.poll()) {
      each.apply();
    }
  }

  private void ready(SelectionKey key) {
    useful |= ((Readiness) key.attachment()).ready(key);
  }
}
