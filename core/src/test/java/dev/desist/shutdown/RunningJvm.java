package dev.desist.shutdown;

import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** Another JVM, and what it prints. */
final class RunningJvm {
  private static final Duration BOUND = Duration.ofSeconds(60);

  private final Process process;
  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final Thread reader;

  RunningJvm(List<String> flags, Class<?> main, String... arguments) throws IOException {
    var command = new ArrayList<String>();
    // Whoever runs the tests in the background may have SIGINT ignored, which a process inherits.
    command.addAll(List.of("env", "--default-signal=INT"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1"); // short-lived, and one of many
    command.addAll(flags);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(arguments));
    process = new ProcessBuilder(command).redirectErrorStream(true).start();
    reader = Thread.ofPlatform().daemon().start(this::read);
  }

  private void read() {
    try (BufferedReader output = process.inputReader()) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        lines.add(line);
      }
    } catch (IOException e) {
      // it was killed
    }
  }

  Process process() {
    return process;
  }

  List<String> lines() {
    return lines;
  }

  void awaitLine(String line) {
    await()
        .atMost(BOUND)
        .pollInterval(Duration.ofMillis(5))
        .until(
            () -> {
              if (!process.isAlive() && !lines.contains(line)) {
                throw new AssertionError("it has ended: " + lines);
              }
              return lines.contains(line);
            });
  }

  int exitCode() throws InterruptedException {
    if (!process.waitFor(BOUND.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError("it does not end: " + lines);
    }
    reader.join();
    return process.exitValue();
  }
}
