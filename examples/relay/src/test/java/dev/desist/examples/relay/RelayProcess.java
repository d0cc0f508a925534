package dev.desist.examples.relay;

import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** The program as a process of its own, and what it prints. */
final class RelayProcess implements AutoCloseable {
  private static final String AT = "The relay is at port ";

  private final Process process;
  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final Thread reader;

  RelayProcess(String... args) throws IOException {
    var command = new ArrayList<String>();
    // Who runs the tests in the background may have SIGINT ignored, which a process inherits.
    command.addAll(List.of("env", "--default-signal=INT"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-cp", System.getProperty("java.class.path", ".")));
    command.add(RelayCommand.class.getName());
    command.addAll(List.of(args));
    process = new ProcessBuilder(command).redirectErrorStream(true).start();
    reader = Thread.ofPlatform().daemon().start(this::read);
  }

  private void read() {
    try (BufferedReader output = process.inputReader()) {
      output.lines().forEach(lines::add);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  List<String> lines() {
    return lines;
  }

  Process process() {
    return process;
  }

  InetSocketAddress awaitAddress() {
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> !process.isAlive() || lines.stream().anyMatch(line -> line.startsWith(AT)));
    int port =
        lines.stream()
            .filter(line -> line.startsWith(AT))
            .map(line -> Integer.parseInt(line.substring(AT.length())))
            .findFirst()
            .orElseThrow(() -> new AssertionError("it has not begun: " + lines));
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  void signal(String name) throws IOException, InterruptedException {
    int code = new ProcessBuilder("kill", "-" + name, "" + process.pid()).start().waitFor();
    if (code != 0) {
      throw new AssertionError("kill failed: " + lines);
    }
  }

  int exitCode() throws InterruptedException {
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      throw new AssertionError("it does not end: " + lines);
    }
    reader.join();
    return process.exitValue();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
