package dev.desist.jdbc;

import dev.desist.Deadline;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The driver's own timeout, set to what is left until a deadline and put back afterwards: a second
 * line for databases whose {@code cancel} does nothing or gets lost on the way.
 */
final class QueryTimeout {
  /**
   * Where it would do harm and no good. Their {@code cancel} is a call within this process that
   * cannot get lost; SQLite's driver takes the timeout for how long to wait for a lock, and H2 sets
   * it for the whole connection.
   */
  private static final Set<String> EXCLUDED = Set.of("SQLite", "H2");

  /** Beyond this it is pointless, and some drivers multiply it by 1000 in an int. */
  private static final Duration LONGEST = Duration.ofDays(1);

  private final Statement statement;
  private final int before;

  private QueryTimeout(Statement statement, int before) {
    this.statement = statement;
    this.before = before;
  }

  /**
   * Sets the timeout to the whole second at or after the deadline (promise 15), unless an earlier
   * one is set.
   *
   * @return what puts it back; null if nothing was changed
   */
  static @Nullable QueryTimeout shorten(Statement statement, Deadline deadline) {
    if (deadline.isNone()) {
      return null;
    }
    Duration left = deadline.remaining();
    if (left.compareTo(LONGEST) > 0) {
      return null;
    }
    int seconds = (int) Math.max(1, left.plusNanos(999_999_999).toSeconds());
    try {
      int before = statement.getQueryTimeout();
      if ((before > 0 && before <= seconds)
          || EXCLUDED.contains(statement.getConnection().getMetaData().getDatabaseProductName())) {
        return null;
      }
      statement.setQueryTimeout(seconds);
      return new QueryTimeout(statement, before);
    } catch (SQLException e) {
      return null; // it has no timeouts, or is closed, which the call will find out
    }
  }

  void restore() {
    try {
      statement.setQueryTimeout(before);
    } catch (SQLException e) {
      // the call has closed it, and with it gone the timeout
    }
  }
}
