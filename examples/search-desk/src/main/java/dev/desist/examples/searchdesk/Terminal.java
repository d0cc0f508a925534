package dev.desist.examples.searchdesk;

import java.io.Console;
import java.time.Duration;
import java.util.Optional;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * What the desk says on the terminal: a bar while the source is read or, where the output goes to a
 * file, a line for every fifth.
 */
final class Terminal {
  private final boolean interactive;
  private Optional<ProgressBar> bar = Optional.empty();
  private int fifths;

  Terminal() {
    interactive = Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
  }

  /** Prints a line, below the bar if there is one. */
  synchronized void say(String line) {
    bar.ifPresent(ProgressBar::close);
    bar = Optional.empty();
    System.out.println(line);
  }

  synchronized void show(IndexProgress progress) {
    if (interactive) {
      showBar(progress);
      return;
    }
    int reached = (int) (progress.fraction() * 5);
    if (reached > fifths) {
      fifths = reached;
      System.out.println(inWords(progress));
    }
  }

  private void showBar(IndexProgress progress) {
    if (bar.isEmpty()) {
      bar =
          Optional.of(
              new ProgressBarBuilder()
                  .setTaskName("Reading")
                  .setInitialMax(progress.totalFiles())
                  .setUnit(" files", 1)
                  .setStyle(ProgressBarStyle.COLORFUL_UNICODE_BLOCK)
                  .setUpdateIntervalMillis(100)
                  .hideEta()
                  .build());
    }
    bar.get().stepTo(progress.files());
    bar.get()
        .setExtraMessage(
            " %,d lines, %,d/s, %s left"
                .formatted(progress.lines(), progress.linesPerSecond(), clock(progress.left())));
  }

  private static String inWords(IndexProgress progress) {
    return "Read %,d of %,d files, %,d lines, %,d lines/s, %s left"
        .formatted(
            progress.files(),
            progress.totalFiles(),
            progress.lines(),
            progress.linesPerSecond(),
            clock(progress.left()));
  }

  private static String clock(Duration time) {
    return "%d:%02d".formatted(time.toMinutes(), time.toSecondsPart());
  }
}
