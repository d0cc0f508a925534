package dev.desist.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Deadline;
import dev.desist.scope.Tasks;
import dev.desist.testkit.Hygiene;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLTimeoutException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.h2.tools.Server;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is special to one driver: Derby cannot cancel, SQLite rolls back. */
@ExtendWith(Hygiene.class)
@Timeout(60)
class JdbcDriverTest {
  private static final int SQLITE_BUSY = 5;
  private static final int H2_LOCK_TIMEOUT = 50200;

  @TempDir Path folder;

  @BeforeAll
  static void keep_the_log_of_derby_out_of_the_way() {
    System.setProperty("derby.stream.error.file", "target/derby.log");
  }

  private static final String ENDLESS =
      "SELECT count(*) FROM sys.syscolumns a, sys.syscolumns b, sys.syscolumns c,"
          + " sys.syscolumns d WHERE a.columnnumber + b.columnnumber < c.columnnumber"
          + " - d.columnnumber";

  private Connection derby() throws SQLException {
    return DriverManager.getConnection(
        "jdbc:derby:memory:" + folder.getFileName() + ";create=true");
  }

  /** A database deaf to cancel is ended by its own timeout, and the owner gets his. */
  @Test
  void promise16_the_query_timeout_is_the_second_line() throws SQLException {
    try (Connection connection = derby();
        Statement statement = connection.createStatement()) {
      statement.setQueryTimeout(1000);
      var timeout =
          assertThrows(
              TimeoutException.class,
              () ->
                  Tasks.within(
                      Duration.ofMillis(900),
                      () ->
                          JdbcCancellation.call(
                              CancellationToken.none(),
                              statement,
                              same -> {
                                assertEquals(1, same.getQueryTimeout());
                                return Database.number(same, ENDLESS);
                              })));
      var inside = assertInstanceOf(CancelledException.class, timeout.getCause());
      assertInstanceOf(CancellationReason.DeadlineExceeded.class, inside.reason());
      assertInstanceOf(SQLTimeoutException.class, inside.getCause());
      assertInstanceOf(SQLFeatureNotSupportedException.class, inside.getSuppressed()[0]);
      assertEquals(1000, statement.getQueryTimeout());
      assertEquals(1, Database.number(statement, "VALUES 1"));
    }
  }

  /** A timeout that is shorter than the deadline, and its exception, belong to whoever set it. */
  @Test
  void promise15_a_shorter_timeout_is_left_alone() throws SQLException {
    try (Connection connection = derby();
        Statement statement = connection.createStatement();
        var source = CancellationSource.create()) {
      statement.setQueryTimeout(1);
      source.cancelAfter(Duration.ofMinutes(1));
      assertThrows(
          SQLTimeoutException.class,
          () ->
              JdbcCancellation.call(
                  source.token(), statement, same -> Database.number(same, ENDLESS)));
      assertEquals(1, statement.getQueryTimeout());
    }
  }

  /** The time left is rounded up to a second; none and more than a day set nothing. */
  @Test
  void promise15_the_time_left_is_handed_on() throws SQLException {
    try (Connection connection = derby();
        Statement statement = connection.createStatement()) {
      assertSame(null, QueryTimeout.shorten(statement, Deadline.none()));
      assertSame(null, QueryTimeout.shorten(statement, Deadline.after(Duration.ofDays(2))));
      assertEquals(0, statement.getQueryTimeout());
      QueryTimeout.shorten(statement, Deadline.after(Duration.ofMillis(59_500)));
      assertEquals(60, statement.getQueryTimeout());
    }
  }

  /** A deaf database that is quick enough has its value returned. */
  @Test
  void a_database_that_cannot_cancel_runs_on() throws SQLException {
    assertEquals(1, oneWhileCancelled(() -> {}));
  }

  /** The 1 that a deaf database finds in a call that is cancelled, and then does something else. */
  private long oneWhileCancelled(Runnable then) throws SQLException {
    try (Connection connection = derby();
        Statement statement = connection.createStatement()) {
      var source = CancellationSource.create();
      return JdbcCancellation.call(
          source.token(),
          statement,
          same -> {
            source.cancel();
            then.run();
            return Database.number(same, "VALUES 1");
          });
    }
  }

