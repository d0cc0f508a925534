package dev.desist.examples.searchdesk;

import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.Optional;

/**
 * How far a download has come.
 *
 * @param files files that are in it
 * @param totalFiles files that are to be in it
 * @param bytes the size of what is written
 * @param fraction the part of all lines that is in it, from 0 to 1
 * @param left the time left at the rate so far, once there is a rate
 */
record DownloadProgress(
    int files, int totalFiles, long bytes, double fraction, Optional<Duration> left) {

  static final DownloadProgress NONE = new DownloadProgress(0, 0, 0, 0, Optional.empty());

  JsonObject toJson() {
    var json =
        new JsonObject()
            .put("files", files)
            .put("totalFiles", totalFiles)
            .put("bytes", bytes)
            .put("fraction", fraction);
    left.ifPresent(time -> json.put("secondsLeft", time.toMillis() / 1000.0));
    return json;
  }

  /** Counts as a download goes on. */
  static final class Counter {
    /** Before that, a rate says nothing. */
    private static final Duration WARM_UP = Duration.ofMillis(300);

    private final int totalFiles;
    private final long totalLines;
    private final long begun = System.nanoTime();
    private int files;
    private long lines;

    Counter(int totalFiles, long totalLines) {
      this.totalFiles = totalFiles;
      this.totalLines = totalLines;
    }

    void add(int lines) {
      this.files++;
      this.lines += lines;
    }

    DownloadProgress now(long bytes) {
      long passed = System.nanoTime() - begun;
      Optional<Duration> left =
          lines == 0 || passed < WARM_UP.toNanos()
              ? Optional.empty()
              : Optional.of(
                  Duration.ofNanos((long) ((double) passed / lines * (totalLines - lines))));
      return new DownloadProgress(
          files, totalFiles, bytes, totalLines == 0 ? 1 : (double) lines / totalLines, left);
    }
  }
}
