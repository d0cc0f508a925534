package dev.desist.examples.searchdesk;

import dev.desist.Cancellation;
import dev.desist.CancelledException;
import dev.desist.Outcome;
import dev.desist.examples.searchdesk.ShownFiles.ShownFile;
import dev.desist.scope.Grace;
import dev.desist.scope.Subtask;
import dev.desist.scope.TaskScope;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;

/**
 * Packs the files of a page of hits into a ZIP, under the current token and its deadline.
 *
 * <p>Subtasks of a scope read and compress, a few at a time; the scope's owner writes what they
 * give, in the order of the files. It forks a few files ahead of the one it writes, so that memory
 * holds these few and not the whole.
 */
final class ZipJob {
  private static final int AT_A_TIME = Math.min(4, Runtime.getRuntime().availableProcessors());
  private static final int AHEAD = 3 * AT_A_TIME;
  private static final long PACE = 100_000_000;

  /** For SQLite: see {@link Desk}. */
  private static final ThreadFactory THREADS =
      Thread.ofPlatform().name("packer-", 1).daemon().factory();

  /**
   * Whatever is left behind holds nothing but a database connection: only the owner has the file.
   */
  private static final Grace GRACE = Grace.leaveAfter(Duration.ofSeconds(1));

  private final String name;
  private final ShownFiles source;
  private final Consumer<DownloadProgress> listener;
  private long toldAt;

  /**
   * @param name what the scope is called
   * @param listener hears how far it has come, on the thread that runs it: at once, then at a pace
   *     that eyes can follow
   */
  ZipJob(String name, ShownFiles source, Consumer<DownloadProgress> listener) {
    this.name = name;
    this.source = source;
    this.listener = listener;
  }

  /**
   * Writes the ZIP, whole when this returns.
   *
   * @param out stays open
   * @return what is in it
   * @throws CancelledException if the current token was cancelled before
   * @throws Exception if something failed; an {@link java.util.concurrent.ExecutionException} has
   *     the failure of a subtask as its cause
   */
  DownloadProgress run(OutputStream out, Query query) throws Exception {
    List<ShownFile> files = source.find(Cancellation.current(), query);
    if (files.isEmpty()) {
      throw new IOException("no line contains “" + query.text() + "”");
    }
    var counter =
        new DownloadProgress.Counter(
            files.size(), files.stream().mapToLong(ShownFile::lines).sum());
    tell(counter.now(0));
    var zip = new ZipWriter(out);
    pack(files, zip, counter);
    zip.finish();
    return counter.now(zip.written());
  }

  private void pack(List<ShownFile> files, ZipWriter zip, DownloadProgress.Counter counter)
      throws Exception {
    var names = new EntryNames();
    var begun = new ArrayDeque<Begun>();
    try (var scope =
        TaskScope.<PackedFile>open(
            c ->
                c.withName(name)
                    .withThreadFactory(THREADS)
                    .withParallelism(AT_A_TIME)
                    .withGrace(GRACE))) {
      try {
        for (ShownFile file : files) {
          if (begun.size() == AHEAD) {
            write(scope, begun.remove(), zip, counter);
          }
          String entry = names.of(file.path());
          begun.add(new Begun(file, scope.fork(file.path(), () -> packed(file, entry))));
        }
        while (!begun.isEmpty()) {
          write(scope, begun.remove(), zip, counter);
        }
      } catch (CancelledException e) {
        // If the scope stopped because a subtask failed, join throws that. But it does not throw
        // if the last subtask had ended when the cancellation came, and not all is written yet.
        scope.join();
        throw e;
      }
      scope.join();
    }
  }

  /** A file that is being read. */
  private record Begun(ShownFile file, Subtask<PackedFile> packing) {}

  private PackedFile packed(ShownFile file, String entry) throws Exception {
    try (var packer = new PackedFile.Packer(entry)) {
      source.read(Cancellation.current(), file, packer::line);
      return packer.finish();
    }
  }

  private void write(
      TaskScope<PackedFile, ?> scope, Begun next, ZipWriter zip, DownloadProgress.Counter counter)
      throws Exception {
    scope.token().throwIfCancelled(); // also if all is packed, and not yet written
    next.packing.await(scope.token());
    if (!(next.packing.outcome().orElseThrow()
        instanceof Outcome.Success<PackedFile>(var packed))) {
      // It has failed, and the scope is cancelled for it, now or in a moment: join says why.
      scope.token().await();
      throw new CancelledException(scope.token());
    }
    zip.add(packed);
    counter.add(next.file.lines());
    tell(counter.now(zip.written()));
  }

  private void tell(DownloadProgress progress) {
    long now = System.nanoTime();
    if (progress.files() == 0 || now - toldAt >= PACE) {
      toldAt = now;
      listener.accept(progress);
    }
  }
}
