package dev.desist.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.testkit.Hygiene;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Cancels that come just when a statement ends. */
@ExtendWith(Hygiene.class)
@Tag("stress")
class JdbcRaceTest {
  private static final int ROUNDS = 10_000 * Integer.getInteger("desist.stress", 1);

  @TempDir Path folder;

  /** A source, and how long after the start of the round it is to be cancelled. */
  private record Shot(CancellationSource source, long start, long delay) {}

  private static final Shot LAST = new Shot(CancellationSource.create(), 0, 0);

  /**
   * Each raced statement gives its whole answer or says cancelled; each statement after it, be it
   * the same one, the same SQL or another, gives its whole answer.
   */
  @ParameterizedTest
  @EnumSource
  void promise19_no_statement_is_hit_by_mistake(Database database) throws Exception {
    var shots = new SynchronousQueue<Shot>();
    Thread canceller =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  try {
                    for (Shot shot = shots.take(); shot != LAST; shot = shots.take()) {
                      while (System.nanoTime() - shot.start < shot.delay) {
                        Thread.onSpinWait();
                      }
                      shot.source.cancel();
                    }
                  } catch (InterruptedException e) {
                    throw new AssertionError(e);
                  }
                });
    long begun = System.nanoTime();
    int answered = 0;
    int cancelled = 0;
    int brokenOff = 0;
    long delay = 500_000;
    try (Connection connection = database.open(folder)) {
      PreparedStatement raced = connection.prepareStatement(database.rows());
      for (int round = 0; round < ROUNDS; round++) {
        int variant = 2 * round;
        var source = CancellationSource.create();
        long after = ThreadLocalRandom.current().nextLong(2 * delay);
        boolean early = round % 8 == 0; // it may come before the call is begun, too
        try {
          if (early) {
            shots.put(new Shot(source, System.nanoTime(), after));
          }
          long sum =
              JdbcCancellation.call(
                  source.token(),
                  raced,
                  same -> {
                    if (!early) {
                      fire(shots, new Shot(source, System.nanoTime(), after));
                    }
                    return Database.sum(same, variant);
                  });
          assertEquals(Database.SUM, sum);
          answered++;
          delay -= delay / 50;
        } catch (CancelledException e) {
          cancelled++;
          brokenOff += e.getCause() == null ? 0 : 1;
          delay += delay / 50 + 1;
          if (database == Database.SQLITE) { // its driver closes a prepared statement that failed
            raced.close();
            raced = connection.prepareStatement(database.rows());
          }
        }
        String message = "the statement after raced one " + round;
        try {
          assertEquals(Database.SUM, next(database, connection, raced, round), message);
        } catch (SQLException e) {
          throw new AssertionError(message, e);
        }
      }
    } finally {
      shots.put(LAST);
      canceller.join();
    }
    System.out.printf(
        "%s: %d races, %d answered, %d cancelled before they began, %d while they ran; %d s%n",
        database,
        ROUNDS,
        answered,
        cancelled - brokenOff,
        brokenOff,
        (System.nanoTime() - begun) / 1_000_000_000);
    assertTrue(answered > ROUNDS / 1000, "answered: " + answered);
    assertTrue(brokenOff > ROUNDS / 1000, "broken off: " + brokenOff);
  }

  private static void fire(SynchronousQueue<Shot> shots, Shot shot) {
    try {
      shots.put(shot);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** The statement after a raced one: the same, the same SQL, or another. */
  private static long next(
      Database database, Connection connection, PreparedStatement raced, int round)
      throws SQLException {
    return switch (round % 3) {
      case 0 -> Database.sum(raced, 2 * round + 1);
      case 1 -> {
        try (PreparedStatement same = connection.prepareStatement(database.rows())) {
          yield Database.sum(same, 2 * round + 1);
        }
      }
      default -> Database.number(connection, "SELECT sum(x) FROM numbers WHERE y >= -" + round);
    };
  }
}
