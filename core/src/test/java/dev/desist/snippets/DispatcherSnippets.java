package dev.desist.snippets;

import dev.desist.Cancellation;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationToken;
import java.sql.SQLException;
import java.sql.Statement;

final class DispatcherSnippets {
  static void run(CancellationToken token, Statement statement, String sql) throws SQLException {
    // @start region="dispatcher"
    // A call to the database, which may take its time.
    try (CancellationRegistration _ =
        token.onCancel(Cancellation.dispatcher(), statement::cancel)) {
      statement.execute(sql);
    }
    // @end
  }

  private DispatcherSnippets() {}
}
