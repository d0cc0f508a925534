package dev.desist.io;

import java.util.List;
import java.util.stream.Collectors;

/**
 * What became of a process and its descendants when they were ended.
 *
 * @param found all that were alive, the process itself first if it was, parents before their
 *     children
 * @param killed those among them that did not end when asked, or were not asked
 * @param survivors those among them that are still there: they belong to another user, or hang in
 *     the operating system
 */
public record ProcessReport(
    List<ProcessHandle> found, List<ProcessHandle> killed, List<ProcessHandle> survivors) {
  /** Copies the lists. */
  public ProcessReport {
    found = List.copyOf(found);
    killed = List.copyOf(killed);
    survivors = List.copyOf(survivors);
  }

  /** {@return how many there were, and by number and command which survived} */
  @Override
  public String toString() {
    return found.size()
        + " found, "
        + killed.size()
        + " killed, "
        + (survivors.isEmpty() ? "none survived" : "survived: " + describe(survivors));
  }

  static String describe(List<ProcessHandle> processes) {
    return processes.stream()
        .map(each -> each.pid() + each.info().command().map(name -> " (" + name + ')').orElse(""))
        .collect(Collectors.joining(", "));
  }
}
