package dev.desist.shutdown;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real processes, and what ends them. */
@Timeout(120)
class ShutdownProcessTest {
  private static final List<String> NO_SIGNALS = List.of("-Xrs");
  private static final List<String> SMALL = List.of("-Xmx128m", "-XX:+UseSerialGC");

  @BeforeEach
  void there_are_signals() {
    assumeTrue(System.getProperty("os.name").equals("Linux"), "for kill");
  }

  /** The drain comes first, then the exit with 0, and only then the hooks of others. */
  @Test
  void terminate_drains_and_ends_with_zero() throws Exception {
    try (var program = new Program("drains")) {
      program.ready();
      program.signal("TERM");
      assertEquals(0, program.exitCode(), program::output);
      assertTrue(program.said("is shut down, because SIGTERM was received: clean, after "));
      assertTrue(program.said("in flight: 3; drained: 3; aborted: 0; left behind: 0"));
      assertEquals(
          List.of("stop listener", "goodbye", "goodbye", "goodbye", "close store", "foreign hook"),
          program.events());
    }
  }

  @Test
  void interrupt_does_the_same() throws Exception {
    try (var program = new Program("drains")) {
      program.ready();
      program.signal("INT");
      assertEquals(0, program.exitCode(), program::output);
      assertTrue(program.said("because SIGINT was received: clean"));
    }
  }

  /** Promise 25: the stack of the deaf is printed; the code says that not all was well. */
  @Test
  void promise25_the_deaf_are_printed_and_the_code_is_one() throws Exception {
    try (var program = new Program("deaf")) {
      program.ready();
      program.signal("TERM");
      assertEquals(1, program.exitCode(), program::output);
      assertTrue(program.said("left behind: \"connection 7\" (draining), on worker, thread "));
      assertTrue(program.said("because draining took longer than 100 ms"), program::output);
      assertTrue(program.said("ShutdownPrograms.deaf("), program::output);
    }
  }

  /** The second signal does not wait for the drain, which here would take an hour. */
  @Test
  void a_second_signal_aborts() throws Exception {
    try (var program = new Program("patient")) {
      program.ready();
      program.signal("TERM");
      program.await("soft");
      assertTrue(program.isAlive());
      program.signal("INT");
      assertEquals(1, program.exitCode(), program::output);
      assertTrue(
          program.said("connection ends because a second signal, SIGINT, was received"),
          program::output);
      assertTrue(program.said("in flight: 1; drained: 0; aborted: 1; left behind: 0"));
    }
  }

  /** However much one thread has begun and left, it is looked at once, and the report is there. */
  @Test
  void promise25_a_hundred_thousand_that_one_thread_has_left_are_reported_in_time()
      throws Exception {
    try (var program = new Program(SMALL, "abandoned")) {
      program.ready();
      program.signal("TERM");
      assertEquals(1, program.exitCode(), program::output);
      assertTrue(program.said("left behind: 100,000"), program::output);
      assertTrue(program.said("\"message 18\", 99,980 more, \"message 99999\" (draining)"));
      assertTrue(program.said("ShutdownPrograms.serve("), program::output);
      assertEquals(List.of("stop listener", "close store"), program.events());
    }
  }

  @Test
  void promise25_they_are_in_the_last_words_too() throws Exception {
    try (var program = new Program(SMALL, "abandoned for ever")) {
      program.ready();
      program.signal("TERM");
      program.await("soft");
      program.signal("TERM");
      program.await("hard");
      program.signal("TERM");
      assertEquals(143, program.exitCode(), program::output);
      assertTrue(program.said("99,980 more, \"message 99999\" (draining)"), program::output);
    }
  }

  @Test
  void promise25_and_left_behind_if_their_thread_exits() throws Exception {
    try (var program = new Program(SMALL, "exits with work abandoned")) {
      assertEquals(7, program.exitCode(), program::output);
      assertTrue(program.said("left behind: 100,000"), program::output);
      assertTrue(program.said("Runtime.exit("), program::output);
    }
  }

  /** The third waits for nothing, and says what it leaves. */
  @Test
  void a_third_signal_halts() throws Exception {
    try (var program = new Program("deaf for ever")) {
      program.ready();
      program.signal("TERM");
      program.await("soft");
      program.signal("TERM");
      program.await("hard");
      program.signal("TERM");
      assertEquals(143, program.exitCode(), program::output);
      assertTrue(program.said("program is halted by SIGTERM, the third signal"), program::output);
      assertTrue(program.said("left behind: \"connection 7\" (draining)"), program::output);
      assertTrue(program.said("ShutdownPrograms.deaf("), program::output);
      assertFalse(program.said("foreign hook"), program::output);
    }
  }

  /** Then it is a hook, and the code is the caller's. */
  @Test
  void exit_runs_the_shutdown_and_keeps_its_code() throws Exception {
    try (var program = new Program("exits")) {
      assertEquals(7, program.exitCode(), program::output);
      assertTrue(program.said("because the process exits: clean"), program::output);
      assertEquals(
          List.of("stop listener", "goodbye", "close store"),
          program.events().stream().filter(event -> !event.equals("foreign hook")).toList());
    }
  }

  /** Virtual threads do not keep a process alive, but it waits for their work. */
  @Test
  void the_end_of_main_runs_the_shutdown() throws Exception {
    try (var program = new Program("returns")) {
      assertEquals(0, program.exitCode(), program::output);
      assertTrue(program.said("because the process exits: clean"), program::output);
      assertTrue(program.events().contains("goodbye"), program::output);
    }
  }

