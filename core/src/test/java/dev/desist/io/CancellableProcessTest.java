package dev.desist.io;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.CancelledIOException;
import dev.desist.support.Threads;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Real shells and their descendants. */
@ExtendWith(Hygiene.class)
@Timeout(60)
class CancellableProcessTest {
  private static final CancellationToken NONE = CancellationToken.none();
  private static final ProcessEnding SHORT =
      ProcessEnding.defaults().withGrace(Duration.ofMillis(300));

  @TempDir private Path directory;

  /** How long the sleeps of this test sleep: by that they are found. */
  private final String seconds = "1000." + ThreadLocalRandom.current().nextLong(1L << 40);

  @BeforeEach
  void there_is_a_shell() {
    assumeTrue(System.getProperty("os.name").equals("Linux"), "for a shell and /proc");
  }

  @AfterEach
  void nothing_is_left() {
    assertEquals(List.of(), sleepers());
    Threads.awaitNone("desist-pump-");
  }

  /** The processes that have the number of this test among their arguments. */
  private List<ProcessHandle> sleepers() {
    return ProcessHandle.allProcesses()
        .filter(ProcessTree::isAlive)
        .filter(
            each -> {
              try {
                return Files.readString(Path.of("/proc/" + each.pid() + "/cmdline"))
                    .contains(seconds);
              } catch (IOException e) {
                return false;
              }
            })
        .toList();
  }

  private ProcessBuilder shell(String script) {
    return new ProcessBuilder("sh", "-c", script.replace("SLEEP", "sleep " + seconds))
        .directory(directory.toFile());
  }

  // ---- running ----

  @ParameterizedTest
  @EnumSource
  void a_process_is_fed_and_its_output_collected(Threads threads) throws Exception {
    byte[] much = new byte[1_000_000];
    new Random(7).nextBytes(much);
    var result =
        threads
            .start(
                () ->
                    CancellableProcess.run(
                        NONE,
                        shell("cat; echo grün >&2; exit 3"),
                        options -> options.withInput(much)))
            .get();
    assertEquals(3, result.exitCode());
    assertArrayEquals(much, result.outputBytes());
    assertEquals("grün\n", result.errors(UTF_8));
    assertFalse(result.isTruncated());
  }

  @Test
  void what_is_more_than_the_limit_is_read_and_dropped() throws Exception {
    var result =
        CancellableProcess.run(
            NONE,
            shell("head -c 300000 /dev/zero; echo oh >&2"),
            options -> options.withOutputLimit(5));
    assertEquals(5, result.outputBytes().length);
    assertEquals("oh\n", result.errors());
    assertTrue(result.isTruncated());
  }

  @Test
  void a_process_that_does_not_read_its_input_is_no_failure() throws Exception {
    byte[] much = new byte[1_000_000];
    assertEquals(
        0,
        CancellableProcess.run(NONE, shell("exit 0"), options -> options.withInput(much))
            .exitCode());
  }

  @Test
  void on_a_cancelled_token_nothing_is_started() {
    var token = CancellationToken.cancelled(CancellationReason.requested());
    assertThrows(
        CancelledIOException.class, () -> CancellableProcess.run(token, shell("touch started")));
    assertFalse(Files.exists(directory.resolve("started")));
  }

  @Test
  void the_builder_is_as_before() throws Exception {
    var builder = shell("echo $DESIST_TREE");
    builder.environment().put("DESIST_TREE", "outer");
    String inside = CancellableProcess.run(NONE, builder).output();
    assertTrue(inside.startsWith("outer "), inside);
    assertEquals("outer", builder.environment().get("DESIST_TREE"));
    var plain = shell("true");
    CancellableProcess.run(Cancellation.current(), plain);
    assertNull(plain.environment().get("DESIST_TREE"));
  }

  // ---- ending ----

  @ParameterizedTest
  @EnumSource
  void promise19_a_cancelled_process_takes_its_descendants_along(Threads threads) throws Exception {
    try (var source = CancellationSource.create()) {
      var running =
          threads.start(
              () ->
                  CancellableProcess.run(
                      source.token(), shell("(SLEEP & SLEEP) & SLEEP; echo next > next")));
      awaitSleepers(3);
      source.cancel("enough");
      var thrown = assertInstanceOf(CancelledIOException.class, running.failure());
      assertEquals("enough", thrown.reason().message());
    }
    assertEquals(List.of(), sleepers());
    assertFalse(Files.exists(directory.resolve("next")), "the shell was asked before its child");
  }

