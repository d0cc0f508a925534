package dev.desist.examples.download;

import java.io.Console;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Optional;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * What is seen of the files on their way: a bar for each or, where the output goes to a file, a
 * line for every fifth.
 */
final class Progress {
  private final boolean interactive =
      Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
  private final PrintStream out;

  Progress(PrintStream out) {
    this.out = out;
  }

  /** One file's. Used by one thread. */
  interface Bar extends AutoCloseable {
    void add(long bytes);

    @Override
    void close();
  }

  /**
   * Begins to show a file.
   *
   * @param have how many bytes were there before
   * @param total how many there will be, or -1 if nobody knows
   */
  Bar bar(Path file, long have, long total) {
    String name = String.valueOf(file.getFileName());
    return interactive ? new Drawn(name, have, total) : new Told(name, have, total);
  }

  private static final class Drawn implements Bar {
    private final ProgressBar bar;

    Drawn(String name, long have, long total) {
      bar =
          new ProgressBarBuilder()
              .setTaskName(name)
              .setInitialMax(total)
              .startsFrom(have, java.time.Duration.ZERO)
              .setUnit(" kB", 1_000)
              .showSpeed()
              .setStyle(ProgressBarStyle.COLORFUL_UNICODE_BLOCK)
              .setUpdateIntervalMillis(100)
              .build();
    }

    @Override
    public void add(long bytes) {
      bar.stepBy(bytes);
    }

    @Override
    public void close() {
      bar.close();
    }
  }

  private final class Told implements Bar {
    private final String name;
    private final long total;
    private long done;
    private long told;

    Told(String name, long have, long total) {
      this.name = name;
      this.done = have;
      this.total = total;
      this.told = fifths();
      if (have > 0) {
        out.printf("%s: goes on after %,d kB%n", name, have / 1_000);
      }
    }

    private long fifths() {
      return total <= 0 ? 0 : done * 5 / total;
    }

    @Override
    public void add(long bytes) {
      done += bytes;
      if (fifths() > told) {
        told = fifths();
        out.printf("%s: %,d of %,d kB%n", name, done / 1_000, total / 1_000);
      }
    }

    @Override
    public void close() {}
  }
}
