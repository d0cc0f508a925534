package dev.desist.failing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** JVMs that run {@link FailEachStep}. */
final class Child {
  private static final long BOUND_SECONDS = 600;

  private Child() {}

  /** Runs some, two at a time; fails with what one has printed that does not end well. */
  static void runAll(List<List<String>> flags, String... arguments) {
    try (var two = Executors.newFixedThreadPool(2)) {
      List<CompletableFuture<Void>> runs =
          flags.stream()
              .map(each -> CompletableFuture.runAsync(() -> run(each, arguments), two))
              .toList();
      runs.forEach(CompletableFuture::join);
    }
  }

  private static void run(List<String> flags, String... arguments) {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:MaxJavaStackTraceDepth=8"));
    for (String property : List.of("desist.depths", "desist.seed")) {
      if (System.getProperty(property) != null) {
        command.add("-D" + property + "=" + System.getProperty(property));
      }
    }
    command.addAll(flags);
    if (!command.contains("-cp")) {
      command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    }
    command.add(FailEachStep.class.getName());
    command.addAll(List.of(arguments));
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      CompletableFuture.delayedExecutor(BOUND_SECONDS, TimeUnit.SECONDS)
          .execute(process::destroyForcibly);
      String output = String.join("\n", process.inputReader().lines().toList());
      assertEquals(0, process.waitFor(), output);
      assertTrue(output.endsWith("\ndone"), output);
      System.out.println(flags + "\n" + output);
    } catch (Exception e) {
      throw new AssertionError(String.join(" ", command), e);
    }
  }
}
