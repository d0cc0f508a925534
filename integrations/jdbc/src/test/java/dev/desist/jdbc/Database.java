package dev.desist.jdbc;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** The real databases that the tests run on. */
enum Database {
  SQLITE,
  H2_MEMORY,
  H2_FILE;

  /** In the table {@code numbers}: 1, 2, … up to this. */
  static final int ROWS = 1000;

  static final long SUM = ROWS * (ROWS + 1L) / 2;

  /** Opens a database in {@code folder} with the table {@code numbers}. */
  Connection open(Path folder) throws SQLException {
    Connection connection = connect(folder);
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE numbers (x INT, y INT)");
    }
    connection.setAutoCommit(false);
    try (PreparedStatement insert =
        connection.prepareStatement("INSERT INTO numbers VALUES (?, ?)")) {
      for (int i = 1; i <= ROWS; i++) {
        insert.setInt(1, i);
        insert.setInt(2, i * 7919 % ROWS);
        insert.addBatch();
      }
      insert.executeBatch();
    }
    connection.commit();
    connection.setAutoCommit(true);
    return connection;
  }

  /** A further connection to a database that {@link #open} has made. */
  Connection connect(Path folder) throws SQLException {
    return DriverManager.getConnection(
        switch (this) {
          case SQLITE -> "jdbc:sqlite:" + folder.resolve("test.sqlite");
          case H2_MEMORY -> "jdbc:h2:mem:" + folder.getFileName();
          case H2_FILE -> "jdbc:h2:file:" + folder.resolve("test");
        });
  }

  /** {@return a query that takes hours} */
  String endless() {
    return this == SQLITE
        ? "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 100000000000)"
            + " SELECT sum(x) FROM c"
        : "SELECT sum(a.x + b.x) FROM system_range(1, 1000000) a, system_range(1, 1000000) b";
  }

  /** {@return a query for the rows from a parameter on that takes about a millisecond} */
  String rows() {
    return "SELECT x FROM numbers WHERE x >= ?"
        + (this == SQLITE ? " AND length(hex(zeroblob(x % 10 + 90))) > 0" : "")
        + " ORDER BY y";
  }

  /**
   * Runs {@link #rows} and adds up all rows.
   *
   * @param variant different ones keep a database from giving its last answer again
   */
  static long sum(PreparedStatement rows, int variant) throws SQLException {
    rows.setInt(1, -variant);
    try (ResultSet all = rows.executeQuery()) {
      return sum(all);
    }
  }

  static long sum(ResultSet rows) throws SQLException {
    long sum = 0;
    while (rows.next()) {
      sum += rows.getInt(1);
    }
    return sum;
  }

  /** Runs a query that gives one number. */
  static long number(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      return number(statement, sql);
    }
  }

  static long number(Statement statement, String sql) throws SQLException {
    try (ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getLong(1);
    }
  }
}
