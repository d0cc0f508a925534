package dev.desist.examples.searchdesk;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.concurrent.Futures;
import dev.desist.scope.Tasks;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Everything but HTTP: the index, the open pages, the workers, and how it all stops.
 *
 * <p>Searches run on a few platform threads, one per core: SQLite's calls are native, and would pin
 * a virtual thread to its carrier or hold up an event loop.
 */
final class Desk {
  /** How long the cancelled may take to stop before the desk ends without them. */
  private static final Duration LAST_WAIT = Duration.ofSeconds(2);

  private final Work server = Work.root("server");
  private final Ledger ledger = new Ledger();
  private final Map<String, Session> sessions = new ConcurrentHashMap<>();
  private final AtomicLong sessionNumbers = new AtomicLong();
  private final ExecutorService workers =
      Executors.newFixedThreadPool(
          Runtime.getRuntime().availableProcessors(),
          Thread.ofPlatform().name("worker-", 1).daemon().factory());
  private final ExecutorService viewer =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("viewer").daemon().factory());
  private final DownloadFolder downloads;
  private final UnaryOperator<ShownFiles> around;
  private final Source source;
  private final IndexJob indexJob;
  private volatile boolean stopping;

  /**
   * @param indexListener hears every change of the index
   * @throws IOException if the cache cannot be written to
   */
  Desk(Source source, Options options, Consumer<IndexJob.Status> indexListener) throws IOException {
    this(source, options, indexListener, UnaryOperator.identity());
  }

  /**
   * @param around put around what downloads read from
   */
  Desk(
      Source source,
      Options options,
      Consumer<IndexJob.Status> indexListener,
      UnaryOperator<ShownFiles> around)
      throws IOException {
    this.source = source;
    this.around = around;
    this.downloads = DownloadFolder.open(options.cache());
    this.indexJob = new IndexJob(server, source, options, indexListener);
    server.start();
  }

  Source source() {
    return source;
  }

  IndexJob indexJob() {
    return indexJob;
  }

  boolean isStopping() {
    return stopping;
  }

  /** {@return the number of a new page} */
  String openSession() {
    String id = String.valueOf(sessionNumbers.incrementAndGet());
    Work node = server.child("session " + id, "");
    sessions.put(id, new Session(node, ledger, downloads));
    return id;
  }

  void closeSession(String id, CancellationReason reason) {
    Session session = sessions.remove(id);
    if (session != null) {
      session.close(reason);
    }
  }

  Optional<Session> session(String id) {
    return Optional.ofNullable(sessions.get(id));
  }

  Search search(Session session, Session.Request request, Index index, Search.Answer answer) {
    return session.search(request, index, workers, answer);
  }

  Download download(
      Session session, Query query, Index index, Duration timeout, Download.Answer answer) {
    return session.downloads().start(query, around.apply(ShownFiles.of(index)), timeout, answer);
  }

  /** {@return the thread for looking into files, which never waits behind a search} */
  ExecutorService viewer() {
    return viewer;
  }

  /** {@return the tree and the counters, of now} */
  JsonObject picture() {
    return new JsonObject().put("tree", server.toJson()).put("counters", ledger.toJson());
  }

  /**
   * What the end of the desk came to.
   *
   * @param pages pages that were open
   * @param inHand requests that were waiting or running, and downloads
   * @param downloads those of them that were downloads
   * @param cancelled those of them that outlasted the grace time
   * @param deaf those that did not even stop then
   */
  record Stopped(int pages, int inHand, int downloads, int cancelled, int deaf, Duration took) {}

  /** From now on no search and no download is let in. */
  void refuseSearches() {
    stopping = true;
  }

  /**
   * Refuses new searches and downloads, gives those in hand their time, cancels the rest and waits
   * for it to stop. Blocks for the grace time and {@link #LAST_WAIT} at most.
   */
  Stopped stop(Duration grace) throws InterruptedException {
    long begun = System.nanoTime();
    refuseSearches();
    int pages = sessions.size();
    int inHand = inHand().size();
    int packing =
        sessions.values().stream().mapToInt(session -> session.downloads().inHand().size()).sum();
    indexJob.cancel(goingDown());
    waitForIdle(grace);
    int cancelled = inHand().size();
    // A new reason, for a reason says when: only now, after the grace time.
    CancellationReason goingDown = goingDown();
    server.cancel(goingDown);
    waitForIdle(LAST_WAIT);
    int deaf = inHand().size();
    sessions.keySet().forEach(id -> closeSession(id, goingDown));
    downloads.close();
    if (deaf == 0) {
      closeIndex();
    }
    Duration took = Duration.ofNanos(System.nanoTime() - begun);
    return new Stopped(pages, inHand, packing, cancelled, deaf, took);
  }

  private static CancellationReason goingDown() {
    return CancellationReason.shutdown("the search desk is stopping");
  }

  private List<Work> inHand() {
    return sessions.values().stream().flatMap(session -> session.inHand().stream()).toList();
  }

  /** Waits for what is in hand now: nothing is let in any more. */
  private void waitForIdle(Duration longest) throws InterruptedException {
    var all = Stream.concat(inHand().stream(), indexJob.running().stream()).toList();
    var _ =
        Tasks.outcomeWithin(
            longest, () -> Futures.await(Cancellation.current(), Work.allOver(all)));
  }

  private void closeIndex() {
    indexJob
        .index()
        .ifPresent(
            index -> {
              try {
                index.close();
              } catch (SQLException _) {
                // It was only read from, and the process ends.
              }
            });
  }
}
