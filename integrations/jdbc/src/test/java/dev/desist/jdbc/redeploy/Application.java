package dev.desist.jdbc.redeploy;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.jdbc.JdbcCancellation;
import dev.desist.scope.Tasks;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.function.Function;

/**
 * An application that is deployed with a copy of the library of its own, and has statements of its
 * container's database cancelled. It must do with the JDK and the library.
 */
public final class Application implements Function<Callable<Connection>, String> {
  private static final String ENDLESS =
      "SELECT sum(a.x + b.x) FROM system_range(1, 1000000) a, system_range(1, 1000000) b";

  /** Made by the container. */
  public Application() {}

  /** Ends statements by a deadline, on the calling thread and on others; gives what it read. */
  @Override
  public String apply(Callable<Connection> database) {
    try {
      endByDeadline(database);
      Tasks.all(
          () -> {
            endByDeadline(database);
            return 1;
          });
      return read(database);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static void endByDeadline(Callable<Connection> database) throws Exception {
    try (var source = CancellationToken.none().childWithTimeout("query", Duration.ofMillis(50));
        Connection connection = database.call();
        Statement statement = connection.createStatement()) {
      JdbcCancellation.call(source.token(), statement, busy -> busy.executeQuery(ENDLESS));
      throw new IllegalStateException("the statement should have been cancelled");
    } catch (CancelledException e) {
      // as it should be
    }
  }

  private static String read(Callable<Connection> database) throws Exception {
    try (var source = Cancellation.current().child();
        Connection connection = database.call();
        Statement statement = connection.createStatement()) {
      return JdbcCancellation.call(
          source.token(),
          statement,
          idle -> {
            try (ResultSet rows = idle.executeQuery("VALUES 'read'")) {
              rows.next();
              return rows.getString(1);
            }
          });
    }
  }
}
