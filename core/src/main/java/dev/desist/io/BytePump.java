package dev.desist.io;

import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.Deadline;
import dev.desist.TimeSource;
import dev.desist.internal.Arguments;
import dev.desist.internal.Lane;
import dev.desist.internal.Stack;
import dev.desist.internal.Waiters;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.AsynchronousCloseException;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads from a source on a thread of its own, so that those who want the bytes can wait for them.
 */
final class BytePump {
  /*
   * Overview: one platform thread calls the source's read(), which nothing can end, and fills a
   * ring. Readers wait until there is something in it, and a reader that gives up has taken
   * nothing.
   *
   * States:      idle (no thread) -> pumping -> idle. A reader who finds nothing makes the pump
   *              start; it ends when the source has ended or failed, when it was closed, or when
   *              the ring was full for a while, so that a stream that was dropped half read keeps
   *              no thread.
   * Invariants:  1. There is one thread at most, and it alone reads from the source, outside the
   *                 monitor.
   *              2. The free part of the ring is the thread's, the filled part the readers'.
   *                 Readers only ever make the free part larger, so what the thread was told it may
   *                 fill stays its own while it does.
   *              3. The end of the stream and a failure come after the bytes before them, and are
   *                 handed over once: whoever reads again asks the source again, as it would
   *                 without a pump. So do others who waited: `pumping` wakes them.
   *              4. `readable` says whether a reader need not wait. It is set in the monitor with
   *                 what it is about.
   *              5. Whatever the thread dies of is a failure that a reader gets; the next reader
   *                 has another one started.
   * Lock:        this monitor, held while bytes are copied; no code of the source runs under it.
   */
  private static final Duration LINGER = Duration.ofSeconds(5);

  private final PumpSource source;
  private final String name;
  private final TimeSource time = TimeSource.current();
  private final Waiters waiters = new Waiters();

  /** Where the thread waits for room. */
  private final Waiters room = new Waiters();

  /** Written under the monitor, read by those who wait. */
  private volatile boolean readable;

  /** Whether the thread need not wait: as for {@link #readable}. */
  private volatile boolean roomy;

  // Guarded by this.
  private final byte[] ring;
  private int head;
  private int count;

  /** Given back by readers, the last one's first; comes before what is in the ring. */
  private @Nullable Returned returned;

  private boolean ended;
  private @Nullable Throwable failure;

  /** There is a thread. Read without the monitor by those who wait. */
  private volatile boolean pumping;

  /** The thread is inside the source. */
  private boolean reading;

  private boolean closed;

  /** The source is to be closed by the thread that is inside it. */
  private boolean closeLater;

  /** Nobody will read on: what does not fit is thrown away. */
  private boolean discarding;

  /**
   * What a reader may have to give back (promise 20), made before it takes anything: giving it back
   * needs no memory.
   */
  static final class Returned {
    private byte[] bytes = {};
    private int from;
    private int to;
    private @Nullable Returned next;
  }

  BytePump(PumpSource source, String name, int bufferSize) {
    Arguments.positive(bufferSize, "bufferSize");
    this.source = source;
    this.name = name;
    this.ring = new byte[bufferSize];
    update();
  }

  // ---- for readers ----

  /**
   * Waits for bytes and takes them.
   *
   * @param token what may end the wait
   * @param shut whether the reader's own view of this pump was closed
   * @return how many, or -1 at the end of the stream
   */
  int read(CancellationToken token, byte[] bytes, int offset, int length, BooleanSupplier shut)
      throws IOException {
    Stack.reserve();
    while (true) {
      CancelledIOException.throwIfCancelled(token);
      synchronized (this) {
        if (closed || shut.getAsBoolean()) {
          throw new AsynchronousCloseException();
        }
        int taken = take(token, bytes, offset, length);
        if (taken != 0) {
          return taken;
        }
        start();
      }
      try {
        BooleanSupplier isReady = () -> readable || !pumping || shut.getAsBoolean();
        waiters.await(() -> token.awaitOr(isReady, Deadline.none()));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("the thread was interrupted");
      }
    }
  }

  /** Returns 0 if there is nothing yet. */
  private int take(CancellationToken token, byte[] bytes, int offset, int length)
      throws IOException {
    int taken;
    if (returned != null) {
      Returned back = returned;
      taken = Math.min(length, back.to - back.from);
      System.arraycopy(back.bytes, back.from, bytes, offset, taken);
      back.from += taken;
      if (back.from == back.to) {
        returned = back.next;
      }
    } else if (count > 0) {
      taken = Math.min(length, count);
      int first = Math.min(taken, ring.length - head);
      System.arraycopy(ring, head, bytes, offset, first);
      System.arraycopy(ring, 0, bytes, offset + first, taken - first);
      head = (head + taken) % ring.length;
      count -= taken;
      update();
      room.wake();
    } else if (failure != null) {
      Throwable mine = failure;
      failure = null;
      update();
      waiters.wake(); // the thread has ended, and is needed again
      throw Transfer.thrown(mine);
    } else if (ended) {
      CancelledIOException.throwIfCancelled(
          token); // the cancellation may have made this end, which is left for others
      ended = false;
      waiters.wake();
      taken = -1;
    } else {
      taken = 0;
    }
    update();
    return taken;
  }

