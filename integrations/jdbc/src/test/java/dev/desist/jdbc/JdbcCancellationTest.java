package dev.desist.jdbc;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.scope.Tasks;
import dev.desist.testkit.Hygiene;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What a call under a token does, on each database. The endless query takes hours. */
@ParameterizedClass
@EnumSource
@ExtendWith(Hygiene.class)
@Timeout(60)
class JdbcCancellationTest {
  private static final String COUNT = "SELECT count(*) FROM numbers";

  private final Database database;
  private final Path folder;
  private final Connection connection;
  private final Statement statement;
  private final CancellationSource source = CancellationSource.create("search");

  JdbcCancellationTest(Database database, @TempDir Path folder) throws SQLException {
    this.database = database;
    this.folder = folder;
    connection = database.open(folder);
    statement = connection.createStatement();
  }

  /** The statement, the connection and the database work, whatever the test did. */
  @AfterEach
  void still_usable() throws SQLException {
    assertEquals(Database.ROWS, Database.number(statement, COUNT));
    assertTrue(connection.getAutoCommit());
    assertEquals(0, statement.getQueryTimeout());
    try (Connection other = database.connect(folder)) {
      assertEquals(Database.ROWS, Database.number(other, COUNT));
    }
    connection.close();
  }

  private long endless(Statement same) throws SQLException {
    return Database.number(same, database.endless());
  }

  /** Waits until the canceller has told the driver at least once, and pauses. */
  private static void awaitDelivery() {
    await()
        .until(
            () ->
                Thread.getAllStackTraces().entrySet().stream()
                    .anyMatch(
                        entry ->
                            entry.getKey().getState() == Thread.State.TIMED_WAITING
                                && Arrays.stream(entry.getValue())
                                    .anyMatch(
                                        frame ->
                                            frame
                                                .getClassName()
                                                .equals(StatementCanceller.class.getName()))));
  }

  /** A cancelled query ends soon, and says why, with what the driver said as the cause. */
  @Test
  void promise19_a_long_query_ends_when_it_is_cancelled() throws Exception {
    var begun = new CompletableFuture<Void>();
    var cancel =
        begun.thenRunAsync(() -> source.cancel("the user typed on"), Cancellation.dispatcher());
    var cancelled =
        assertThrows(
            CancelledException.class,
            () ->
                JdbcCancellation.call(
                    source.token(),
                    statement,
                    same -> {
                      begun.complete(null);
                      return endless(same);
                    }));
    cancel.join();
    assertEquals("the user typed on", cancelled.reason().message());
    var answer = assertInstanceOf(SQLException.class, cancelled.getCause());
    assertTrue(DriverAnswer.isCancellation(answer));
  }

  /** The same on a virtual thread. */
  @Test
  void a_virtual_thread_can_make_the_call() throws Exception {
    var thrown = new CompletableFuture<Throwable>();
    Thread.startVirtualThread(
        () -> {
          try {
            JdbcCancellation.call(source.token(), statement, this::endless);
            thrown.complete(new AssertionError("the endless query ended"));
          } catch (Throwable e) {
            thrown.complete(e);
          }
        });
    source.cancel();
    assertInstanceOf(CancelledException.class, thrown.get());
  }

  /** Nothing is begun under a token that is cancelled already. */
  @Test
  void promise23_a_cancelled_token_starts_nothing() {
    source.cancel();
    var calls = new AtomicInteger();
    var cancelled =
        assertThrows(
            CancelledException.class,
            () ->
                JdbcCancellation.call(source.token(), statement, same -> calls.incrementAndGet()));
    assertEquals(null, cancelled.getCause());
    assertEquals(0, calls.get());
  }

  /** A cancel that comes in the call, but before the driver has begun, is repeated. */
  @Test
  void promise20_a_cancel_that_found_nothing_is_not_lost() {
    assertThrows(
        CancelledException.class,
        () ->
            JdbcCancellation.call(
                source.token(),
                statement,
                same -> {
                  source.cancel();
                  awaitDelivery();
                  return endless(same);
                }));
  }

  /** A value that is there is returned, and the cancel that came for it hits nothing later. */
  @Test
  void completion_beats_cancellation() throws SQLException {
    long count =
        JdbcCancellation.call(
            source.token(),
            statement,
            same -> {
              long answer = Database.number(same, COUNT);
              source.cancel();
              awaitDelivery();
              return answer;
            });
    assertEquals(Database.ROWS, count);
    assertEquals(Database.SUM, Database.number(statement, "SELECT sum(x) FROM numbers"));
  }

  /** A cancel after the call is nobody's business. */
  @Test
  void promise19_a_cancel_after_the_call_does_nothing() throws SQLException {
    long before = JdbcCancellation.call(source.token(), statement, s -> Database.number(s, COUNT));
    source.cancel();
    assertEquals(before, Database.number(statement, COUNT));
  }

