package dev.desist.examples.searchdesk;

import dev.desist.CancellationToken;
import dev.desist.concurrent.Blocking;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** Holds up downloads at a chosen file, until it is opened or they are cancelled. */
final class Gate implements UnaryOperator<ShownFiles> {
  private final AtomicInteger passing = new AtomicInteger(Integer.MAX_VALUE);
  private final AtomicInteger held = new AtomicInteger();
  private volatile CountDownLatch closed = new CountDownLatch(0);
  private volatile boolean broken;

  /** From now on, so many files are read, and further ones held up. */
  void shutAfter(int files) {
    passing.set(files);
    closed = new CountDownLatch(1);
  }

  void open() {
    passing.set(Integer.MAX_VALUE);
    closed.countDown();
  }

  /** From now on, a file that was held up cannot be read. */
  void breakOpen() {
    broken = true;
    open();
  }

  /** {@return how many were held up so far} */
  int held() {
    return held.get();
  }

  @Override
  public ShownFiles apply(ShownFiles source) {
    return new ShownFiles() {
      @Override
      public List<ShownFile> find(CancellationToken token, Query query) throws SQLException {
        return source.find(token, query);
      }

      @Override
      public void read(CancellationToken token, ShownFile file, Consumer<String> lines)
          throws SQLException {
        if (passing.getAndDecrement() <= 0) {
          await(token);
        }
        source.read(token, file, lines);
      }
    };
  }

  private void await(CancellationToken token) throws SQLException {
    held.incrementAndGet();
    try {
      Blocking.interruptibly(token, () -> closed.await());
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    if (broken) {
      throw new SQLException("the disk is on fire");
    }
  }
}
