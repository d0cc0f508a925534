package dev.desist.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A benchmark that is none of JMH's, since it needs processes of its own: two that talk to each
 * other, or one whose heap is weighed. One run is one round.
 */
public interface Experiment {
  /** {@return what to call it: its group and name, such as scope.Footprint} */
  String name();

  /**
   * Runs one round.
   *
   * @param quick whether it is only to be shown that it runs
   */
  List<Score> run(boolean quick) throws IOException, InterruptedException;

  /**
   * Runs the main method of a class in a JVM of its own.
   *
   * @return what it printed to its standard output, by lines
   * @throws IllegalStateException if it does not end with 0
   */
  static List<String> inFreshJvm(List<String> options, Class<?> main, Object... args)
      throws IOException, InterruptedException {
    Process jvm = start(options, main, args);
    try {
      String out = new String(jvm.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (jvm.waitFor() != 0) {
        throw new IllegalStateException(
            "the JVM of " + main.getSimpleName() + " must end with 0: " + out);
      }
      return out.lines().toList();
    } finally {
      jvm.destroy();
    }
  }

  /** Starts the main method of a class in a JVM of its own. */
  static Process start(List<String> options, Class<?> main, Object... args) throws IOException {
    var command = new ArrayList<String>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.add("--enable-preview");
    command.addAll(options);
    command.add("-classpath");
    command.add(System.getProperty("java.class.path", ""));
    command.add(main.getName());
    for (Object arg : args) {
      command.add(arg.toString());
    }
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  /** {@return the bytes on the heap after a collection} */
  static long usedHeap() {
    Runtime runtime = Runtime.getRuntime();
    for (int i = 0; i < 2; i++) {
      System.gc();
    }
    return runtime.totalMemory() - runtime.freeMemory();
  }
}
