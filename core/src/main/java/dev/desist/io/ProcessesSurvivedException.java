package dev.desist.io;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/**
 * Says that processes could not be killed. It is suppressed in what a cancelled call throws, and
 * logged.
 */
public final class ProcessesSurvivedException extends IOException {
  private static final long serialVersionUID = 1;

  /** The numbers: a handle cannot be serialised. */
  private final long[] pids;

  ProcessesSurvivedException(List<ProcessHandle> survivors) {
    super(describe(survivors));
    this.pids = survivors.stream().mapToLong(ProcessHandle::pid).toArray();
  }

  static String describe(List<ProcessHandle> survivors) {
    return "these processes could not be killed: " + ProcessReport.describe(survivors);
  }

  /** {@return the numbers of the processes that are still there} */
  public List<Long> pids() {
    return Arrays.stream(pids).boxed().toList();
  }
}
