package dev.desist.examples.searchdesk;

import dev.desist.CancellationReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The downloads of one page: at most one goes on, since a newer one takes the place of the one
 * before, and files that are ready wait here until they are fetched or the page is gone.
 *
 * <p>A file is entered here, and its download asked whether it is cancelled, under one lock; who
 * stops a download cancels it first and looks for its file afterwards, under the same lock. So one
 * of the two removes the file, however late the cancellation comes.
 */
final class Downloads {
  /**
   * A file that is ready.
   *
   * @param name what the browser is to call it
   */
  record Ready(Path file, String name) {}

  private final Work session;
  private final DownloadFolder folder;

  // Guarded by this.
  private final Map<Integer, Download> inHand = new HashMap<>();
  private final Map<Integer, Ready> ready = new HashMap<>();
  private int latest;
  private boolean closed;

  /**
   * @param session the node below which they appear
   */
  Downloads(Work session, DownloadFolder folder) {
    this.session = session;
    this.folder = folder;
  }

  /** Starts one, and cancels the one before. */
  Download start(Query query, ShownFiles source, Duration timeout, Download.Answer answer) {
    Work node;
    Download download;
    Set<Download> superseded;
    synchronized (this) {
      int id = ++latest;
      node = session.child("download " + id, query.text());
      Path file = folder.file("%s %s.zip".formatted(session.name(), node.name()).replace(' ', '-'));
      download = new Download(id, query, node, file, answer);
      superseded = Set.copyOf(inHand.values());
      inHand.put(id, download);
    }
    node.cancelAfter(timeout);
    answer.begin(download.id(), download.name());
    for (Download old : superseded) {
      old.cancel(CancellationReason.superseded(download.name() + " took its place"));
    }
    var _ = node.over().thenRun(() -> ended(download));
    download.start(source, this::keep);
    return download;
  }

  /**
   * {@return whether a file that is complete is wanted: not if its download is cancelled by now}
   */
  synchronized boolean keep(Download download, DownloadProgress packed) {
    if (closed || download.isCancelled()) {
      return false;
    }
    ready.put(download.id(), new Ready(download.file(), nameFor(download.query())));
    return true;
  }

  private static String nameFor(Query query) {
    String words = query.text().replaceAll("[^A-Za-z0-9]+", "-").replaceAll("^-|-$", "");
    return "search-desk-"
        + (words.isEmpty() ? "hits" : words.substring(0, Math.min(60, words.length())))
        + ".zip";
  }

  private synchronized void ended(Download download) {
    inHand.remove(download.id());
  }

  /**
   * Cancels a download, or removes its file if it is ready.
   *
   * @return whether there was one
   */
  boolean stop(int id, CancellationReason reason) {
    Optional<Download> running;
    synchronized (this) {
      running = Optional.ofNullable(inHand.get(id));
    }
    running.ifPresent(download -> download.cancel(reason));
    return remove(id) || running.isPresent();
  }

  /** {@return the file of a download, if it is ready and was not fetched yet} */
  synchronized Optional<Ready> ready(int id) {
    return Optional.ofNullable(ready.get(id));
  }

  /** Removes a file that is ready; returns whether there was one. */
  boolean remove(int id) {
    Optional<Ready> found;
    synchronized (this) {
      found = Optional.ofNullable(ready.remove(id));
    }
    found.ifPresent(Downloads::delete);
    return found.isPresent();
  }

  /** {@return those that go on} */
  synchronized List<Work> inHand() {
    return inHand.values().stream().map(Download::work).filter(Work::isGoingOn).toList();
  }

  /** Removes what nobody fetched. The token of the page is cancelled by now. */
  void close() {
    List<Ready> left;
    synchronized (this) {
      closed = true;
      left = List.copyOf(ready.values());
      ready.clear();
    }
    left.forEach(Downloads::delete);
  }

  private static void delete(Ready ready) {
    try {
      Files.deleteIfExists(ready.file());
    } catch (IOException _) {
      // It goes with the folder, when the desk ends.
    }
  }
}