  /** Not even the hour of the drain is waited for: a call to exit never comes back. */
  @Test
  void work_that_answers_with_exit_is_left_behind_at_once() throws Exception {
    try (var program = new Program("work exits")) {
      program.ready();
      program.signal("TERM");
      assertEquals(3, program.exitCode(), program::output);
      assertTrue(program.said("left behind: \"connection 7\" (draining)"), program::output);
      assertTrue(program.said("java.lang.Runtime.exit("), program::output);
      assertTrue(program.events().contains("close store"), program::output);
    }
  }

  /** The same if the shutdown is a hook already, and more than one thread calls exit. */
  @Test
  void work_that_answers_an_exit_with_exit_does_not_deadlock() throws Exception {
    try (var program = new Program("all exit")) {
      assertEquals(5, program.exitCode(), program::output);
      assertTrue(program.said("left behind: 3"), program::output);
    }
  }

  @Test
  void a_call_ends_the_process_with_the_code_of_the_options() throws Exception {
    try (var program = new Program("called")) {
      assertEquals(42, program.exitCode(), program::output);
      assertTrue(program.said("because the operator asked for it: clean"), program::output);
    }
  }

  /** Others are closed, the code says that one was not. */
  @Test
  void an_action_that_fails_makes_the_code_one() throws Exception {
    try (var program = new Program("action fails")) {
      program.ready();
      program.signal("TERM");
      assertEquals(1, program.exitCode(), program::output);
      assertTrue(program.said("failed: \"cache\" (closing): java.io.IOException: disk full"));
      assertTrue(program.events().contains("close store"), program::output);
    }
  }

  @Test
  void an_action_that_hangs_is_left_behind() throws Exception {
    try (var program = new Program("action hangs")) {
      program.ready();
      program.signal("TERM");
      assertEquals(1, program.exitCode(), program::output);
      assertTrue(program.said("left behind: \"cache\" (closing), on "), program::output);
      assertTrue(program.events().contains("close store"), program::output);
    }
  }

  /** Under -Xrs signals are the system's: a warning at the start, and no shutdown. */
  @Test
  void without_signals_terminate_is_the_end() throws Exception {
    try (var program = new Program(NO_SIGNALS, "drains")) {
      program.ready();
      assertTrue(
          program.said("signals end this process at once, without a shutdown"), program::output);
      program.signal("TERM");
      assertEquals(143, program.exitCode(), program::output);
      assertFalse(program.said("is shut down"), program::output);
    }
  }

  /** …but exit and calls run it. */
  @Test
  void without_signals_exit_and_calls_still_work() throws Exception {
    try (var program = new Program(NO_SIGNALS, "exits")) {
      assertEquals(7, program.exitCode(), program::output);
      assertTrue(program.said("because the process exits: clean"), program::output);
    }
    try (var program = new Program(NO_SIGNALS, "called")) {
      assertEquals(42, program.exitCode(), program::output);
    }
  }

  /** Without the module that knows of signals, a signal runs the hook; the code is the JVM's. */
  @Test
  void without_the_module_for_signals_it_is_a_hook() throws Exception {
    try (var program = new Program(List.of("--limit-modules", "java.base"), "drains")) {
      program.ready();
      program.signal("TERM");
      assertEquals(143, program.exitCode(), program::output);
      assertTrue(program.said("because the process exits: clean"), program::output);
    }
  }

  /** A process that exits already takes no hooks: then the shutdown has begun from the start. */
  @Test
  void made_too_late_it_has_begun() throws Exception {
    try (var program = new Program("late")) {
      assertEquals(0, program.exitCode(), program::output);
      assertTrue(program.said("begun: true"), program::output);
    }
  }

  @Test
  void a_process_has_one() throws Exception {
    try (var program = new Program("two")) {
      assertEquals(0, program.exitCode(), program::output);
      assertTrue(
          program.said("a process has one shutdown, and this has: Shutdown[program: running,"),
          program::output);
    }
  }

  /** A process of {@link ShutdownPrograms}. */
  private static final class Program implements AutoCloseable {
    private final RunningJvm jvm;

    Program(String scenario) throws IOException {
      this(List.of(), scenario);
    }

    Program(List<String> flags, String scenario) throws IOException {
      jvm = new RunningJvm(flags, ShutdownPrograms.class, scenario);
    }

    void ready() {
      await("ready");
    }

    void await(String event) {
      jvm.awaitLine("- " + event);
    }

    boolean isAlive() {
      return jvm.process().isAlive();
    }

    void signal(String name) throws IOException, InterruptedException {
      String pid = String.valueOf(jvm.process().pid());
      assertEquals(0, new ProcessBuilder("kill", "-" + name, pid).inheritIO().start().waitFor());
    }

    int exitCode() throws InterruptedException {
      return jvm.exitCode();
    }

    String output() {
      return String.join("\n", jvm.lines());
    }

    boolean said(String text) {
      return output().contains(text);
    }

    /** What it did after it was ready, in order. */
    List<String> events() {
      return jvm.lines().stream()
          .filter(line -> line.startsWith("- ") && !line.equals("- ready"))
          .map(line -> line.substring(2))
          .toList();
    }

    @Override
    public void close() {
      jvm.process().destroyForcibly();
    }
  }
}