  /** What the log makes of the news that a database is deaf, is nobody else's matter. */
  @Test
  void a_logger_that_throws_keeps_nothing_from_anybody() throws Exception {
    Logger logger = Logger.getLogger("dev.desist.jdbc");
    var told = new CountDownLatch(1);
    var throwing =
        new Handler() {
          @Override
          public void publish(LogRecord record) {
            told.countDown();
            throw new AssertionError("a logger of the test throws this");
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    var uncaught = new AtomicReference<Throwable>();
    Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler((_, e) -> uncaught.set(e));
    logger.addHandler(throwing);
    try {
      assertEquals(1, oneWhileCancelled(() -> assertTrue(arrives(told))));
      assertNull(uncaught.get());
    } finally {
      logger.removeHandler(throwing);
      Thread.setDefaultUncaughtExceptionHandler(before);
    }
  }

  private static boolean arrives(CountDownLatch latch) {
    try {
      return latch.await(20, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /**
   * H2 on a server has a cancel that comes late, and hits the next run of the same SQL; one race in
   * ten or so shows it.
   */
  @Test
  void h2_on_a_server_lets_a_late_cancel_hit_the_next_run() throws Exception {
    Server server = Server.createTcpServer("-tcpPort", "0", "-ifNotExists").start();
    try (Connection connection =
            DriverManager.getConnection(
                "jdbc:h2:tcp://localhost:" + server.getPort() + "/mem:" + folder.getFileName());
        PreparedStatement statement =
            connection.prepareStatement("SELECT sum(x) FROM system_range(1, ?)")) {
      boolean hit = false;
      long delay = 1_000_000; // about what a run takes
      for (int round = 0; round < 10_000 && !hit; round++) {
        statement.setInt(1, 20_000 + round); // different ones are not answered from a cache
        var source = CancellationSource.create();
        long at = System.nanoTime() + ThreadLocalRandom.current().nextLong(2 * delay);
        Thread canceller =
            Thread.ofPlatform()
                .start(
                    () -> {
                      while (System.nanoTime() < at) {
                        Thread.onSpinWait();
                      }
                      source.cancel();
                    });
        try {
          JdbcCancellation.call(source.token(), statement, JdbcDriverTest::number);
          delay -= delay / 50;
        } catch (CancelledException e) {
          delay += delay / 50 + 1;
        } catch (SQLException e) {
          hit = DriverAnswer.isCancellation(e); // before this one's own token was cancelled
        }
        canceller.join();
        try {
          number(statement);
        } catch (SQLException e) {
          hit = DriverAnswer.isCancellation(e);
        }
      }
      assertTrue(hit, "it has become better than we say");
    } finally {
      server.stop();
    }
  }

  private static long number(PreparedStatement statement) throws SQLException {
    try (ResultSet rows = statement.executeQuery()) {
      rows.next();
      return rows.getLong(1);
    }
  }

  /**
   * As SQLite documents: an update that is broken off takes its transaction along; the next one is
   * a whole one again.
   */
  @Test
  void sqlite_rolls_back_when_an_update_is_broken_off() throws SQLException {
    try (Connection connection = Database.SQLITE.open(folder);
        PreparedStatement update =
            connection.prepareStatement(
                "DELETE FROM numbers WHERE x = (" + Database.SQLITE.endless() + ")")) {
      connection.setAutoCommit(false);
      try (Statement before = connection.createStatement()) {
        before.executeUpdate("DELETE FROM numbers WHERE x = 1");
      }
      var source = CancellationSource.create();
      assertThrows(
          CancelledException.class,
          () ->
              JdbcCancellation.call(
                  source.token(),
                  update,
                  same -> {
                    source.cancel();
                    return same.executeUpdate();
                  }));
      assertFalse(connection.getAutoCommit());
      String count = "SELECT count(*) FROM numbers";
      assertEquals(Database.ROWS, Database.number(connection, count));
      try (Statement after = connection.createStatement()) {
        after.executeUpdate("DELETE FROM numbers WHERE x = 2");
        connection.rollback();
        assertEquals(Database.ROWS, Database.number(connection, count));
        after.executeUpdate("DELETE FROM numbers WHERE x = 3");
        connection.commit();
      }
      connection.setAutoCommit(true);
      assertEquals(Database.ROWS - 1, Database.number(connection, count));
    }
  }

  /**
   * A wait for a lock is not cut short: it ends with the driver's own exception, unless the cancel
   * came before the wait. The connection is usable either way.
   */
  @ParameterizedTest
  @EnumSource
  void a_wait_for_a_lock_ends_as_it_would_without_a_cancel(Database database) throws SQLException {
    try (Connection writer = database.open(folder);
        Connection connection = database.connect(folder);
        Statement lock = writer.createStatement();
        Statement statement = connection.createStatement()) {
      writer.setAutoCommit(false);
      lock.executeUpdate("UPDATE numbers SET y = 0");
      var source = CancellationSource.create();
      var thrown =
          assertThrows(
              Exception.class,
              () ->
                  JdbcCancellation.call(
                      source.token(),
                      statement,
                      same -> {
                        source.cancel();
                        return same.executeUpdate("UPDATE numbers SET y = 1");
                      }));
      if (!(thrown instanceof CancelledException)) {
        assertEquals(
            database == Database.SQLITE ? SQLITE_BUSY : H2_LOCK_TIMEOUT,
            assertInstanceOf(SQLException.class, thrown).getErrorCode());
      }
      writer.rollback();
      assertEquals(Database.ROWS, statement.executeUpdate("UPDATE numbers SET y = 1"));
    }
  }
}