  @ParameterizedTest
  @EnumSource
  void promise19_descendants_that_ignore_the_request_are_killed(Threads threads) throws Exception {
    String deaf = "trap '' TERM; (trap '' TERM; SLEEP) & (SLEEP & wait) & SLEEP";
    try (var process = CancellableProcess.start(shell(deaf), SHORT);
        var source = CancellationSource.create()) {
      var waiting = threads.start(() -> process.waitFor(source.token()));
      awaitSleepers(3);
      source.cancel();
      assertInstanceOf(CancelledException.class, waiting.failure());
      assertEquals(List.of(), sleepers());
      assertEquals(128 + 9, process.waitFor(Cancellation.current()));
    }
  }

  @Test
  void promise19_descendants_that_have_lost_their_parent_are_found() throws Exception {
    // The inner shells have ended long before the cancellation.
    var script = "sh -c 'setsid SLEEP & exit' ; sh -c 'trap \"\" TERM; SLEEP & exit'; SLEEP";
    try (var process = CancellableProcess.start(shell(script), SHORT)) {
      awaitSleepers(3);
      ProcessReport report = process.end();
      assertEquals(List.of(), sleepers());
      assertEquals(List.of(), report.survivors());
      assertTrue(report.found().size() >= 4, report.toString());
      assertEquals(process.process().toHandle(), report.found().getFirst());
    }
  }

  @Test
  void promise19_one_that_starts_others_while_it_ends_leaves_none() throws Exception {
    Files.writeString(
        directory.resolve("hydra"),
        """
        next=$(($1 + 1))
        trap 'sh hydra $next %s & while [ ! -e head-$next ]; do sleep 0.01; done; exit' TERM
        touch head-$1
        while :; do sleep 0.01; done
        """
            .formatted(seconds));
    try (var process =
        CancellableProcess.start(shell("sh hydra 0 " + seconds + " & wait"), SHORT)) {
      await().until(() -> Files.exists(directory.resolve("head-0")));
      ProcessReport report = process.end();
      assertEquals(List.of(), sleepers());
      assertEquals(List.of(), report.survivors());
      assertTrue(report.found().size() > 2, report.toString());
      assertFalse(report.killed().isEmpty(), "it would have gone on for ever");
    }
  }

  @Test
  void promise19_one_that_restarts_its_child_leaves_none() throws Exception {
    String supervisor = "trap '' TERM; while :; do SLEEP; done";
    try (var process = CancellableProcess.start(shell(supervisor), SHORT)) {
      awaitSleepers(1);
      assertEquals(List.of(), process.end().survivors());
      assertEquals(List.of(), sleepers());
    }
  }

  @Test
  void promise19_a_process_that_was_started_elsewhere_takes_its_descendants_along()
      throws Exception {
    Process plain = shell("trap '' TERM; (trap '' TERM; SLEEP) & SLEEP").start();
    try (var process = CancellableProcess.of(plain, SHORT)) {
      awaitSleepers(2);
      ProcessReport report = process.end();
      assertEquals(3, report.killed().size(), report.toString());
      assertEquals(List.of(), sleepers());
    }
  }

  /** The grace is by the time source in use, and so are the pauses between two looks. */
  @Test
  void promise17_the_deaf_are_killed_when_manual_time_says_so() throws Exception {
    var time = new ManualTime();
    Process deaf = shell("trap '' TERM; SLEEP & while :; do wait; done").start();
    awaitSleepers(1);
    var ended =
        new FutureTask<>(
            () ->
                time.call(
                    () ->
                        ProcessTree.end(
                            deaf.toHandle(),
                            null,
                            ProcessEnding.defaults().withGrace(Duration.ofHours(1)))));
    Thread.ofPlatform().daemon().start(ended);
    await().until(() -> time.pending() == 1);
    time.advance(Duration.ofHours(1).minusNanos(1));
    await().until(() -> time.pending() == 1 || ended.isDone());
    assertFalse(ended.isDone());
    assertTrue(deaf.isAlive());
    await()
        .until(
            () -> {
              time.advance(Duration.ofMillis(100));
              return ended.isDone();
            });
    assertTrue(ended.get().killed().contains(deaf.toHandle()));
    assertEquals(List.of(), sleepers());
  }

