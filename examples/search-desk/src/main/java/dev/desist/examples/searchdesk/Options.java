package dev.desist.examples.searchdesk;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * What the command line asks for.
 *
 * @param port where to listen on loopback; 0 means any free port
 * @param source the zip or folder to search; empty means the sources of the running JDK
 * @param cache the folder for databases
 * @param grace how long statements in hand may go on once the desk was told to stop
 * @param headlessCheck whether to start, search twice through HTTP, report and end
 * @param help whether only the help is wanted
 */
record Options(
    int port,
    Optional<Path> source,
    Path cache,
    Duration grace,
    boolean headlessCheck,
    boolean help) {

  static final String HELP =
      """
      Searches the sources of the JDK (or any folder or zip) as you type, in your browser.

        ./demo [--port N] [--source PATH] [--cache DIR] [--grace MILLIS] [--headless-check]

        --port N          listen on port N of this machine only; 0 takes any free port (default 8377)
        --source PATH     search this zip or folder (default: src.zip of the running JDK; without one,
                          the class names and members of the running JDK)
        --cache DIR       keep databases here (default: $XDG_CACHE_HOME/desist-search-desk,
                          or ~/.cache/desist-search-desk)
        --grace MILLIS    how long running statements may go on after Ctrl-C (default 1000)
        --headless-check  start, search twice through the desk's own HTTP interface, print what was
                          cancelled and what was found, and end
        --help            print this

      Ctrl-C stops the desk in order; a second Ctrl-C ends it at once.\
      """;

  /**
   * {@return what the arguments ask for}
   *
   * @throws UsageException if they break a rule; the message names the rule and the value
   */
  static Options parse(List<String> arguments) throws UsageException {
    Optional<Integer> port = Optional.empty();
    Optional<Path> source = Optional.empty();
    Path cache = defaultCache();
    Duration grace = Duration.ofSeconds(1);
    boolean headlessCheck = false;
    for (Iterator<String> rest = arguments.iterator(); rest.hasNext(); ) {
      String name = rest.next();
      switch (name) {
        case "--port" -> port = Optional.of(number(name, rest, 65_535));
        case "--source" -> source = Optional.of(existing(path(name, rest)));
        case "--cache" -> cache = path(name, rest);
        case "--grace" -> grace = Duration.ofMillis(number(name, rest, 600_000));
        case "--headless-check" -> headlessCheck = true;
        case "--help", "-h" -> {
          return new Options(0, source, cache, grace, headlessCheck, true);
        }
        default -> throw new UsageException("unknown argument: " + name);
      }
    }
    return new Options(
        port.orElse(headlessCheck ? 0 : 8377), source, cache, grace, headlessCheck, false);
  }

  private static Path defaultCache() {
    String xdg = System.getenv("XDG_CACHE_HOME");
    Path caches =
        xdg != null && Path.of(xdg).isAbsolute()
            ? Path.of(xdg)
            : Path.of(System.getProperty("user.home"), ".cache");
    return caches.resolve("desist-search-desk");
  }

  private static String value(String name, Iterator<String> rest) throws UsageException {
    if (!rest.hasNext()) {
      throw new UsageException(name + " needs a value");
    }
    return rest.next();
  }

  private static int number(String name, Iterator<String> rest, int most) throws UsageException {
    String value = value(name, rest);
    try {
      int number = Integer.parseInt(value);
      if (number >= 0 && number <= most) {
        return number;
      }
    } catch (NumberFormatException _) {
      // Answered below, with the values out of range.
    }
    throw new UsageException(name + " must be a whole number from 0 to " + most + ": " + value);
  }

  private static Path path(String name, Iterator<String> rest) throws UsageException {
    String value = value(name, rest);
    try {
      return Path.of(value).toAbsolutePath().normalize();
    } catch (InvalidPathException e) {
      throw new UsageException(name + " must be a path: " + value, e);
    }
  }

  private static Path existing(Path source) throws UsageException {
    if (!Files.isReadable(source)) {
      throw new UsageException("--source must be a zip or a folder that can be read: " + source);
    }
    return source;
  }

  /** Says which rule the command line breaks, and with which value. */
  static final class UsageException extends Exception {
    private static final long serialVersionUID = 1L;

    UsageException(String message) {
      super(message);
    }

    UsageException(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
