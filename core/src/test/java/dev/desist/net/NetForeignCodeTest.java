package dev.desist.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.Deadline;
import dev.desist.support.Call;
import dev.desist.support.Threads;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.SelectorProvider;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Channels, keys, loggers and callbacks of others. */
class NetForeignCodeTest {
  /** What is logged to makes this of it. */
  private static final class Log extends Handler implements AutoCloseable {
    private final Logger logger = Logger.getLogger("dev.desist");
    final CountDownLatch called = new CountDownLatch(1);
    final CountDownLatch release = new CountDownLatch(1);
    private final boolean hangs;

    Log(boolean hangs) {
      this.hangs = hangs;
      logger.setUseParentHandlers(false);
      logger.addHandler(this);
    }

    @Override
    public void publish(LogRecord record) {
      called.countDown();
      if (hangs) {
        try {
          release.await();
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
      }
      throw new AssertionError("a logger of the test throws this");
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
      release.countDown();
      logger.removeHandler(this);
      logger.setUseParentHandlers(true);
    }
  }

  /** A channel whose key fails when the loop uses it. */
  private static final class BrokenChannel extends SelectableChannel {
    private static final class Key extends SelectionKey {
      private final SelectableChannel channel;
      private final Selector selector;

      Key(SelectableChannel channel, Selector selector) {
        this.channel = channel;
        this.selector = selector;
      }

      @Override
      public SelectableChannel channel() {
        return channel;
      }

      @Override
      public Selector selector() {
        return selector;
      }

      @Override
      public boolean isValid() {
        throw new AssertionError("a key of the test throws this");
      }

      @Override
      public void cancel() {}

      @Override
      public int interestOps() {
        return 0;
      }

      @Override
      public SelectionKey interestOps(int ops) {
        return this;
      }

      @Override
      public int readyOps() {
        return 0;
      }
    }

    @Override
    public SelectorProvider provider() {
      return SelectorProvider.provider();
    }

    @Override
    public int validOps() {
      return SelectionKey.OP_READ;
    }

    @Override
    public boolean isRegistered() {
      return false;
    }

    @Override
    @SuppressWarnings("NullAway")
    public SelectionKey keyFor(Selector selector) {
      return null;
    }

    @Override
    public SelectionKey register(Selector selector, int ops, Object attachment) {
      return new Key(this, selector);
    }

    @Override
    public SelectableChannel configureBlocking(boolean block) {
      return this;
    }

    @Override
    public boolean isBlocking() {
      return false;
    }

    @Override
    public Object blockingLock() {
      return this;
    }

    @Override
    protected void implCloseChannel() {}
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_logger_that_throws_or_hangs_does_not_end_a_selector_loop(boolean hangs) throws Exception {
    try (var log = new Log(hangs);
        var source = CancellationSource.create()) {
      int loops = Integer.highestOneBit(Runtime.getRuntime().availableProcessors());
      var broken = new ArrayList<Threads.Running<Object>>();
      for (int i = 0; i < loops; i++) { // each loop in turn
        var readiness = new Readiness(new BrokenChannel());
        broken.add(
            Threads.VIRTUAL.start(
                () -> {
                  readiness.await(SelectionKey.OP_READ, source.token(), Deadline.none(), 0);
                  return this;
                }));
      }
      log.called.await();
      for (int i = 0; i < 2 * loops; i++) {
        try (var pipe = CancellablePipe.open()) {
          var reading =
              Threads.VIRTUAL.start(
                  () -> pipe.source().read(CancellationToken.none(), ByteBuffer.allocate(1)));
          reading.awaitParked();
          pipe.sink().write(ByteBuffer.allocate(1));
          assertEquals(1, reading.result().get(20, TimeUnit.SECONDS));
        }
      }
      source.cancel();
      for (var each : broken) {
        assertInstanceOf(CancelledIOException.class, each.failure());
      }
    }
  }

  // ---- callbacks of the token

  /** Promise 3: a platform thread that waits in a selector is woken before any user's callback. */
  @Test
  void a_slow_callback_delays_no_read() throws Exception {
    var slow = new CountDownLatch(1);
    try (var pipe = CancellablePipe.open();
        var source = CancellationSource.create()) {
      var begun = new CountDownLatch(1);
      Runnable callback =
          () -> {
            begun.countDown();
            try {
              slow.await();
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
          };
      source.token().onCancel(callback);
      var reading =
          Threads.PLATFORM.start(() -> pipe.source().read(source.token(), ByteBuffer.allocate(1)));
      Call.awaitWaiting(reading.thread());
      source.token().onCancel(callback); // before and after ours
      var cancelling =
          Threads.PLATFORM.start(
              () -> {
                source.cancel();
                return this;
              });
      begun.await();
      assertInstanceOf(CancelledIOException.class, reading.failure());
      assertFalse(cancelling.result().isDone());
      slow.countDown();
      assertSame(this, cancelling.get());
    } finally {
      slow.countDown();
    }
  }
}
