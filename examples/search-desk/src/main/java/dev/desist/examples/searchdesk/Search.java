package dev.desist.examples.searchdesk;

import dev.desist.CancellationReason;
import dev.desist.CancelledException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * One request of a page, from its arrival to the end of its answer. It waits for a worker and runs
 * one statement there. It is answered exactly once; if it is cancelled while it waits, then at
 * once, and it never starts.
 */
final class Search {
  /**
   * How a search ended.
   *
   * @param how complete, cancelled or failed
   * @param count lines that matched; of those seen, if it was not complete
   * @param took from the request to its end
   * @param reason the kind of the reason for which it was cancelled, else empty
   * @param message why it was cancelled or failed, else empty
   */
  record Ending(Work.State how, long count, Duration took, String reason, String message) {}

  /** Takes to the page what is found; called by one thread at a time, and must not block. */
  interface Answer {
    /** Some rows, and how many rows and lines were seen so far. */
    void hits(List<Hit> hits, long count, long scanned);

    /** The last call. */
    void end(Ending ending);
  }

  private final Query query;
  private final Work work;
  private final Ledger ledger;
  private final Answer answer;
  private final long begun = System.nanoTime();

  // Of the thread that searches, and after it has ended, of whoever answers.
  private final Rows rows = new Rows();
  private boolean started;

  /**
   * @param work the node of this request
   */
  Search(Query query, Work work, Ledger ledger, Answer answer) {
    this.query = query;
    this.work = work;
    this.ledger = ledger;
    this.answer = answer;
  }

  /** Sets it off. */
  void submit(Executor workers, Index index) {
    work.run(workers, () -> search(index), this::answer);
  }

  /** {@return whether this call cancelled it} */
  boolean cancel(CancellationReason reason) {
    return work.cancel(reason);
  }

  private long search(Index index) throws SQLException {
    started = true;
    Work statement = work.child("statement", "");
    Ledger.Statement cost = ledger.begin();
    statement.start();
    var how = Work.State.FAILED;
    try {
      long count = index.search(statement.token(), query, rows);
      rows.flush();
      how = Work.State.COMPLETE;
      return count;
    } catch (CancelledException e) {
      how = Work.State.CANCELLED;
      throw e;
    } finally {
      cost.end(how);
      statement.end(how);
    }
  }

  private void answer(Long count, @Nullable Throwable failure) {
    if (!started) {
      ledger.neverStarted();
    }
    answer.end(
        switch (failure) {
          case null -> ending(Work.State.COMPLETE, "", "");
          case CancelledException e ->
              ending(Work.State.CANCELLED, e.reason().kind(), e.reason().message());
          case SQLException e -> ending(Work.State.FAILED, "", "SQLite says: " + e.getMessage());
          // Not foreseen, but whoever waits for an answer gets one.
          default -> ending(Work.State.FAILED, "", failure.toString());
        });
  }

  private Ending ending(Work.State how, String reason, String message) {
    Duration took = Duration.ofNanos(System.nanoTime() - begun);
    return new Ending(how, rows.count, took, reason, message);
  }

  /** Passes rows on in batches: the first at once, later ones at a pace that eyes can follow. */
  private final class Rows implements Index.Listener {
    private static final long PACE = 40_000_000;

    private final List<Hit> batch = new ArrayList<>();
    private long flushedAt = System.nanoTime() - PACE;
    private long count;
    private long scanned;

    @Override
    public void found(Optional<Hit> hit, long count, long scanned) {
      this.count = count;
      this.scanned = scanned;
      hit.ifPresent(batch::add);
      // The clock costs more than a row: when rows are many, look at it now and then.
      if ((hit.isPresent() || count % 1024 == 0) && System.nanoTime() - flushedAt >= PACE) {
        flush();
      }
    }

    void flush() {
      answer.hits(List.copyOf(batch), count, scanned);
      batch.clear();
      flushedAt = System.nanoTime();
    }
  }
}