  /** A process that was started elsewhere carries no mark; off Linux, none does. */
  @Test
  void without_a_mark_those_that_detached_themselves_before_are_not_found() throws Exception {
    Process plain = shell("sh -c 'setsid SLEEP & exit'; SLEEP").start();
    try (var process = CancellableProcess.of(plain, SHORT)) {
      awaitSleepers(2);
      ProcessReport report = process.end();
      List<ProcessHandle> left = sleepers();
      left.forEach(ProcessHandle::destroyForcibly);
      assertEquals(1, left.size());
      assertFalse(report.found().contains(left.getFirst()), report.toString());
      await().until(() -> !ProcessTree.isAlive(left.getFirst()));
    }
  }

  @Test
  void a_process_that_ends_when_asked_may_clean_up_and_say_so() throws Exception {
    String polite =
        "trap 'head -c 200000 /dev/zero; echo bye >&2; touch clean; exit 5' TERM; echo up; while :;"
            + " do sleep 0.01; done";
    try (var process = CancellableProcess.start(shell(polite));
        var lines = process.output().lines(UTF_8)) {
      assertEquals("up", lines.readLine(Cancellation.current()));
      ProcessReport report = process.end(); // it writes more than a pipe and a buffer hold
      assertEquals(List.of(), report.killed(), report.toString());
      assertEquals(5, process.waitFor(Cancellation.current()));
      assertTrue(Files.exists(directory.resolve("clean")));
      String said = new String(process.errors().readAllBytes(), UTF_8);
      assertTrue(said.contains("bye\n"), said); // the shell also tells that its sleep has ended
    }
  }

  @Test
  void what_it_starts_to_clean_up_is_let_alone() throws Exception {
    String polite =
        "trap '(sleep 0.05; sh -c \"sleep 0.05; touch clean\"); exit 5' TERM; echo up; while :; do"
            + " sleep 0.01; done";
    try (var process = CancellableProcess.start(shell(polite));
        var lines = process.output().lines(UTF_8)) {
      assertEquals("up", lines.readLine(Cancellation.current()));
      ProcessReport report = process.end();
      assertEquals(List.of(), report.killed(), report.toString());
      assertEquals(5, process.waitFor(Cancellation.current()));
      assertTrue(Files.exists(directory.resolve("clean")));
    }
  }

  @Test
  void what_it_leaves_behind_is_asked() throws Exception {
    Files.writeString(
        directory.resolve("left"),
        "trap 'touch asked; exit' TERM; touch left-up; while :; do sleep 0.01; done");
    String leaving =
        "trap 'sh left & while [ ! -e left-up ]; do sleep 0.01; done; exit' TERM; echo up; while :;"
            + " do sleep 0.01; done";
    try (var process = CancellableProcess.start(shell(leaving));
        var lines = process.output().lines(UTF_8)) {
      assertEquals("up", lines.readLine(Cancellation.current()));
      ProcessReport report = process.end();
      assertEquals(List.of(), report.killed(), report.toString());
      assertTrue(Files.exists(directory.resolve("asked")));
    }
  }

  @Test
  void without_grace_nobody_is_asked() throws Exception {
    try (var process =
        CancellableProcess.start(
            shell("trap 'touch asked' TERM; SLEEP & wait; SLEEP"), ProcessEnding.atOnce())) {
      awaitSleepers(1);
      process.end();
      assertFalse(Files.exists(directory.resolve("asked")));
    }
  }

  // ---- one that was started ----

  @ParameterizedTest
  @EnumSource
  void promise19_a_cancelled_read_leaves_the_process_running(Threads threads) throws Exception {
    try (var process = CancellableProcess.start(shell("while read x; do echo got $x; done"));
        var lines = process.output().lines(UTF_8);
        var source = CancellationSource.create()) {
      var reading = threads.start(() -> lines.readLine(source.token()));
      reading.awaitParked();
      source.cancel();
      assertInstanceOf(CancelledIOException.class, reading.failure());
      process.input().write("one\n".getBytes(UTF_8));
      process.input().flush();
      assertEquals("got one", lines.readLine(Cancellation.current()));
      process.input().close();
      assertNull(lines.readLine(Cancellation.current()));
      assertEquals(0, process.waitFor(Cancellation.current()));
    }
  }

