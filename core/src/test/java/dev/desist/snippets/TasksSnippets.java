package dev.desist.snippets;

import dev.desist.CancellationToken;
import dev.desist.scope.Grace;
import dev.desist.scope.Tasks;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;

final class TasksSnippets {
  private TasksSnippets() {}

  // @start region="race"
  static String fromEitherMirror(
      CancellationToken token, Callable<String> near, Callable<String> far) throws Exception {
    return Tasks.within(token, Duration.ofSeconds(2), () -> Tasks.race(near, far));
  }

  // @end

  // @start region="options"
  static Connection connect(CancellationToken token, List<Callable<Connection>> addresses)
      throws Exception {
    return Tasks.race(
        token,
        addresses,
        options ->
            options
                .withName("connect")
                .withScope(scope -> scope.withGrace(Grace.leaveAfter(Duration.ofMillis(50))))
                .withDisposer(Connection::close)); // whatever connects too late
  }

  // @end
}
