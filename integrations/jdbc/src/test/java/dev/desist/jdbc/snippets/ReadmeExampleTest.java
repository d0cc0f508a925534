package dev.desist.jdbc.snippets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.jdbc.JdbcCancellation;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The example on the first screen of the README, run. */
class ReadmeExampleTest {
  static List<String> search(CancellationToken server, Connection connection, String text)
      throws SQLException {
    try (CancellationSource request = server.childWithTimeout("search", Duration.ofSeconds(2));
        PreparedStatement query =
            connection.prepareStatement("select text from lines where text like ?")) {
      query.setString(1, "%" + text + "%");
      return JdbcCancellation.call(
          request.token(), query, statement -> texts(statement.executeQuery()));
    }
  }

  private static List<String> texts(ResultSet rows) throws SQLException {
    try (rows) {
      var texts = new ArrayList<String>();
      while (rows.next()) {
        texts.add(rows.getString(1));
      }
      return texts;
    }
  }

  @Test
  void it_finds_and_it_ends() throws SQLException {
    try (var connection = DriverManager.getConnection("jdbc:h2:mem:readme");
        var statement = connection.createStatement()) {
      statement.execute(
          "create table lines as select 'line ' || x as text from system_range(1, 99)");
      var server = CancellationSource.create("server");
      assertEquals(List.of("line 42"), search(server.token(), connection, "42"));
      statement.execute("alter table lines rename to few");
      statement.execute(
          "create view lines as select a.text from few a, few b, few c, few d, few e, few f");
      var thrown =
          assertThrows(
              CancelledException.class, () -> search(server.token(), connection, "nothing"));
      assertEquals("the 2 s deadline of \"search\" passed", thrown.reason().message());
      assertEquals(List.of("search"), thrown.path());
    }
  }
}
