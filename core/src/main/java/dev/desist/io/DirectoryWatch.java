package dev.desist.io;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.Deadline;
import dev.desist.internal.Stack;
import dev.desist.internal.Waiters;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells what happens in directories, to those who wait under a token. A cancelled wait loses
 * nothing: the next one gets the changes.
 *
 * {@snippet class="dev.desist.snippets.FileSnippets" region="watch"}
 *
 * <p>It stands on a {@link WatchService}: how quick it is, and how much of what happens in a short
 * time comes as one change, is the system's affair. A directory's own directories are not watched
 * with it: {@linkplain #add add} them.
 *
 * <h2>Which thread runs what, and what blocks</h2>
 *
 * <p>The first wait starts a virtual thread that waits for the service, until this is closed.
 * Waiting threads hold no carrier.
 *
 * <h2>Thread safety</h2>
 *
 * <p>All methods may be called from any thread. What several wait for is divided between them, each
 * change going to one.
 *
 * <h2>General exceptions</h2>
 *
 * <p>Once this is closed, {@code add}, {@code take} and {@code poll} throw a {@link
 * ClosedWatchServiceException}, and so do those who wait on other threads. A null argument gives a
 * {@link NullPointerException} that names the parameter.
 */
public final class DirectoryWatch implements Closeable {
  /** What has happened. */
  public enum Kind {
    /** There is a new entry, perhaps one that was moved here. */
    CREATED,
    /** A file's content or attributes have changed. */
    MODIFIED,
    /** An entry is gone, perhaps moved away. */
    DELETED,
    /** Too much happened at a time; look for yourself what it was. */
    OVERFLOW,
    /** The directory is not watched any more: it is gone, or cannot be reached. */
    LOST
  }

  /**
   * Something that happened.
   *
   * @param kind what
   * @param path to what: the directory that was added, with the entry's name; the directory alone
   *     for {@link Kind#OVERFLOW} and {@link Kind#LOST}
   */
  public record Change(Kind kind, Path path) {
    /** Checks that nothing is missing. */
    public Change {
      Objects.requireNonNull(kind, "kind");
      Objects.requireNonNull(path, "path");
    }
  }

  private final WatchService service;
  private final Waiters waiters = new Waiters();

  /**
   * Whose events are to be fetched; put in by the waiting thread, which takes nothing from them.
   */
  private final Queue<WatchKey> signalled = new ConcurrentLinkedQueue<>();

  private final Map<WatchKey, Path> directories = new ConcurrentHashMap<>();

  /** Fetched, and nobody's yet: what is here is not lost if fetching the next one fails. */
  private final Queue<Change> fetched = new ConcurrentLinkedQueue<>();

  // Written under the monitor.
  private boolean started;
  private volatile boolean closed;

  /** What the waiting thread died of; for one who waits, and the next has another one started. */
  private volatile @Nullable Throwable failure;

  private DirectoryWatch(WatchService service) {
    this.service = service;
  }

  /**
   * {@return a watch over {@code directory}, from now on}
   *
   * @param directory what to watch
   * @throws NotDirectoryException if it is none
   * @throws IOException if it cannot be watched
   */
  public static DirectoryWatch of(Path directory) throws IOException {
    Objects.requireNonNull(directory, "directory");
    var made = new DirectoryWatch(directory.getFileSystem().newWatchService());
    try {
      made.add(directory);
      return made;
    } catch (Throwable e) {
      made.close();
      throw e;
    }
  }

  /**
   * Watches another directory as well, of the same file system.
   *
   * @param directory what to watch
   * @throws NotDirectoryException if it is none
   * @throws java.nio.file.ProviderMismatchException if it is of another file system
   * @throws IOException if it cannot be watched
   */
  public void add(Path directory) throws IOException {
    Objects.requireNonNull(directory, "directory");
    if (!Files.isDirectory(directory)) {
      throw new NotDirectoryException(directory.toString());
    }
    WatchKey key =
        directory.register(
            service,
            StandardWatchEventKinds.ENTRY_CREATE,
            StandardWatchEventKinds.ENTRY_MODIFY,
            StandardWatchEventKinds.ENTRY_DELETE);
    directories.put(key, directory);
  }

  /**
   * Waits for changes.
   *
   * @param token what may end the wait
   * @return at least one, in the order of their happening in each directory
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws InterruptedIOException if the thread was or is interrupted while it waits; it stays so
   * @throws IOException what the watch service of the file system failed with
   */
  public List<Change> take(CancellationToken token) throws IOException {
    Objects.requireNonNull(token, "token");
    return await(Cancellation.currentWith(token), Deadline.none());
  }

  /**
   * Waits for changes, for some time.
   *
   * @param token what may end the wait
   * @param timeout how long; zero takes what is there
   * @return none if the time has passed
   * @throws IllegalArgumentException if the timeout is negative
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws InterruptedIOException if the thread was or is interrupted while it waits; it stays so
   * @throws IOException what the watch service of the file system failed with
   */
  public List<Change> poll(CancellationToken token, Duration timeout) throws IOException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(timeout, "timeout");
    return await(Cancellation.currentWith(token), Deadline.after(timeout));
  }

  private List<Change> await(CancellationToken token, Deadline deadline) throws IOException {
    Stack.reserve();
    BooleanSupplier isReady =
        () -> closed || !signalled.isEmpty() || !fetched.isEmpty() || failure != null;
    while (true) {
      CancelledIOException.throwIfCancelled(token);
      if (closed) {
        throw new ClosedWatchServiceException();
      }
      List<Change> changes = fetch();
      if (!changes.isEmpty()) {
        return changes;
      }
      if (deadline.isPassed()) {
        CancelledIOException.throwIfCancelled(token);
        return changes;
      }
      start();
      try {
        waiters.await(() -> token.awaitOr(isReady, deadline));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("the thread was interrupted");
      }
    }
  }

  private List<Change> fetch() {
    for (WatchKey key = next(); key != null; key = next()) {
      fetch(key);
    }
    var changes = new ArrayList<Change>();
    for (Change change = fetched.poll(); change != null; change = fetched.poll()) {
      changes.add(change);
    }
    return changes;
  }

  /** The key goes on whatever happens: one that is not reset is never heard of again. */
  private void fetch(WatchKey key) {
    Path directory = directories.get(key);
    if (directory == null) {
      directory = (Path) key.watchable(); // between its registration and its entry
    }
    try {
      for (WatchEvent<?> event : key.pollEvents()) {
        Change change = change(directory, event);
        if (change != null) {
          fetched.add(change);
        }
      }
    } finally {
      if (!key.reset() && directories.remove(key) != null && !closed) {
        fetched.add(new Change(Kind.LOST, directory));
      }
    }
  }

  private @Nullable WatchKey next() {
    WatchKey key = signalled.poll();
    return key == null ? service.poll() : key; // the thread may not have come to it yet
  }

  private static @Nullable Change change(Path directory, WatchEvent<?> event) {
    WatchEvent.Kind<?> kind = event.kind();
    if (kind == StandardWatchEventKinds.OVERFLOW) {
      return new Change(Kind.OVERFLOW, directory);
    }
    if (!(event.context() instanceof Path name)) {
      return null;
    }
    Path path = directory.resolve(name);
    return kind == StandardWatchEventKinds.ENTRY_CREATE
        ? new Change(Kind.CREATED, path)
        : new Change(
            kind == StandardWatchEventKinds.ENTRY_DELETE ? Kind.DELETED : Kind.MODIFIED, path);
  }

  /**
   * Sees to it that the service is waited for.
   *
   * @throws IOException what it failed with
   */
  private synchronized void start() throws IOException {
    Throwable died = failure;
    if (died != null) {
      failure = null;
      throw Transfer.thrown(died);
    }
    if (!started && !closed) {
      started = true;
      try {
        Thread.ofVirtual()
            .name("desist-watch")
            .inheritInheritableThreadLocals(false)
            .start(this::run);
      } catch (Throwable e) {
        started = false;
        throw e;
      }
    }
  }

  private void run() {
    try {
      while (true) {
        signalled.add(service.take());
        waiters.wake();
      }
    } catch (Throwable e) { // a service that is somebody else's may fail with anything
      synchronized (this) {
        started = false;
        failure = closed ? null : e;
      }
      waiters.wake();
    }
  }

  /** Stops watching, and ends what waits on other threads. What was not taken is lost. */
  @Override
  public void close() throws IOException {
    synchronized (this) {
      closed = true;
    }
    service.close();
    waiters.wake();
  }

  /** {@return what is watched, in words} */
  @Override
  public String toString() {
    return "DirectoryWatch" + directories.values() + (closed ? " (closed)" : "");
  }
}