  /** Whoever set a timeout gets a timeout; inside, it was a cancellation. */
  @Test
  void promise16_the_owner_of_a_timeout_gets_a_timeout() {
    var timeout =
        assertThrows(
            TimeoutException.class,
            () ->
                Tasks.within(
                    Duration.ofMillis(100),
                    () -> JdbcCancellation.call(Cancellation.current(), statement, this::endless)));
    var inside = assertInstanceOf(CancelledException.class, timeout.getCause());
    assertInstanceOf(CancellationReason.DeadlineExceeded.class, inside.reason());
    assertInstanceOf(SQLException.class, inside.getCause());
  }

  /** An exception that has nothing to do with the cancel is thrown as it is. */
  @Test
  void an_unrelated_failure_passes_through() {
    assertThrows(
        SQLException.class,
        () -> JdbcCancellation.call(source.token(), statement, s -> s.execute("SELEC 1")));
    var failures = new CompletableFuture<SQLException>();
    var thrown =
        assertThrows(
            SQLException.class,
            () ->
                JdbcCancellation.call(
                    source.token(),
                    statement,
                    same -> {
                      try {
                        return same.execute("INSERT INTO nowhere VALUES (1)");
                      } catch (SQLException e) {
                        source.cancel();
                        awaitDelivery();
                        failures.complete(e);
                        throw e;
                      }
                    }));
    assertSame(failures.join(), thrown);
  }

  /** What the call throws for its own reasons is thrown as it is. */
  @Test
  void an_exception_of_the_call_passes_through() {
    var mine = new IllegalStateException("mine");
    assertSame(
        mine,
        assertThrows(
            IllegalStateException.class,
            () ->
                JdbcCancellation.call(
                    source.token(),
                    statement,
                    same -> {
                      source.cancel();
                      throw mine;
                    })));
  }

  /** A slow loop over rows that asks the token stops between two rows. */
  @Test
  void rows_can_be_read_slowly() {
    var read = new AtomicInteger();
    assertThrows(
        CancelledException.class,
        () ->
            JdbcCancellation.call(
                source.token(),
                statement,
                same -> {
                  try (ResultSet rows = same.executeQuery("SELECT x FROM numbers")) {
                    while (rows.next()) {
                      if (read.incrementAndGet() == 10) {
                        source.cancel();
                        awaitDelivery();
                      }
                      source.token().throwIfCancelled();
                    }
                  }
                  return read.get();
                }));
    assertEquals(10, read.get());
  }

  /** A batch is cancelled like a query; its exception wraps the driver's. */
  @Test
  void a_batch_is_cancelled() throws SQLException {
    for (int i = 0; i < 3; i++) {
      statement.addBatch("DELETE FROM numbers WHERE x = (" + database.endless() + ")");
    }
    assertThrows(
        CancelledException.class,
        () ->
            JdbcCancellation.call(
                source.token(),
                statement,
                same -> {
                  source.cancel();
                  return same.executeBatch();
                }));
    statement.clearBatch();
  }

  /** A cancelled query leaves the transaction around it as it was. */
  @Test
  void a_transaction_survives_a_cancelled_query() throws SQLException {
    connection.setAutoCommit(false);
    statement.executeUpdate("UPDATE numbers SET y = -1 WHERE x = 1");
    assertThrows(
        CancelledException.class,
        () ->
            JdbcCancellation.call(
                source.token(),
                statement,
                same -> {
                  source.cancel();
                  return endless(same);
                }));
    assertFalse(connection.getAutoCommit());
    connection.commit();
    connection.setAutoCommit(true);
    assertEquals(1, Database.number(statement, "SELECT x FROM numbers WHERE y = -1"));
  }

  /** An interrupt of the caller is neither used nor lost, even by the wait at the fence. */
  @Test
  void promise18_an_interrupt_is_left_alone() {
    Thread.currentThread().interrupt();
    assertThrows(
        CancelledException.class,
        () ->
            JdbcCancellation.call(
                source.token(),
                statement,
                same -> {
                  source.cancel();
                  return endless(same);
                }));
    assertTrue(Thread.interrupted());
  }

  /** A call may close its statement: a cancel then fails, and harms nobody. */
  @Test
  void the_call_may_close_its_statement() throws SQLException {
    long count;
    try (Statement own = connection.createStatement()) {
      count =
          JdbcCancellation.call(
              source.token(),
              own,
              same -> {
                long answer = Database.number(same, COUNT);
                same.close();
                source.cancel();
                awaitDelivery();
                return answer;
              });
    }
    assertEquals(Database.ROWS, count);
  }

  /** Without a token that can be cancelled, the call is just made. */
  @Test
  void none_is_free() throws SQLException {
    long count =
        JdbcCancellation.call(
            CancellationToken.none(), statement, same -> Database.number(same, COUNT));
    assertEquals(Database.ROWS, count);
  }
}
