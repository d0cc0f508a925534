package dev.desist.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Puts right what SQLite's driver does not notice: a cancelled update has taken its transaction
 * along, and there is none, though the connection is not in auto-commit mode. Statements would then
 * be committed one by one, and {@code commit} and {@code rollback} fail.
 */
final class SqliteTransaction {
  private SqliteTransaction() {}

  /** Begins a transaction if the connection should be in one and is not. */
  static void reopen(Statement cancelled) {
    try {
      Connection connection = cancelled.getConnection();
      if (!connection.getAutoCommit()
          && connection.getMetaData().getDatabaseProductName().equals("SQLite")) {
        try (Statement begin = connection.createStatement()) {
          begin.execute("BEGIN");
        }
      }
    } catch (SQLException e) {
      // there is one already: a query was cancelled, which leaves it as it is
    }
  }
}
