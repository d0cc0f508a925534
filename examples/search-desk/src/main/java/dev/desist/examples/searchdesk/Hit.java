package dev.desist.examples.searchdesk;

import dev.desist.examples.searchdesk.Query.Range;
import java.util.List;

/**
 * A line that matches, cut to what fits on a screen.
 *
 * @param path the file
 * @param line the number of the line in it, from 1
 * @param text the line without its indentation; of a very long line, the part around the match
 * @param matches where in {@code text} the query occurs
 * @param cutBefore whether something was cut off before {@code text}
 * @param cutAfter whether something was cut off after it
 */
record Hit(
    String path, long line, String text, List<Range> matches, boolean cutBefore, boolean cutAfter) {

  private static final int WIDEST = 300;
  private static final int LEAD = 60;

  static Hit of(String path, long number, String line, Query query) {
    List<Range> all = query.matches(line);
    int first = all.isEmpty() ? 0 : all.getFirst().start();
    int indentation = line.length() - line.stripLeading().length();
    int start = Math.min(indentation, first);
    boolean cutBefore = line.length() - start > WIDEST && first - start > WIDEST - LEAD;
    if (cutBefore) {
      start = first - LEAD;
    }
    int end = Math.min(line.length(), start + WIDEST);
    int from = start;
    List<Range> visible =
        all.stream()
            .filter(range -> range.start() >= from && range.end() <= end)
            .map(range -> range.shifted(-from))
            .toList();
    return new Hit(
        path, number, line.substring(start, end), visible, cutBefore, end < line.length());
  }
}
