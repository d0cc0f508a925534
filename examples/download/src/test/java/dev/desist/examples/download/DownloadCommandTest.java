package dev.desist.examples.download;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The program as a process of its own, with real signals. */
@Timeout(120)
class DownloadCommandTest {
  private static final int SIZE = 2_000_000;

  @TempDir private Path directory = Path.of("");

  private Process start(String... args) throws IOException {
    var command = new ArrayList<String>();
    // Who runs the tests in the background may have SIGINT ignored, which a process inherits.
    command.addAll(List.of("env", "--default-signal=INT"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp"));
    command.add(System.getProperty("java.class.path", "."));
    command.add(DownloadCommand.class.getName());
    command.addAll(List.of(args));
    return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output()).start();
  }

  private File output() {
    return directory.resolve("output.txt").toFile();
  }

  private String said() throws IOException {
    return Files.readString(output().toPath(), StandardCharsets.UTF_8);
  }

  private static void signal(Process process, String name) throws Exception {
    assertEquals(0, new ProcessBuilder("kill", "-" + name, "" + process.pid()).start().waitFor());
  }

  @Test
  void ctrl_c_stops_it_with_130_and_the_same_command_goes_on() throws Exception {
    var content = new byte[SIZE];
    new Random(8).nextBytes(content);
    Path files = directory.resolve("files");
    try (var server = new FileServer(content)) {
      server.holdAfter = SIZE / 2;
      String[] args = {"-d", files.toString(), server.uri().toString()};
      Process first = start(args);
      await().until(() -> files.resolve("data.bin.part").toFile().length() == SIZE / 2);
      signal(first, "INT");
      assertEquals(130, first.waitFor());
      assertTrue(
          said().contains("stopped, because Ctrl-C was pressed; 1,000 kB are kept"),
          this::saidOrNot);

      server.holdAfter = Integer.MAX_VALUE;
      assertEquals(0, start(args).waitFor());
      assertTrue(said().contains("goes on after 1,000 kB"), this::saidOrNot);
      assertArrayEquals(content, Files.readAllBytes(files.resolve("data.bin")));
      assertEquals(List.of("all", "bytes=" + SIZE / 2 + "-"), server.ranges);
    }
  }

  @Test
  void one_that_fails_does_not_stop_the_others() throws Exception {
    var content = new byte[SIZE];
    Path files = directory.resolve("files");
    try (var server = new FileServer(content)) {
      Process process =
          start("-d", files.toString(), server.uri("/none").toString(), server.uri().toString());
      assertEquals(1, process.waitFor());
      assertTrue(said().contains("failed: the server answered 404"), this::saidOrNot);
      assertTrue(said().contains("data.bin: done, 2,000 kB"), this::saidOrNot);
    }
  }

  @Test
  void wrong_use_says_what_is_wrong_and_fetches_nothing() throws Exception {
    assertEquals(2, start("ftp://localhost/x").waitFor());
    assertTrue(said().contains("must begin with http:// or https://: ftp://localhost/x"));
    assertEquals(2, start().waitFor());
    assertEquals(2, start("http://localhost/x", "http://localhost/y/x").waitFor());
    assertTrue(said().contains("two URLs would be the same file, x"), this::saidOrNot);
  }

  private String saidOrNot() {
    try {
      return said();
    } catch (IOException e) {
      return e.toString();
    }
  }
}
