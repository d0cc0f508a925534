package dev.desist.snippets;

import dev.desist.Cancellation;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationToken;
import java.sql.SQLException;
import java.sql.Statement;

final class DispatcherSnippets {
  static void run(CancellationToken token, Statement statement, String sql) throws SQLException {
    // @start region="dispatcher"
    Runnable cancel =
        () -> {
          try {
            statement.cancel(); // a call to the database, which may take its time
          } catch (SQLException e) {
            throw new IllegalStateException(e);
          }
        };
    try (CancellationRegistration _ = token.onCancel(Cancellation.dispatcher(), cancel)) {
      statement.execute(sql);
    }
    // @end
  }

  private DispatcherSnippets() {}
}
