package dev.desist.examples.searchdesk;

import dev.desist.CancellationReason;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;

/** An open page. Its latest request wins: a newer one takes the place of those in hand. */
final class Session {
  private final Work work;
  private final Ledger ledger;
  private final Downloads downloads;
  private final Runnable answeredOne;

  // Guarded by this.
  private final Set<Search> inHand = new HashSet<>();
  private long latest;
  private boolean closed;

  /**
   * @param work its node
   * @param folder where its downloads go
   * @param answeredOne told whenever a request is answered or a download has ended
   */
  Session(Work work, Ledger ledger, DownloadFolder folder, Runnable answeredOne) {
    this.work = work;
    this.ledger = ledger;
    this.downloads =
        new Downloads(
            work,
            folder,
            () -> {
              endIfIdle();
              answeredOne.run();
            });
    this.answeredOne = answeredOne;
    work.start();
  }

  /**
   * What a page asks for.
   *
   * @param sequence counts the page's requests, so that one overtaken on the way is recognized
   * @param cancellation whether it cancels those before it, and may itself be given up
   * @param timeout how long it may take
   */
  record Request(long sequence, Query query, boolean cancellation, Optional<Duration> timeout) {
    String name() {
      return "request " + sequence;
    }
  }

  Work work() {
    return work;
  }

  Downloads downloads() {
    return downloads;
  }

  /** Starts a search, and cancels those before it. */
  Search search(Request request, Index index, Executor workers, Search.Answer answer) {
    Work node = work.child(request.name(), request.query().text());
    var search = new Search(request.query(), node, ledger, answer, this::answered);
    Set<Search> superseded = Set.of();
    boolean overtaken;
    synchronized (this) {
      overtaken = request.sequence() <= latest;
      latest = Math.max(latest, request.sequence());
      if (request.cancellation() && !overtaken) {
        superseded = Set.copyOf(inHand);
      }
      inHand.add(search);
    }
    // First stop the old, then start the new; not under the lock, for cancelling runs callbacks.
    for (Search old : superseded) {
      old.cancel(CancellationReason.superseded("%s took its place".formatted(request.name())));
    }
    if (overtaken && request.cancellation()) {
      node.cancel(CancellationReason.superseded("a newer request arrived before it"));
    }
    request.timeout().ifPresent(node::cancelAfter);
    search.submit(workers, index);
    return search;
  }

  /** The page is gone, or goes: whatever it waits for is cancelled. */
  void close(CancellationReason reason) {
    work.cancel(reason);
    downloads.close();
    synchronized (this) {
      closed = true;
    }
    endIfIdle();
  }

  /** {@return how many requests wait or run, and downloads go on} */
  synchronized int inHand() {
    return inHand.size() + downloads.inHand();
  }

  private void answered(Search search) {
    synchronized (this) {
      inHand.remove(search);
    }
    endIfIdle();
    answeredOne.run();
  }

  private void endIfIdle() {
    boolean idle;
    synchronized (this) {
      idle = closed && inHand() == 0;
    }
    if (idle) {
      work.end(Work.State.CANCELLED);
    }
  }
}
