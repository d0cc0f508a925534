package dev.desist.failing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** A JVM that runs {@link FailEachStep}. */
final class Child {
  private static final long BOUND_SECONDS = 500;

  private final List<String> flags;
  private final List<String> arguments;

  Child(List<String> flags, String... arguments) {
    this.flags = flags;
    this.arguments = List.of(arguments);
  }

  /** Runs them, two at a time; fails with what one has printed that does not end well. */
  static void runAll(List<Child> children) {
    try (var two = Executors.newFixedThreadPool(2)) {
      List<CompletableFuture<Void>> runs =
          children.stream().map(each -> CompletableFuture.runAsync(each::run, two)).toList();
      runs.forEach(CompletableFuture::join);
    }
  }

  private void run() {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:MaxJavaStackTraceDepth=16"));
    for (String property : List.of("desist.stress", "desist.seed")) {
      if (System.getProperty(property) != null) {
        command.add("-D" + property + "=" + System.getProperty(property));
      }
    }
    if (!flags.contains("-cp")) {
      command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    }
    command.addAll(flags);
    command.add(FailEachStep.class.getName());
    command.addAll(arguments);
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      CompletableFuture.delayedExecutor(BOUND_SECONDS, TimeUnit.SECONDS)
          .execute(process::destroyForcibly);
      String output = String.join("\n", process.inputReader().lines().toList());
      assertEquals(0, process.waitFor(), output);
      assertTrue(output.endsWith("\ndone"), output);
      System.out.println(arguments + " " + flags.getFirst() + "\n" + output);
    } catch (Exception e) {
      throw new AssertionError(String.join(" ", command), e);
    }
  }
}