  /**
   * Puts the first {@code length} of {@code bytes} back, which become the pump's: the next read
   * gets them first.
   *
   * @param into made before they were read
   */
  void giveBack(Returned into, byte[] bytes, int length) {
    synchronized (this) {
      into.bytes = bytes;
      into.to = length;
      into.next = returned;
      returned = into;
      readable = true;
    }
    waiters.wake();
  }

  /** Has the next reader find the end that this one was given. */
  void giveBackEnd() {
    synchronized (this) {
      ended = true;
      readable = true;
    }
    waiters.wake();
  }

  synchronized int available() {
    long sum = count;
    for (Returned each = returned; each != null; each = each.next) {
      sum += each.to - each.from;
    }
    return (int) Math.min(sum, Integer.MAX_VALUE);
  }

  /** How many readers wait. */
  int waiting() {
    return waiters.count();
  }

  void wake() {
    waiters.wake();
  }

  private void update() {
    readable = returned != null || count > 0 || ended || failure != null || closed;
    roomy = closed || discarding || count < ring.length;
  }

  /** Under the monitor: sees to it that the source is being read. */
  private void start() {
    if (pumping || closed) {
      return;
    }
    Thread thread =
        Thread.ofPlatform()
            .daemon()
            .name("desist-pump-" + name)
            .inheritInheritableThreadLocals(false)
            .unstarted(this::pump);
    thread.setContextClassLoader(null);
    pumping = true;
    try {
      thread.start();
    } catch (Throwable e) {
      pumping = false;
      throw e;
    }
  }

  // ---- on the pump's thread ----

  private void pump() {
    try {
      pumpOn();
    } catch (Throwable e) { // no memory, say
      synchronized (this) {
        pumping = false;
        reading = false;
        failure = e;
        readable = true;
      }
      waiters.wake();
    }
  }

  private void pumpOn() {
    byte[] waste = {};
    while (true) {
      boolean wasted;
      int at;
      int length;
      awaitRoom();
      synchronized (this) {
        if (closed || !roomy) {
          pumping = false;
          return;
        }
        wasted = count == ring.length;
        if (wasted && waste.length == 0) {
          waste = new byte[ring.length];
        }
        at = wasted ? 0 : (head + count) % ring.length;
        length = wasted ? waste.length : Math.min(ring.length - at, ring.length - count);
        reading = true;
      }
      int got = 0;
      Throwable failed = null;
      try {
        got = source.read(wasted ? waste : ring, at, length);
        if (got > length) {
          throw new IOException("the source says that it read " + got + " bytes into " + length);
        }
      } catch (Throwable e) { // whatever it is, a reader is to get it
        failed = e;
      }
      boolean over;
      boolean toClose;
      synchronized (this) {
        reading = false;
        toClose = closeLater;
        over = got < 0 || failed != null;
        if (closed) {
          over = true;
        } else if (failed != null) {
          failure = failed;
        } else if (got < 0) {
          ended = true;
        } else if (!wasted) {
          count += got;
        }
        if (over) {
          pumping = false;
        }
        update();
      }
      waiters.wake();
      if (toClose) {
        closeQuietly();
      }
      if (over) {
        return;
      }
    }
  }

  /** Waits until there is room, but not for long; by the time source of whoever made this. */
  private void awaitRoom() {
    if (roomy) {
      return;
    }
    Deadline end = TimeSource.callWith(time, () -> Deadline.after(LINGER));
    while (!roomy && !end.isPassed()) {
      try {
        room.await(() -> CancellationToken.none().awaitOr(() -> roomy, end));
      } catch (InterruptedException e) {
        // Nobody has a reason to: the thread is known to none.
      }
    }
  }

  // ---- the end ----

  /** Reads the source to its end, whether or not anybody reads here. */
  synchronized void discard() {
    discarding = true;
    update();
    room.wake();
    if (!ended && failure == null) {
      start();
    }
  }

  /**
   * Ends those who wait, and closes the source. If the thread is inside it, closing might block as
   * reading does, and is handed to another thread; what that throws is lost. If there is none to be
   * had, the thread closes it when it comes out.
   */
  void close() throws IOException {
    Stack.reserveToEnd();
    boolean busy;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      busy = reading;
      update();
    }
    room.wake();
    waiters.wake();
    if (!busy) {
      source.close();
      return;
    }
    try {
      Lane.WORK.execute(this::closeQuietly);
    } catch (Throwable e) {
      boolean left;
      synchronized (this) {
        left = !reading;
        closeLater = !left;
      }
      if (left) {
        source.close();
      }
    }
  }

  private void closeQuietly() {
    try {
      source.close();
    } catch (Throwable e) {
      // Nobody is left whom it would concern.
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
