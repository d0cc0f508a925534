package dev.desist.jdbc;

import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.util.Set;
import java.util.function.Predicate;

/** Tells a driver's "cancelled" from its other failures. */
final class DriverAnswer {
  /** 57014: PostgreSQL, H2, Db2; HY008: SQL Server; 70100: MySQL, MariaDB; 40502: HSQLDB. */
  private static final Set<String> CANCELLED = Set.of("57014", "HY008", "70100", "40502");

  /** "Timeout expired". H2 says so of a lock. */
  private static final String EXPIRED = "HYT00";

  private static final int SQLITE_INTERRUPT = 9;

  private DriverAnswer() {}

  /** Whether this is what a driver throws when it obeys {@code cancel}. */
  static boolean isCancellation(SQLException answer) {
    return any(answer, DriverAnswer::saysCancelled);
  }

  /** Whether this is what a driver throws when a timeout of its own has passed, whichever. */
  static boolean isTimeout(SQLException answer) {
    return any(answer, e -> e instanceof SQLTimeoutException || EXPIRED.equals(e.getSQLState()));
  }

  private static boolean saysCancelled(SQLException e) {
    String state = e.getSQLState();
    if (e instanceof SQLTimeoutException) {
      return !EXPIRED.equals(state);
    }
    return state == null ? e.getErrorCode() == SQLITE_INTERRUPT : CANCELLED.contains(state);
  }

  /** Looks at the exception, its causes and those that follow it, as a failed batch has them. */
  private static boolean any(SQLException answer, Predicate<SQLException> test) {
    for (Throwable each : answer) {
      if (each instanceof SQLException e && test.test(e)) {
        return true;
      }
    }
    return false;
  }
}
