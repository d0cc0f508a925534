package dev.desist.snippets;

import dev.desist.scope.Grace;
import dev.desist.scope.Tasks;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;

final class TasksSnippets {
  private TasksSnippets() {}

  // @start region="race"
  static String fromEitherMirror(Callable<String> near, Callable<String> far) throws Exception {
    return Tasks.within(Duration.ofSeconds(2), () -> Tasks.race(near, far));
  }

  // @end

  // @start region="options"
  static final Tasks.Options<Connection> CONNECTING =
      Tasks.<Connection>options()
          .configured(c -> c.withName("connect").withGrace(Grace.leaveAfter(Duration.ofMillis(50))))
          .disposing(Connection::close); // whatever connects too late

  static Connection connect(List<Callable<Connection>> addresses) throws Exception {
    return Tasks.race(CONNECTING, addresses);
  }

  // @end
}
