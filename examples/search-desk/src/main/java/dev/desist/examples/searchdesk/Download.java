package dev.desist.examples.searchdesk;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancelledException;
import dev.desist.io.CancellableFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * One download of a page, from its start to the moment at which its file is ready, or nothing is
 * left of it. Runs on a thread of its own, so that it holds up no search.
 *
 * <p>The file appears when it is whole. Until then, and while it is handed over, a cancellation
 * wins; after that, completion does.
 */
final class Download {
  /**
   * How a download ended. What was partly written is removed by then.
   *
   * @param how complete, cancelled or failed
   * @param packed what is in the file; nothing, if it was not complete
   * @param reason the kind of the reason for which it was cancelled, else empty
   * @param message why it was cancelled or failed, else empty
   */
  record Ending(Work.State how, DownloadProgress packed, String reason, String message) {}

  /** Tells the page; called by one thread at a time, and must not block. */
  interface Answer {
    /** The first call. */
    void begin(int id, String name);

    /** How far it is. */
    void progress(DownloadProgress progress);

    /** The last call. */
    void end(Ending ending);
  }

  private final int id;
  private final Query query;
  private final Work work;
  private final Path file;
  private final Answer answer;

  /**
   * @param id its number among those of its page
   * @param work its node
   * @param file where it is to be when it is complete
   */
  Download(int id, Query query, Work work, Path file, Answer answer) {
    this.id = id;
    this.query = query;
    this.work = work;
    this.file = file;
    this.answer = answer;
  }

  int id() {
    return id;
  }

  Query query() {
    return query;
  }

  Path file() {
    return file;
  }

  Work work() {
    return work;
  }

  String name() {
    return work.name();
  }

  /**
   * Sets it off.
   *
   * @param keeper asked to keep the complete file; if it does not, the file is removed, for then
   *     this was cancelled
   */
  void start(ShownFiles source, BiPredicate<Download, DownloadProgress> keeper) {
    work.run(
        task -> Thread.ofPlatform().name(work.name()).daemon().start(task),
        () -> pack(source, keeper),
        (packed, failure) -> answer.end(ending(packed, failure)));
  }

  private static Ending ending(DownloadProgress packed, @Nullable Throwable failure) {
    return switch (failure) {
      case null -> new Ending(Work.State.COMPLETE, packed, "", "");
      case CancelledException e ->
          new Ending(
              Work.State.CANCELLED, DownloadProgress.NONE, e.reason().kind(), e.reason().message());
      case IOException e when e.getMessage() != null -> failed(e.getMessage());
      default -> failed(failure.toString());
    };
  }

  private static Ending failed(String message) {
    return new Ending(Work.State.FAILED, DownloadProgress.NONE, "", message);
  }

  /** {@return whether this call cancelled it} */
  boolean cancel(CancellationReason reason) {
    return work.cancel(reason);
  }

  boolean isCancelled() {
    return work.token().isCancelled();
  }

  private DownloadProgress pack(ShownFiles source, BiPredicate<Download, DownloadProgress> keeper)
      throws Exception {
    var job = new ZipJob(work.name(), source, answer::progress);
    var packed = new AtomicReference<>(DownloadProgress.NONE);
    CancellableFiles.write(Cancellation.current(), file, out -> packed.set(job.run(out, query)));
    if (!keeper.test(this, packed.get())) {
      Files.deleteIfExists(file);
      Cancellation.checkpoint();
      throw new IOException("nobody keeps " + file.getFileName());
    }
    return packed.get();
  }
}
