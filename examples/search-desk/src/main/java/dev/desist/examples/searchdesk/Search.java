package dev.desist.examples.searchdesk;

import dev.desist.CancellationReason;
import dev.desist.CancelledException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * One request of a page, from its arrival to the end of its answer. It waits for a worker and runs
 * one statement there. It is answered exactly once: by the worker or, if it is cancelled while it
 * waits, by whoever cancels it; in that case it never starts.
 */
final class Search {
  private enum Phase {
    WAITING,
    RUNNING,
    ANSWERED
  }

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
  private final Consumer<Search> afterwards;
  private final long begun = System.nanoTime();
  private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.WAITING);

  /**
   * @param work the node of this request
   * @param afterwards told once it is answered
   */
  Search(Query query, Work work, Ledger ledger, Answer answer, Consumer<Search> afterwards) {
    this.query = query;
    this.work = work;
    this.ledger = ledger;
    this.answer = answer;
    this.afterwards = afterwards;
  }

  /** Sets it off. */
  void submit(Executor workers, Index index) {
    var queued = work.token().onCancel(this::cancelledWhileWaiting);
    workers.execute(
        () -> {
          if (phase.compareAndSet(Phase.WAITING, Phase.RUNNING)) {
            queued.unregister();
            work.start();
            run(index);
          }
        });
  }

  /** {@return whether this call cancelled it} */
  boolean cancel(CancellationReason reason) {
    return work.cancel(reason);
  }

  private void cancelledWhileWaiting() {
    if (phase.compareAndSet(Phase.WAITING, Phase.ANSWERED)) {
      ledger.neverStarted();
      finish(cancelled(0));
    }
  }

  private void run(Index index) {
    Work statement = work.child("statement", "");
    Ledger.Statement cost = ledger.begin();
    statement.start();
    var rows = new Rows();
    Ending ending;
    try {
      long count = index.search(statement.token(), query, rows);
      rows.flush();
      ending = new Ending(Work.State.COMPLETE, count, took(), "", "");
    } catch (CancelledException _) {
      ending = cancelled(rows.count);
    } catch (SQLException e) {
      ending = failed(rows.count, "SQLite says: " + e.getMessage());
    } catch (RuntimeException e) {
      // Not foreseen, but whoever waits for an answer gets one.
      ending = failed(rows.count, e.toString());
    }
    cost.end(ending.how());
    statement.end(ending.how());
    phase.set(Phase.ANSWERED);
    finish(ending);
  }

  private Ending cancelled(long count) {
    CancellationReason why = work.token().reason().orElseThrow();
    return new Ending(Work.State.CANCELLED, count, took(), why.kind(), why.message());
  }

  private Ending failed(long count, String message) {
    return new Ending(Work.State.FAILED, count, took(), "", message);
  }

  private Duration took() {
    return Duration.ofNanos(System.nanoTime() - begun);
  }

  private void finish(Ending ending) {
    work.end(ending.how());
    answer.end(ending);
    afterwards.accept(this);
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
