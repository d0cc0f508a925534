package dev.desist.jdbc;

import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Cancels a statement, again and again with growing pauses, until the call it belongs to ends. */
final class StatementCanceller implements Runnable {
  private static final long LONGEST_PAUSE_MILLIS = 1000;

  private final Statement statement;
  private final CountDownLatch ended = new CountDownLatch(1);

  StatementCanceller(Statement statement) {
    this.statement = statement;
  }

  void callEnded() {
    ended.countDown();
  }

  @Override
  public void run() {
    long pause = 1;
    while (ended.getCount() > 0) {
      try {
        statement.cancel();
      } catch (SQLFeatureNotSupportedException e) {
        return;
      } catch (SQLException | RuntimeException e) {
        // tried again
      }
      try {
        if (ended.await(pause, TimeUnit.MILLISECONDS)) {
          return;
        }
      } catch (InterruptedException e) {
        // not meant for this
      }
      pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS);
    }
  }
}
