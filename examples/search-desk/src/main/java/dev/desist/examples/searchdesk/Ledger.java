package dev.desist.examples.searchdesk;

import io.vertx.core.json.JsonObject;
import java.util.HashSet;
import java.util.Set;

/**
 * Counts what statements cost, by the time they held a connection.
 *
 * <p>What cancellation saved is an estimate: each cancelled statement would have cost what a
 * statement that ran to its end cost on average, and did cost what it spent until it was stopped.
 * Before the first one has run to its end there is no estimate.
 */
final class Ledger {
  private final Set<Statement> running = new HashSet<>();
  private int complete;
  private int cancelled;
  private int failed;
  private int neverStarted;
  private long completeNanos;
  private long cancelledNanos;
  private long failedNanos;

  /** One statement, from its start to its end. */
  final class Statement {
    private final long begun = System.nanoTime();

    void end(Work.State how) {
      synchronized (Ledger.this) {
        long spent = System.nanoTime() - begun;
        running.remove(this);
        switch (how) {
          case COMPLETE -> {
            complete++;
            completeNanos += spent;
          }
          case CANCELLED -> {
            cancelled++;
            cancelledNanos += spent;
          }
          default -> {
            failed++;
            failedNanos += spent;
          }
        }
      }
    }
  }

  synchronized Statement begin() {
    var statement = new Statement();
    running.add(statement);
    return statement;
  }

  /** A request was cancelled while it waited for its turn. */
  synchronized void neverStarted() {
    neverStarted++;
  }

  /** {@return statements that are being run now} */
  synchronized int running() {
    return running.size();
  }

  synchronized JsonObject toJson() {
    long now = System.nanoTime();
    long spent = completeNanos + cancelledNanos + failedNanos;
    for (Statement statement : running) {
      spent += now - statement.begun;
    }
    var json =
        new JsonObject()
            .put("running", running.size())
            .put("complete", complete)
            .put("cancelled", cancelled)
            .put("neverStarted", neverStarted)
            .put("failed", failed)
            .put("secondsSpent", seconds(spent));
    if (complete > 0) {
      long average = completeNanos / complete;
      long saved = (cancelled + neverStarted) * average - cancelledNanos;
      json.put("secondsSaved", seconds(Math.max(0, saved)));
    }
    return json;
  }

  private static double seconds(long nanos) {
    return Math.round(nanos / 1e6) / 1e3;
  }
}
