package dev.desist.jdbc;

import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.util.Set;

/** Tells a driver's "cancelled" from its other failures. */
final class DriverAnswer {
  /**
   * 57014: the SQL standard's draft, PostgreSQL, H2, Db2; HY008: SQL Server; 70100: MySQL, MariaDB;
   * 40502: HSQLDB.
   */
  private static final Set<String> CANCELLED_STATES = Set.of("57014", "HY008", "70100", "40502");

  private static final int SQLITE_INTERRUPT = 9;

  private DriverAnswer() {}

  /** Looks at the exception, its causes and those that follow it, as a failed batch has them. */
  static boolean isCancellation(SQLException answer) {
    for (Throwable each : answer) {
      if (each instanceof SQLTimeoutException
          || (each instanceof SQLException e && saysCancelled(e))) {
        return true;
      }
    }
    return false;
  }

  private static boolean saysCancelled(SQLException e) {
    String state = e.getSQLState();
    return state == null ? e.getErrorCode() == SQLITE_INTERRUPT : CANCELLED_STATES.contains(state);
  }
}
