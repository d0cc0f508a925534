package dev.desist.examples.searchdesk;

import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.jdbc.JdbcCancellation;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * A complete database, to be searched.
 *
 * <p>Each running statement has a connection of its own, because SQLite stops a connection, not a
 * statement. Calls block in native code: they belong on platform threads.
 */
final class Index implements AutoCloseable {
  /** The most hits that are shown; all are counted. */
  static final int SHOWN = 200;

  /** Lines before and after the one a file is opened at. */
  private static final int AROUND = 400;

  // CROSS JOIN fixes the order of the loops: lines outside, in the order of their ids.
  private static final String SEARCH =
      """
      SELECT lines.id, lines.id - files.first + 1, files.path, lines.text
      FROM lines CROSS JOIN files ON files.id = lines.file
      WHERE lines.text LIKE ? ESCAPE '\\'
      """;

  private static final String VIEW =
      """
      SELECT lines.id - files.first + 1, lines.text
      FROM files CROSS JOIN lines ON lines.id BETWEEN files.first AND files.first + files.lines - 1
      WHERE files.path = ? AND lines.id BETWEEN files.first + ? AND files.first + ?
      ORDER BY lines.id
      """;

  private final Database database;
  private final BlockingQueue<Connection> idle = new LinkedBlockingQueue<>();
  private final int files;
  private final long lines;

  Index(Database database) throws SQLException {
    this.database = database;
    Connection connection = database.openForReading();
    idle.add(connection);
    try (PreparedStatement statement =
            connection.prepareStatement(
                "SELECT (SELECT count(*) FROM files), (SELECT max(id) FROM lines)");
        ResultSet sizes = statement.executeQuery()) {
      sizes.next();
      files = sizes.getInt(1);
      lines = sizes.getLong(2);
    }
  }

  int files() {
    return files;
  }

  long lines() {
    return lines;
  }

  /** Hears of a search while it runs, on the thread that searches. */
  interface Listener {
    /**
     * A row was found.
     *
     * @param hit the row; empty once enough are shown
     * @param count rows so far
     * @param scanned lines so far
     */
    void found(Optional<Hit> hit, long count, long scanned);
  }

  /**
   * Looks at every line.
   *
   * @return the number of lines that match
   * @throws CancelledException if the token was cancelled before all were seen
   */
  long search(CancellationToken token, Query query, Listener listener) throws SQLException {
    return withConnection(
        connection -> {
          try (PreparedStatement search = connection.prepareStatement(SEARCH)) {
            search.setString(1, query.likePattern());
            return JdbcCancellation.call(token, search, s -> read(s, query, listener));
          }
        });
  }

  private static long read(PreparedStatement search, Query query, Listener listener)
      throws SQLException {
    try (ResultSet rows = search.executeQuery()) {
      long count = 0;
      while (rows.next()) {
        count++;
        Optional<Hit> hit =
            count <= SHOWN
                ? Optional.of(Hit.of(rows.getString(3), rows.getLong(2), rows.getString(4), query))
                : Optional.empty();
        listener.found(hit, count, rows.getLong(1));
      }
      return count;
    }
  }

  /**
   * Lines of a file.
   *
   * @param first the number of the first of {@code lines}, from 1
   */
  record Excerpt(long first, List<String> lines) {}

  /** {@return the file around a line, empty if there is no such file or line} */
  Optional<Excerpt> view(CancellationToken token, String path, long line) throws SQLException {
    return withConnection(
        connection -> {
          try (PreparedStatement view = connection.prepareStatement(VIEW)) {
            view.setString(1, path);
            view.setLong(2, line - 1 - AROUND);
            view.setLong(3, line - 1 + AROUND);
            return JdbcCancellation.call(token, view, Index::readView);
          }
        });
  }

  private static Optional<Excerpt> readView(PreparedStatement view) throws SQLException {
    try (ResultSet rows = view.executeQuery()) {
      var text = new ArrayList<String>();
      long first = 0;
      while (rows.next()) {
        if (text.isEmpty()) {
          first = rows.getLong(1);
        }
        text.add(rows.getString(2));
      }
      return text.isEmpty() ? Optional.empty() : Optional.of(new Excerpt(first, text));
    }
  }

  /** What is done with a connection. */
  interface Work<T> {
    T on(Connection connection) throws SQLException;
  }

  /** Does something with a connection that nobody else has meanwhile. */
  <T> T withConnection(Work<T> work) throws SQLException {
    Connection connection = idle.poll();
    if (connection == null) {
      connection = database.openForReading();
    }
    try {
      return work.on(connection);
    } finally {
      idle.add(connection);
    }
  }

  /** Closes the connections. Nothing may be running. */
  @Override
  public void close() throws SQLException {
    for (Connection connection = idle.poll(); connection != null; connection = idle.poll()) {
      connection.close();
    }
  }
}
