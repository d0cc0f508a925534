package dev.desist.jdbc.snippets;

import dev.desist.CancellationToken;
import dev.desist.jdbc.JdbcCancellation;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** The examples in the API docs. */
public final class JdbcSnippets {
  private JdbcSnippets() {}

  // @start region="call"
  /** Gives the names like {@code pattern}, or throws CancelledException soon after a cancel. */
  static List<String> names(CancellationToken token, Connection connection, String pattern)
      throws SQLException {
    try (PreparedStatement query =
        connection.prepareStatement("SELECT name FROM people WHERE name LIKE ?")) {
      query.setString(1, pattern);
      return JdbcCancellation.call(
          token,
          query,
          statement -> {
            var names = new ArrayList<String>();
            try (ResultSet rows = statement.executeQuery()) {
              while (rows.next()) {
                names.add(rows.getString(1));
              }
            }
            return names;
          });
    }
  }
  // @end
}
