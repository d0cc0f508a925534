package dev.desist.examples.searchdesk;

import java.time.Duration;

/**
 * How far reading a source has come.
 *
 * @param files files read, those of earlier starts included
 * @param totalFiles files there are
 * @param lines lines read, those of earlier starts included
 * @param fraction the part of the source's bytes that is read, from 0 to 1
 * @param linesPerSecond the rate of this start
 * @param left the time left at this rate; zero when done
 */
record IndexProgress(
    int files, int totalFiles, long lines, double fraction, long linesPerSecond, Duration left) {

  static final IndexProgress NONE = new IndexProgress(0, 0, 0, 0, 0, Duration.ZERO);

  /** Counts as one start goes on. */
  static final class Counter {
    private final int totalFiles;
    private final long totalBytes;
    private final long begun = System.nanoTime();
    private int files;
    private long lines;
    private long bytes;
    private long linesBefore;
    private long bytesBefore;

    Counter(int totalFiles, long totalBytes) {
      this.totalFiles = totalFiles;
      this.totalBytes = totalBytes;
    }

    /** What earlier starts have done, which says nothing about today's rate. */
    void before(int files, long lines, long bytes) {
      this.files = files;
      this.lines = linesBefore = lines;
      this.bytes = bytesBefore = bytes;
    }

    void add(int lines, long bytes) {
      this.files++;
      this.lines += lines;
      this.bytes += bytes;
    }

    IndexProgress now() {
      double seconds = Math.max(1e-6, (System.nanoTime() - begun) / 1e9);
      double bytesPerSecond = (bytes - bytesBefore) / seconds;
      double left = bytesPerSecond > 0 ? (totalBytes - bytes) / bytesPerSecond : 0;
      return new IndexProgress(
          files,
          totalFiles,
          lines,
          totalBytes == 0 ? 1 : (double) bytes / totalBytes,
          (long) ((lines - linesBefore) / seconds),
          Duration.ofMillis((long) (left * 1000)));
    }
  }
}
