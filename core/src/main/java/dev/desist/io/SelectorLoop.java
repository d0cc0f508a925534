package dev.desist.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.Arrays;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One of a few virtual threads that wait for many channels, on behalf of the threads that wait for
 * one each. They are made when the first channel has to wait, and stay.
 */
final class SelectorLoop implements Runnable {
  /*
   * Overview: a virtual thread in a selector's select() holds no carrier. What others want of the loop, they put into a queue, and
   * wake it only if it may be asleep: with interest kept armed, a busy connection needs neither the queue nor a system call of
   * its own.
   *
   * States:      awake -> asleep  the loop sets `asleep`, and then looks at the queue once more before it selects
   *              asleep -> awake  the loop, when select returns; or who has put something into the queue, which wakes it up
   * Ordering:    `asleep` and the queue are volatile: whoever puts something in finds the loop asleep, or is found by it.
   * Progress:    nobody waits for the loop but those who wait for a channel.
   */
  private static final System.Logger LOG = System.getLogger("dev.desist");

  /** Made when first used. */
  private static final class All {
    static final SelectorLoop[] LOOPS =
        new SelectorLoop[Integer.highestOneBit(Runtime.getRuntime().availableProcessors())];

    static {
      Arrays.setAll(LOOPS, SelectorLoop::new);
    }
  }

  private static final AtomicInteger NEXT = new AtomicInteger();

  private final Selector selector;
  private final ConcurrentLinkedQueue<Readiness> changed = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean asleep = new AtomicBoolean();

  private SelectorLoop(int number) {
    try {
      selector = Selector.open();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread.ofVirtual().name("desist-selector-" + number).start(this);
  }

  /** {@return the loop for the next channel} */
  static SelectorLoop next() {
    return All.LOOPS[NEXT.getAndIncrement() & (All.LOOPS.length - 1)];
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
    while (true) {
      try {
        takeChanges();
        if (busy) {
          Thread.yield(); // lets those who were woken run first
          busy = selector.selectNow(SelectorLoop::ready) > 0;
        } else {
          asleep.set(true);
          busy =
              (changed.isEmpty()
                      ? selector.select(SelectorLoop::ready)
                      : selector.selectNow(SelectorLoop::ready))
                  > 0;
          asleep.set(false);
        }
      } catch (Throwable e) { // of one channel, or of the system: the others go on
        LOG.log(System.Logger.Level.ERROR, "a selector failed", e);
      }
    }
  }

  private void takeChanges() throws IOException {
    for (Readiness each = changed.poll(); each != null; each = changed.poll()) {
      if (!each.apply()) {
        // Only a selection lets go of the descriptor of a channel that was closed.
        selector.selectNow(SelectorLoop::ready);
      }
    }
  }

  private static void ready(SelectionKey key) {
    ((Readiness) key.attachment()).ready(key);
  }
}
