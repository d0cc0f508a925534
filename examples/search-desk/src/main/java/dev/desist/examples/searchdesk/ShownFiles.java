package dev.desist.examples.searchdesk;

import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.jdbc.JdbcCancellation;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The files that the hits shown for a query are in, and their text. Calls block in native code:
 * they belong on platform threads.
 */
interface ShownFiles {
  /**
   * One file.
   *
   * @param path its path in the source
   * @param first the id of its first line
   * @param lines how many lines it has
   */
  record ShownFile(String path, long first, int lines) {}

  /**
   * {@return the files of the first {@link Index#SHOWN} lines that match, in the order in which the
   * page shows them}
   *
   * @throws CancelledException if the token was cancelled before they were found
   */
  List<ShownFile> find(CancellationToken token, Query query) throws SQLException;

  /**
   * Reads a file, line by line.
   *
   * @throws CancelledException if the token was cancelled before all were read
   */
  void read(CancellationToken token, ShownFile file, Consumer<String> lines) throws SQLException;

  /** {@return those that an index knows, as it read them; every line ends with a line feed} */
  static ShownFiles of(Index index) {
    return new Indexed(index);
  }

  /** From the database. */
  record Indexed(Index index) implements ShownFiles {
    // In the order of the ids of lines, as a search finds them: files have theirs in the same
    // order.
    private static final String FIND =
        """
        SELECT path, first, lines FROM files WHERE id IN (
          SELECT file FROM (
            SELECT file FROM lines WHERE text LIKE ? ESCAPE '\\' ORDER BY id LIMIT ?))
        ORDER BY id
        """;

    private static final String READ =
        "SELECT text FROM lines WHERE id BETWEEN ? AND ? ORDER BY id";

    @Override
    public List<ShownFile> find(CancellationToken token, Query query) throws SQLException {
      return index.withConnection(
          connection -> {
            try (PreparedStatement find = connection.prepareStatement(FIND)) {
              find.setString(1, query.likePattern());
              find.setInt(2, Index.SHOWN);
              return JdbcCancellation.call(token, find, Indexed::files);
            }
          });
    }

    private static List<ShownFile> files(PreparedStatement find) throws SQLException {
      try (ResultSet rows = find.executeQuery()) {
        var found = new ArrayList<ShownFile>();
        while (rows.next()) {
          found.add(new ShownFile(rows.getString(1), rows.getLong(2), rows.getInt(3)));
        }
        return found;
      }
    }

    @Override
    public void read(CancellationToken token, ShownFile file, Consumer<String> lines)
        throws SQLException {
      index.withConnection(
          connection -> {
            try (PreparedStatement read = connection.prepareStatement(READ)) {
              read.setLong(1, file.first());
              read.setLong(2, file.first() + file.lines() - 1);
              return JdbcCancellation.call(token, read, statement -> lines(statement, lines));
            }
          });
    }

    private static int lines(PreparedStatement read, Consumer<String> lines) throws SQLException {
      try (ResultSet rows = read.executeQuery()) {
        int count = 0;
        for (; rows.next(); count++) {
          lines.accept(rows.getString(1));
        }
        return count;
      }
    }
  }
}