  /** A write knows no token: all bytes arrive when the process reads at last. */
  @Test
  void a_write_to_its_input_is_not_ended() throws Exception {
    String late = "echo up; while [ ! -e go ]; do sleep 0.01; done; wc -c";
    try (var process = CancellableProcess.start(shell(late));
        var lines = process.output().lines(UTF_8);
        var source = CancellationSource.create()) {
      assertEquals("up", lines.readLine(Cancellation.current()));
      var writing =
          Threads.PLATFORM.start(
              () ->
                  Cancellation.call(
                      source.token(),
                      () -> {
                        process.input().write(new byte[1_000_000]);
                        process.input().close();
                        return true;
                      }));
      await().until(() -> isWriting(writing.thread()));
      source.cancel();
      Files.createFile(directory.resolve("go"));
      assertTrue(writing.get());
      assertEquals("1000000", String.valueOf(lines.readLine(Cancellation.current())).strip());
    }
  }

  private static boolean isWriting(Thread thread) {
    StackTraceElement[] stack = thread.getStackTrace();
    return stack.length > 0 && stack[0].getMethodName().equals("writeBytes");
  }

  @ParameterizedTest
  @EnumSource
  void an_interrupted_wait_leaves_the_process_running(Threads threads) throws Exception {
    try (var process = CancellableProcess.start(shell("SLEEP"))) {
      var waiting = threads.start(() -> process.waitFor(NONE));
      waiting.awaitParked();
      waiting.thread().interrupt();
      assertInstanceOf(InterruptedException.class, waiting.failure());
      assertTrue(process.process().isAlive());
    }
  }

  @ParameterizedTest
  @EnumSource
  void an_interrupted_run_ends_the_process(Threads threads) throws Exception {
    var running = threads.start(() -> CancellableProcess.run(NONE, shell("SLEEP & SLEEP")));
    awaitSleepers(2);
    running.awaitParked();
    running.thread().interrupt();
    assertInstanceOf(InterruptedException.class, running.failure());
    assertEquals(List.of(), sleepers());
  }

  @Test
  void an_interrupt_cuts_the_grace_short_and_stays() throws Exception {
    var patient = ProcessEnding.defaults().withGrace(Duration.ofHours(1));
    try (var process =
        CancellableProcess.start(
            shell("trap 'touch asked' TERM; echo up; while :; do sleep 0.01; done"), patient)) {
      assertEquals('u', process.output().read());
      var ending =
          Threads.PLATFORM.start(
              () -> {
                ProcessReport report = process.end();
                assertTrue(Thread.currentThread().isInterrupted());
                return report;
              });
      await().until(() -> Files.exists(directory.resolve("asked")));
      ending.thread().interrupt();
      assertTrue(ending.get().killed().contains(process.process().toHandle()));
    }
  }

  @Test
  void closing_lets_a_process_be_that_has_ended_and_what_it_left_to_others() throws Exception {
    long left;
    try (var process = CancellableProcess.start(shell("SLEEP > /dev/null 2>&1 & echo $!"))) {
      left = Long.parseLong(new String(process.output().readAllBytes(), UTF_8).strip());
      assertEquals(0, process.waitFor(Cancellation.current()));
    }
    ProcessHandle daemon = ProcessHandle.of(left).orElseThrow();
    assertTrue(ProcessTree.isAlive(daemon));
    daemon.destroyForcibly();
    await().until(() -> !ProcessTree.isAlive(daemon));
  }

  @Test
  void survivors_are_named() {
    var report =
        new ProcessReport(
            List.of(ProcessHandle.current()), List.of(), List.of(ProcessHandle.current()));
    var thrown = new ProcessesSurvivedException(report.survivors());
    assertEquals(List.of(ProcessHandle.current().pid()), thrown.pids());
    assertTrue(thrown.toString().contains("not be killed: " + ProcessHandle.current().pid()));
    assertTrue(report.toString().startsWith("1 found, 0 killed, survived: "));
    assertThrows(IllegalArgumentException.class, () -> SHORT.withGrace(Duration.ofSeconds(-1)));
  }

  private void awaitSleepers(int count) {
    await()
        .until(
            () ->
                sleepers().stream()
                        .filter(each -> each.info().command().orElse("").endsWith("sleep"))
                        .count()
                    == count);
  }
}
