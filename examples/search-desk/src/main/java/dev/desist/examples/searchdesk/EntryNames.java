package dev.desist.examples.searchdesk;

import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Makes paths of a source into names for the entries of one ZIP, which are safe to unpack anywhere:
 * relative, without a way up, of characters that every file system takes, and different from each
 * other also where the case of letters does not count. What is in order stays as it is.
 */
final class EntryNames {
  private static final Pattern ODD = Pattern.compile("[\\p{Cntrl}<>:\"|?*]");

  /** Names of devices on Windows, with any extension. */
  private static final Pattern DEVICE =
      Pattern.compile(
          "(con|prn|aux|nul|com\\d|lpt\\d)(\\..*)?", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  // In lower case.
  private final Set<String> files = new HashSet<>();
  private final Set<String> folders = new HashSet<>();

  /** {@return the name for a path, which no other path was or will be given} */
  String of(String path) {
    String[] parts = path.split("[/\\\\]+", -1);
    var folder = new StringBuilder();
    for (int i = 0; i < parts.length - 1; i++) {
      if (!parts[i].isEmpty() && !parts[i].equals(".")) {
        String part = safe(parts[i]);
        while (files.contains(lower(folder + part))) {
          part += '_';
        }
        folders.add(lower(folder + part));
        folder.append(part).append('/');
      }
    }
    String wanted = safe(parts[parts.length - 1]);
    String name = wanted;
    for (int n = 2; isTaken(lower(folder + name)); n++) {
      name = numbered(wanted, n);
    }
    files.add(lower(folder + name));
    return folder + name;
  }

  private boolean isTaken(String name) {
    return files.contains(name) || folders.contains(name);
  }

  private static String safe(String part) {
    String safe = ODD.matcher(part).replaceAll("_");
    // Windows drops dots and spaces at the end; this also takes care of "." and "..".
    int end = safe.length();
    while (end > 0 && (safe.charAt(end - 1) == '.' || safe.charAt(end - 1) == ' ')) {
      end--;
    }
    safe = safe.substring(0, end) + "_".repeat(safe.length() - end);
    return safe.isEmpty() || DEVICE.matcher(safe).matches() ? '_' + safe : safe;
  }

  private static String numbered(String name, int number) {
    int dot = name.lastIndexOf('.');
    int cut = dot > 0 ? dot : name.length();
    return name.substring(0, cut) + " (" + number + ')' + name.substring(cut);
  }

  private static String lower(String name) {
    return name.toLowerCase(Locale.ROOT);
  }
}
