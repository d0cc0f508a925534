package dev.desist.examples.searchdesk;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What somebody looks for: a piece of a line, exactly as typed but for the case of ASCII letters,
 * which is how SQLite's {@code LIKE} compares.
 */
record Query(String text) {
  static final int LONGEST = 200;

  /** {@return the query, or refuses it in words a person understands} */
  static Query of(String text) throws RefusedException {
    if (text.isBlank()) {
      throw new RefusedException("Type something to look for: spaces alone match every line.");
    }
    if (text.length() > LONGEST) {
      throw new RefusedException(
          "A query has at most %d characters, this one has %,d.".formatted(LONGEST, text.length()));
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isISOControl(c) && c != '\t') {
        throw new RefusedException(
            "A query cannot contain the control character U+%04X.".formatted((int) c));
      }
    }
    return new Query(text);
  }

  /** {@return the operand of {@code LIKE … ESCAPE '\'}: no character typed is a wildcard} */
  String likePattern() {
    return "%" + text.replaceAll("[\\\\%_]", "\\\\$0") + "%";
  }

  /** {@return where the query occurs in a line} */
  List<Range> matches(String line) {
    var found = new ArrayList<Range>();
    // Without UNICODE_CASE this folds ASCII only, as LIKE does.
    Matcher matcher =
        Pattern.compile(text, Pattern.LITERAL | Pattern.CASE_INSENSITIVE).matcher(line);
    while (matcher.find()) {
      found.add(new Range(matcher.start(), matcher.end()));
    }
    return found;
  }

  /** Characters {@code start} (included) to {@code end} (excluded) of a line. */
  record Range(int start, int end) {
    Range shifted(int by) {
      return new Range(start + by, end + by);
    }
  }

  /** A query that is not searched for; the message is for the one who typed it. */
  static final class RefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    RefusedException(String message) {
      super(message);
    }
  }
}
