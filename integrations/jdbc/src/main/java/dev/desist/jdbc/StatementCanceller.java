package dev.desist.jdbc;

import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Cancels a statement until the call it belongs to has ended.
 *
 * <p>Once is not enough (promise 20): the cancel may come before the driver has begun, or between
 * two statements of one call, when most drivers have nothing to cancel and forget it. So it is
 * repeated, after a millisecond and then after pauses that double, up to a second: it is late by no
 * longer than it is old.
 *
 * <p>{@link #run} is on a dispatcher thread, at most once; the rest on the thread of the call.
 * Between the two stands the registration's {@code close}: after {@link #callEnded} and {@code
 * close}, nothing is running here, and what {@link #run} wrote can be read.
 */
final class StatementCanceller implements Runnable {
  private static final long LONGEST_PAUSE_MILLIS = 1000;

  private final Statement statement;
  private final CountDownLatch ended = new CountDownLatch(1);

  /** Written by {@link #run}, read behind the fence. */
  private @Nullable H2Session h2;

  /** The last of what the driver's {@code cancel} threw. As above. */
  private @Nullable Exception failure;

  StatementCanceller(Statement statement) {
    this.statement = statement;
  }

  @Override
  public void run() {
    long pause = 1;
    while (ended.getCount() > 0) {
      try {
        cancel();
      } catch (SQLFeatureNotSupportedException e) {
        failure = e;
        sayItRunsOn();
        return;
      } catch (SQLException | RuntimeException e) {
        failure = e; // closed meanwhile, or the way to the server is blocked: tried again
      }
      try {
        if (ended.await(pause, TimeUnit.MILLISECONDS)) {
          return;
        }
      } catch (InterruptedException e) {
        // Nobody has business interrupting this thread; the cancel is more important.
      }
      pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS);
    }
  }

  private void cancel() throws SQLException {
    if (h2 == null) {
      h2 = H2Session.of(statement);
    }
    if (h2 == null) {
      statement.cancel();
    } else {
      h2.cancel();
    }
  }

  private static void sayItRunsOn() {
    try {
      System.getLogger("dev.desist.jdbc")
          .log(System.Logger.Level.WARNING, "the database cannot cancel a statement, it runs on");
    } catch (Throwable e) {
      // a logger that fails keeps nothing from anybody
    }
  }

  /** From now on there is nothing to cancel. */
  void callEnded() {
    ended.countDown();
  }

  /** Behind the fence: takes back what a driver has kept of a cancel that came too late. */
  void forget() {
    if (h2 != null) {
      try {
        h2.forget();
      } catch (SQLException e) {
        failure = e; // the session is closed
      }
    }
  }

  /** Behind the fence: {@return why the driver could not cancel, if it could not} */
  @Nullable Exception failure() {
    return failure;
  }
}
