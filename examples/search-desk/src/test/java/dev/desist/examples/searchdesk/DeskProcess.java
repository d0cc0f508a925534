package dev.desist.examples.searchdesk;

import static dev.desist.examples.searchdesk.Eventually.eventually;
import static dev.desist.examples.searchdesk.Eventually.within;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The desk as a process of its own, started as {@code ./demo} does. */
final class DeskProcess implements AutoCloseable {
  private static final Pattern ADDRESS = Pattern.compile("http://localhost:\\d+/");

  private final Process process;
  private final List<String> output = new CopyOnWriteArrayList<>();
  private final Thread reader;

  DeskProcess(String... arguments) throws IOException {
    var command =
        new ArrayList<String>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-XX:TieredStopAtLevel=1", // it lives for seconds
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                SearchDesk.class.getName()));
    command.addAll(List.of(arguments));
    process = new ProcessBuilder(command).redirectErrorStream(true).start();
    reader = Thread.ofPlatform().daemon().name("output of the desk").start(this::read);
  }

  private void read() {
    try (BufferedReader lines = process.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        output.add(line);
      }
    } catch (IOException _) {
      // It was killed.
    }
  }

  /** Waits until it can be searched, and tells where. */
  URI ready() {
    within(
        Duration.ofMinutes(3),
        "the desk is ready: " + output,
        () -> output.stream().anyMatch(line -> line.startsWith("Ready")));
    return address();
  }

  URI address() {
    eventually("the desk says where it is", () -> find().isPresent());
    return URI.create(find().orElseThrow());
  }

  private Optional<String> find() {
    return output.stream()
        .map(ADDRESS::matcher)
        .filter(Matcher::find)
        .map(Matcher::group)
        .findFirst();
  }

  /** Sends TERM; not with {@link Process#destroy}, which closes the output as well. */
  void terminate() {
    process.toHandle().destroy();
  }

  /** Kills it, and waits until it is dead. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  int exitCode() throws InterruptedException {
    if (!process.waitFor(Eventually.BOUND.toSeconds() * 3, TimeUnit.SECONDS)) {
      throw new AssertionError("the desk did not end: " + output);
    }
    reader.join();
    return process.exitValue();
  }

  List<String> output() {
    return output;
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
