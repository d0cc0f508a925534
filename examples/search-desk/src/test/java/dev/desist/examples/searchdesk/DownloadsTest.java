package dev.desist.examples.searchdesk;

import static dev.desist.examples.searchdesk.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A cancellation that comes when the file is all but ready. */
class DownloadsTest {
  private static final int ROUNDS = 200 * Integer.getInteger("desist.stress", 1);

  @TempDir Path cache;

  /** How a download ended. */
  private static final class Ended implements Download.Answer {
    private final CompletableFuture<Download.Ending> ending = new CompletableFuture<>();

    @Override
    public void begin(int id, String name) {}

    @Override
    public void progress(DownloadProgress progress) {}

    @Override
    public void end(Download.Ending how) {
      ending.complete(how);
    }
  }

  private static List<String> files(DownloadFolder folder) throws IOException {
    try (Stream<Path> found = Files.list(folder.file("any").resolveSibling(""))) {
      return found.map(Path::toString).toList();
    }
  }

  private Index index() throws Exception {
    Path zip = cache.resolve("some.zip");
    Sources.generate(zip, 5, 40);
    return new Index(Sources.indexed(zip, cache));
  }

  /**
   * Stops a download earlier or later: sooner than its file, after it, and in between. The time to
   * wait moves towards the moment at which it is ready.
   */
  @Test
  void whoStopsItFindsNothingLeftHoweverLate() throws Exception {
    Work root = Work.root("server");
    try (Index index = index();
        var folder = DownloadFolder.open(cache)) {
      var downloads = new Downloads(root.child("session 1", ""), folder);
      Set<Work.State> seen = EnumSet.noneOf(Work.State.class);
      long nanos = 0;
      long step = 500_000;
      boolean wasLate = false;
      for (int round = 0; round < ROUNDS; round++) {
        var answer = new Ended();
        int id =
            downloads
                .start(Query.of("line 7 "), ShownFiles.of(index), Duration.ofMinutes(1), answer)
                .id();
        long until = System.nanoTime() + nanos;
        while (System.nanoTime() < until) {
          Thread.onSpinWait();
        }
        downloads.stop(id, CancellationReason.requested("enough"));
        Work.State how = answer.ending.get().how();
        assertEquals(List.of(), files(folder), "round " + round + ": " + how);
        assertTrue(downloads.ready(id).isEmpty());
        seen.add(how);
        boolean late = how == Work.State.COMPLETE;
        if (late != wasLate) {
          step = Math.max(5_000, step / 2);
        }
        wasLate = late;
        nanos = Math.max(0, nanos + (late ? -step : step));
      }
      assertEquals(EnumSet.of(Work.State.COMPLETE, Work.State.CANCELLED), seen);
      eventually("all have ended", () -> downloads.inHand().isEmpty());
    }
  }

  /** The last moment of all: its file is complete, and about to be handed over. */
  @Test
  void aDownloadThatIsCancelledAtTheHandoverIsNotKept() throws Exception {
    Work root = Work.root("server");
    try (Index index = index();
        var folder = DownloadFolder.open(cache)) {
      var downloads = new Downloads(root, folder);
      var answer = new Ended();
      var download =
          new Download(
              1, Query.of("line 7 "), root.child("download 1", ""), folder.file("a.zip"), answer);
      download.start(
          ShownFiles.of(index),
          (complete, packed) -> {
            assertTrue(Files.exists(complete.file()));
            complete.cancel(CancellationReason.requested("just in time"));
            return downloads.keep(complete, packed);
          });
      Download.Ending ending = answer.ending.get();
      assertEquals(Work.State.CANCELLED, ending.how());
      assertEquals("just in time", ending.message());
      assertEquals(List.of(), files(folder));
      assertTrue(downloads.ready(1).isEmpty());
    }
  }

  /** The same of a page that is closed. */
  @Test
  void whatGetsReadyWhileThePageIsClosedIsRemoved() throws Exception {
    Work root = Work.root("server");
    try (Index index = index();
        var folder = DownloadFolder.open(cache)) {
      for (int round = 0; round < ROUNDS; round++) {
        Work page = root.child("session " + round, "");
        var downloads = new Downloads(page, folder);
        var answer = new Ended();
        downloads.start(Query.of("line 7 "), ShownFiles.of(index), Duration.ofMinutes(1), answer);
        long until = System.nanoTime() + round * 20_000L % 4_000_000;
        while (System.nanoTime() < until) {
          Thread.onSpinWait();
        }
        page.cancel(CancellationReason.disconnected("its page was closed"));
        downloads.close();
        answer.ending.get();
        assertEquals(List.of(), files(folder), "round " + round);
        page.end(Work.State.CANCELLED);
      }
    }
  }
}
