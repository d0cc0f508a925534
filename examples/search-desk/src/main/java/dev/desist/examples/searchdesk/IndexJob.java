package dev.desist.examples.searchdesk;

import dev.desist.CancellationReason;
import dev.desist.CancelledException;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;

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
  synchronized void start() {
    if (running.isPresent() || index.isPresent()) {
      return;
    }
    Work work = server.child("index", source.title());
    running = Optional.of(work);
    Thread.ofPlatform().name("indexer").daemon().start(() -> run(work));
  }

  synchronized boolean isRunning() {
    return running.isPresent();
  }

  /** Stops it before the next batch; what is read is kept. */
  void cancel(CancellationReason reason) {
    Optional<Work> work;
    synchronized (this) {
      work = running;
    }
    work.ifPresent(present -> present.cancel(reason));
  }

  private void run(Work work) {
    work.start();
    Status end = read(work);
    work.end(
        switch (end.state()) {
          case READY -> Work.State.COMPLETE;
          case STOPPED -> Work.State.CANCELLED;
          default -> Work.State.FAILED;
        });
    // Whoever sees that it no longer runs sees how it ended; whoever hears so can set it off again.
    status = end;
    synchronized (this) {
      running = Optional.empty();
    }
    listener.accept(end);
  }

  private Status read(Work work) {
    try {
      tell(new Status(State.CHECKING, "", IndexProgress.NONE));
      var files = source.files();
      var database = new Database(options.cache(), source.location(), source.stamp(files));
      new Indexer(source, files, database)
          .run(
              work.token(),
              note -> tell(new Status(State.CHECKING, note, IndexProgress.NONE)),
              progress -> tell(new Status(State.READING, "", progress)));
      index = Optional.of(new Index(database));
      return new Status(State.READY, "", status.progress());
    } catch (CancelledException e) {
      return new Status(State.STOPPED, e.reason().message(), status.progress());
    } catch (IOException | SQLException e) {
      return new Status(State.FAILED, String.valueOf(e.getMessage()), status.progress());
    }
  }

  private void tell(Status next) {
    status = next;
    listener.accept(next);
  }
}
