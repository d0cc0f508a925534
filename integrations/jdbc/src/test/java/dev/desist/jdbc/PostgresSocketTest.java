package dev.desist.jdbc;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.net.CancellableSocketFactory;
import dev.desist.testkit.Hygiene;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** A driver that knows nothing of tokens, over sockets that obey them. */
@ExtendWith(Hygiene.class)
@Timeout(120)
class PostgresSocketTest {
  private static EmbeddedPostgres postgres;

  @BeforeAll
  static void start() throws IOException {
    postgres = EmbeddedPostgres.start();
  }

  @AfterAll
  static void stop() throws IOException {
    postgres.close();
  }

  private static Connection connect() throws SQLException {
    return DriverManager.getConnection(
        postgres.getJdbcUrl("postgres", "postgres")
            + "&socketFactory="
            + CancellableSocketFactory.class.getName());
  }

  private static <T extends @Nullable Object> FutureTask<T> start(
      boolean virtual, Callable<T> body) {
    var task = new FutureTask<T>(body);
    if (virtual) {
      Thread.ofVirtual().start(task);
    } else {
      Thread.ofPlatform().daemon().start(task);
    }
    return task;
  }

  private static Throwable failure(FutureTask<?> task) {
    return Objects.requireNonNull(
        assertThrows(ExecutionException.class, () -> task.get(20, TimeUnit.SECONDS)).getCause());
  }

  /** The cancellation that is behind what a driver threw. */
  private static CancelledException cancellation(Throwable e) {
    for (Throwable each = e; each != null; each = each.getCause()) {
      if (each instanceof CancelledException cancelled) {
        return cancelled;
      }
    }
    throw new AssertionError("no cancellation", e);
  }

  /** Comes back when the server is at it. */
  private static void awaitRunning(String what) {
    await()
        .until(
            () -> {
              try (Connection other = postgres.getPostgresDatabase().getConnection()) {
                return Database.number(
                        other,
                        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = '"
                            + what
                            + "'")
                    == 1;
              }
            });
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void ordinary_work_is_as_ever(boolean virtual) throws Exception {
    FutureTask<Long> task =
        start(
            virtual,
            () -> {
              try (Connection connection = connect();
                  Statement statement = connection.createStatement()) {
                statement.execute("CREATE TEMP TABLE texts (x INT, t TEXT)");
                connection.setAutoCommit(false);
                try (PreparedStatement insert =
                    connection.prepareStatement("INSERT INTO texts VALUES (?, ?)")) {
                  for (int i = 0; i < 2000; i++) {
                    insert.setInt(1, i);
                    insert.setString(2, "x".repeat(i));
                    insert.addBatch();
                  }
                  insert.executeBatch();
                }
                connection.commit();
                connection.setNetworkTimeout(Runnable::run, 20_000);
                return Database.number(statement, "SELECT sum(x) FROM texts WHERE length(t) = x");
              }
            });
    assertEquals(1999L * 1000, task.get(60, TimeUnit.SECONDS));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_query_ends_when_the_current_token_is_cancelled(boolean virtual) throws Exception {
    var source = CancellationSource.create("tab");
    String sleep = "SELECT pg_sleep(60), 'socket" + virtual + "'";
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      FutureTask<Boolean> task =
          start(virtual, () -> Cancellation.call(source.token(), () -> statement.execute(sleep)));
      awaitRunning(sleep.replace("'", "''"));
      source.cancel("closed");
      SQLException e = assertInstanceOf(SQLException.class, failure(task));
      assertSame(source.token().reason().orElseThrow(), cancellation(e).reason());
      assertTrue(
          connection.isClosed(), "the driver gives up a connection that fails amid an answer");
    }
  }

  /** Whoever wants to keep the connection has the statement cancelled, and shields the socket. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void promise19_in_a_shield_the_statement_is_cancelled_and_the_connection_stays(boolean virtual)
      throws Exception {
    var source = CancellationSource.create("tab");
    String sleep = "SELECT pg_sleep(60), 'statement" + virtual + "'";
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      FutureTask<Boolean> task =
          start(
              virtual,
              () ->
                  Cancellation.call(
                      source.token(),
                      () ->
                          Cancellation.shielded(
                              () ->
                                  JdbcCancellation.call(
                                      source.token(), statement, s -> s.execute(sleep)))));
      awaitRunning(sleep.replace("'", "''"));
      source.cancel("closed");
      assertInstanceOf(CancelledException.class, failure(task));
      assertEquals(1, Database.number(statement, "SELECT 1"));
      assertFalse(connection.isClosed());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void promise19_a_wait_for_notifications_is_cancelled_and_the_next_one_gets_them(boolean virtual)
      throws Exception {
    try (CancellationSource source =
            CancellationToken.none().childWithTimeout(Duration.ofMillis(200));
        Connection connection = connect();
        Statement statement = connection.createStatement();
        Connection other = connect();
        Statement notify = other.createStatement()) {
      statement.execute("LISTEN news");
      PGConnection notified = connection.unwrap(PGConnection.class);
      FutureTask<PGNotification[]> task =
          start(
              virtual, () -> Cancellation.call(source.token(), () -> notified.getNotifications(0)));
      cancellation(failure(task));
      notify.execute("NOTIFY news, 'hello'");
      PGNotification[] got =
          start(virtual, () -> notified.getNotifications(10_000)).get(20, TimeUnit.SECONDS);
      assertEquals("hello", got[0].getParameter());
      assertEquals(1, Database.number(statement, "SELECT 1"));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void connecting_to_a_server_that_says_nothing_ends(boolean virtual) throws Exception {
    var source = CancellationSource.create("tab");
    try (var silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      FutureTask<Connection> task =
          start(
              virtual,
              () ->
                  Cancellation.call(
                      source.token(),
                      () ->
                          DriverManager.getConnection(
                              "jdbc:postgresql://localhost:"
                                  + silent.getLocalPort()
                                  + "/x?user=x&gssEncMode=disable&sslmode=disable&socketFactory="
                                  + CancellableSocketFactory.class.getName())));
      try (Socket accepted = silent.accept()) {
        assertTrue(accepted.getInputStream().read() >= 0);
        source.cancel();
        cancellation(assertInstanceOf(SQLException.class, failure(task)));
      }
    }
  }
}
