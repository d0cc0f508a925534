package dev.desist.examples.searchdesk;

import dev.desist.CancellationReason;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Brings the index into being, on a thread of its own; can be stopped and set off again. */
final class IndexJob {
  /** What the page is told. */
  record Status(State state, String message, IndexProgress progress) {
    JsonObject toJson() {
      return new JsonObject()
          .put("state", state.name().toLowerCase(Locale.ROOT))
          .put("message", message)
          .put("files", progress.files())
          .put("totalFiles", progress.totalFiles())
          .put("lines", progress.lines())
          .put("fraction", progress.fraction())
          .put("linesPerSecond", progress.linesPerSecond())
          .put("secondsLeft", progress.left().toMillis() / 1000.0);
    }
  }

  enum State {
    CHECKING,
    READING,
    READY,
    STOPPED,
    FAILED
  }

  private final Work server;
  private final Source source;
  private final Options options;
  private final Consumer<Status> listener;

  private volatile Status status = new Status(State.CHECKING, "", IndexProgress.NONE);
  private volatile Optional<Index> index = Optional.empty();
  // Guarded by this.
  private Optional<Work> running = Optional.empty();

  /**
   * @param server the node below which reading appears
   * @param listener hears every change, on the thread that reads
   */
  IndexJob(Work server, Source source, Options options, Consumer<Status> listener) {
    this.server = server;
    this.source = source;
    this.options = options;
    this.listener = listener;
  }

  Status status() {
    return status;
  }

  /** {@return the index, once it is complete} */
  Optional<Index> index() {
    return index;
  }

  /** Sets it off, unless it is under way or done. */
  void start() {
    Work work;
    synchronized (this) {
      if (running.isPresent() || index.isPresent()) {
        return;
      }
      work = server.child("index", source.title());
      running = Optional.of(work);
    }
    work.run(
        task -> Thread.ofPlatform().name("indexer").daemon().start(task),
        () -> read(work.token()),
        this::ended);
  }

  /** {@return what it is doing, if it is under way} */
  synchronized Optional<Work> running() {
    return running;
  }

  /** Stops it before the next batch; what is read is kept. */
  void cancel(CancellationReason reason) {
    running().ifPresent(work -> work.cancel(reason));
  }

  private Index read(CancellationToken token) throws IOException, SQLException {
    tell(State.CHECKING, "", IndexProgress.NONE);
    var files = source.files();
    var database = new Database(options.cache(), source.location(), source.stamp(files));
    new Indexer(source, files, database)
        .run(
            token,
            note -> tell(State.CHECKING, note, IndexProgress.NONE),
            progress -> tell(State.READING, "", progress));
    return new Index(database);
  }

  private void ended(Index complete, @Nullable Throwable failure) {
    IndexProgress progress = status.progress();
    // Whoever sees that it no longer runs sees how it ended; whoever hears so can set it off again.
    if (failure == null) {
      index = Optional.of(complete);
    }
    Status end =
        switch (failure) {
          case null -> new Status(State.READY, "", progress);
          case CancelledException e -> new Status(State.STOPPED, e.reason().message(), progress);
          default -> new Status(State.FAILED, String.valueOf(failure.getMessage()), progress);
        };
    status = end;
    synchronized (this) {
      running = Optional.empty();
    }
    listener.accept(end);
  }

  private void tell(State state, String message, IndexProgress progress) {
    status = new Status(state, message, progress);
    listener.accept(status);
  }
}
