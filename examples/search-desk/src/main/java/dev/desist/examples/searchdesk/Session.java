package dev.desist.examples.searchdesk;

import dev.desist.CancellationReason;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.stream.Stream;

/**
 * An open page. Its latest request wins: a newer one takes the place of those in hand.
 *
 * <p>Not by {@link dev.desist.concurrent.Latest}, which delivers the newest outcome alone: here
 * every request is answered, those in whose place another came too, and each has a name of the
 * page's, is shown and has its deadline from its arrival on, and may be given up by itself.
 */
final class Session {
  private final Work work;
  private final Ledger ledger;
  private final Downloads downloads;

  // Guarded by this.
  private final Set<Work> inHand = new HashSet<>();
  private long latest;

  /**
   * @param work its node
   * @param folder where its downloads go
   */
  Session(Work work, Ledger ledger, DownloadFolder folder) {
    this.work = work;
    this.ledger = ledger;
    this.downloads = new Downloads(work, folder);
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
    Set<Work> superseded = Set.of();
    boolean overtaken;
    synchronized (this) {
      overtaken = request.sequence() <= latest;
      latest = Math.max(latest, request.sequence());
      if (request.cancellation() && !overtaken) {
        superseded = Set.copyOf(inHand);
      }
      inHand.add(node);
    }
    // First stop the old, then start the new; not under the lock, for cancelling runs callbacks.
    for (Work old : superseded) {
      old.cancel(CancellationReason.superseded("%s took its place".formatted(request.name())));
    }
    if (overtaken && request.cancellation()) {
      node.cancel(CancellationReason.superseded("a newer request arrived before it"));
    }
    request.timeout().ifPresent(node::cancelAfter);
    var _ = node.over().thenRun(() -> answered(node));
    var search = new Search(request.query(), node, ledger, answer);
    search.submit(workers, index);
    return search;
  }

  /** The page is gone, or goes: whatever it waits for is cancelled. */
  void close(CancellationReason reason) {
    work.cancel(reason);
    downloads.close();
    var _ = Work.allOver(inHand()).thenRun(() -> work.end(Work.State.CANCELLED));
  }

  /** {@return requests that wait or run, and downloads that go on} */
  synchronized List<Work> inHand() {
    return Stream.concat(inHand.stream().filter(Work::isGoingOn), downloads.inHand().stream())
        .toList();
  }

  private synchronized void answered(Work node) {
    inHand.remove(node);
  }
}
