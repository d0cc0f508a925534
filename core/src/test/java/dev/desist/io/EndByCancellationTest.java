package dev.desist.io;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.CancelledIOException;
import dev.desist.support.Fifo;
import dev.desist.support.Threads;
import dev.desist.testkit.Hygiene;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Promises 16 and 20: a call that its cancellation has ended never gives what it had as if that
 * were all: no end of a stream, no shorter text, no exit code. Every operation that has such an
 * end, cancelled before, in the middle and by what makes the end itself, on either kind of thread.
 */
@ExtendWith(Hygiene.class)
@Timeout(60)
class EndByCancellationTest {
  @TempDir private Path directory;

  /**
   * Gives some bytes, waits until it is told to go on, is cancelled by itself, and then ends: as
   * what a callback of the token has closed does.
   */
  private static final class Cut extends InputStream {
    final CancellationSource source = CancellationSource.create("tab");
    final CountDownLatch inTheMiddle = new CountDownLatch(1);
    final CountDownLatch goOn = new CountDownLatch(1);
    private final byte[] bytes;
    private int at;

    Cut(String text) {
      bytes = text.getBytes(UTF_8);
    }

    @Override
    public int read() {
      throw new AssertionError("not used");
    }

    @Override
    public int read(byte[] into, int offset, int length) {
      if (at < bytes.length) {
        into[offset] = bytes[at++];
        return 1;
      }
      inTheMiddle.countDown();
      boolean interrupted = false;
      while (goOn.getCount() > 0) {
        try {
          goOn.await();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      source.cancel("closed");
      return -1;
    }
  }

  /** What reads a stream to some end, and gives something for it. */
  private interface Reading {
    Object read(CancellationToken token, InputStream source, Path target) throws IOException;
  }

  /** Those that read from anything that is a stream. */
  @SuppressWarnings("ImmutableEnumChecker") // they keep nothing
  enum Operation {
    READ((token, in, _) -> pump(in).read(token, new byte[10])),
    READ_ONE((token, in, _) -> pump(in).read(token)),
    READ_N((token, in, _) -> pump(in).readNBytes(token, 10).length),
    READ_ALL((token, in, _) -> pump(in).readAllBytes(token).length),
    READ_ALL_CURRENT(
        (token, in, _) -> Cancellation.call(token, () -> pump(in).readAllBytes().length)),
    READ_N_INTO(
        (token, in, _) -> Cancellation.call(token, () -> pump(in).readNBytes(new byte[9], 0, 9))),
    SKIP_N(
        (token, in, _) ->
            Cancellation.call(
                token,
                () -> {
                  pump(in).skipNBytes(9);
                  return 9;
                })),
    TRANSFER_TO(
        (token, in, _) ->
            Cancellation.call(token, () -> pump(in).transferTo(new ByteArrayOutputStream()))),
    READ_LINE((token, in, _) -> line(pump(in).lines(UTF_8), token)),
    READ_LINE_UNPUMPED((token, in, _) -> line(CancellableLineReader.of(in, UTF_8), token)),
    COPY((token, in, target) -> CancellableFiles.copy(token, in, target)),
    COPY_PUMPED((token, in, target) -> CancellableFiles.copy(token, pump(in), target)),
    WRITE(
        (token, in, target) ->
            CancellableFiles.write(token, target, out -> pump(in).transferTo(out)));

    private final Reading reading;

    Operation(Reading reading) {
      this.reading = reading;
    }

    private static Object line(CancellableLineReader lines, CancellationToken token)
        throws IOException {
      return String.valueOf(lines.readLine(token));
    }

    private static CancellableInputStream pump(InputStream in) {
      return CancellableInputStream.pumping(in);
    }
  }

  static Stream<Arguments> all() {
    return Arrays.stream(Operation.values())
        .flatMap(each -> Arrays.stream(Threads.values()).map(kind -> Arguments.of(each, kind)));
  }

  private void isCancelled(Threads.Running<Object> call, Operation operation) throws IOException {
    var e =
        assertInstanceOf(
            CancelledIOException.class, call.failure(), () -> operation + " was not cancelled");
    assertEquals("closed", e.reason().message());
    try (var all = Files.list(directory)) {
      assertEquals(List.of(), all.toList());
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void promise16_cancelled_before(Operation operation, Threads threads) throws Exception {
    var in = new Cut("half");
    in.source.cancel("closed");
    in.goOn.countDown();
    Path target = directory.resolve("target");
    isCancelled(
        threads.start(() -> operation.reading.read(in.source.token(), in, target)), operation);
  }

  @ParameterizedTest
  @MethodSource("all")
  void promise16_cancelled_in_the_middle(Operation operation, Threads threads) throws Exception {
    var in = new Cut("");
    Path target = directory.resolve("target");
    var call = threads.start(() -> operation.reading.read(in.source.token(), in, target));
    in.inTheMiddle.await();
    in.source.cancel("closed");
    in.goOn.countDown(); // for those that read the source themselves
    isCancelled(call, operation);
  }

  @ParameterizedTest
  @MethodSource("all")
  void promise16_cancelled_by_what_makes_the_end(Operation operation, Threads threads)
      throws Exception {
    var in = new Cut("");
    in.goOn.countDown();
    Path target = directory.resolve("target");
    isCancelled(
        threads.start(() -> operation.reading.read(in.source.token(), in, target)), operation);
  }

  @ParameterizedTest
  @MethodSource("all")
  void promise16_cancelled_by_what_makes_the_end_when_something_had_come(
      Operation operation, Threads threads) throws Exception {
    if (operation == Operation.READ || operation == Operation.READ_ONE) {
      return; // those have what they wanted with the first byte
    }
    var in = new Cut("half");
    in.goOn.countDown();
    Path target = directory.resolve("target");
    isCancelled(
        threads.start(() -> operation.reading.read(in.source.token(), in, target)), operation);
  }

  // ---- what the table reaches by chance alone: between the last look at the token and the end

  /** The end comes when the token has been asked; it stays for the next reader. */
  @Test
  void promise20_an_end_that_a_pump_has_is_kept() throws Exception {
    var pump = new BytePump(new PumpSource.Open(InputStream.nullInputStream()), "test", 10);
    var source = CancellationSource.create();
    var calls = new AtomicBoolean();
    byte[] bytes = new byte[1];
    assertThrows(
        CancelledIOException.class,
        () -> {
          while (true) {
            int got =
                pump.read(
                    source.token(),
                    bytes,
                    0,
                    1,
                    () -> {
                      if (Thread.holdsLock(pump) && calls.getAndSet(true)) {
                        source.cancel(); // the second time around the end is there
                      }
                      return false;
                    });
            assertEquals(-1, got, "an end that was made by the cancellation");
            throw new AssertionError("-1 under a cancelled token");
          }
        });
    assertEquals(-1, pump.read(CancellationToken.none(), bytes, 0, 1, () -> false));
    pump.close();
  }

  /** What was there of the line, and the end, are the next reader's. */
  @Test
  void promise20_the_last_line_is_kept() throws Exception {
    var in = new Cut("half a line");
    in.goOn.countDown();
    var lines = CancellableLineReader.of(in, UTF_8);
    assertThrows(CancelledIOException.class, () -> lines.readLine(in.source.token()));
    assertEquals("half a line", lines.readLine(CancellationToken.none()));
    assertNull(lines.readLine(CancellationToken.none()));
  }

  // ---- processes

  /** Of several who wait, the first one to notice ends the process: for none is that its end. */
  @ParameterizedTest
  @EnumSource
  void promise16_a_process_that_was_ended_has_no_exit_code_for_those_cancelled(Threads threads)
      throws Exception {
    try (var process =
            CancellableProcess.start(new ProcessBuilder("sleep", "60"), ProcessEnding.atOnce());
        var source = CancellationSource.create("tab")) {
      var waiting = new ArrayList<Threads.Running<Integer>>();
      for (int i = 0; i < 4; i++) {
        waiting.add(threads.start(() -> process.waitFor(source.token())));
      }
      waiting.forEach(Threads.Running::awaitParked);
      source.cancel("closed");
      for (var each : waiting) {
        assertInstanceOf(CancelledException.class, each.failure());
      }
      assertThrows(CancelledException.class, () -> process.waitFor(source.token()));
      assertTrue(process.waitFor(CancellationToken.none()) != 0); // whoever was not cancelled
    }
  }

  /** One that has ended by itself has its exit code, for whoever asks. */
  @Test
  void completion_beats_cancellation() throws Exception {
    try (var process = CancellableProcess.start(new ProcessBuilder("true"))) {
      assertEquals(0, process.waitFor(Cancellation.current()));
      var source = CancellationSource.create();
      source.cancel();
      assertEquals(0, process.waitFor(source.token()));
    }
  }

  /** Its output ends when it is killed; whoever reads under the same token was cancelled. */
  @ParameterizedTest
  @EnumSource
  void promise16_the_output_of_a_process_that_was_ended(Threads threads) throws Exception {
    for (int round = 0; round < 5; round++) {
      try (var process =
              CancellableProcess.start(
                  new ProcessBuilder("sh", "-c", "echo one; exec sleep 60"),
                  ProcessEnding.atOnce());
          var source = CancellationSource.create("tab")) {
        Callable<Object> all = () -> process.output().readAllBytes(source.token()).length;
        var reading = threads.start(all);
        var waiting = threads.start(() -> process.waitFor(source.token()));
        waiting.awaitParked();
        source.cancel("closed");
        assertInstanceOf(CancelledException.class, waiting.failure());
        assertInstanceOf(CancelledIOException.class, reading.failure());
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void promise16_a_process_that_was_run(Threads threads) throws Exception {
    var source = CancellationSource.create("tab");
    Path begun = directory.resolve("begun");
    var builder = new ProcessBuilder("sh", "-c", "echo half; : > " + begun + "; exec sleep 60");
    var call =
        threads.start(
            () ->
                CancellableProcess.run(
                    source.token(),
                    builder,
                    options -> options.withEnding(ProcessEnding.atOnce())));
    org.awaitility.Awaitility.await().until(() -> Files.exists(begun));
    source.cancel("closed");
    assertInstanceOf(CancelledIOException.class, call.failure());
    assertThrows(
        CancelledIOException.class,
        () -> CancellableProcess.run(source.token(), new ProcessBuilder("no-such-command")));
  }

  // ---- files

  @ParameterizedTest
  @EnumSource
  void promise16_a_fifo_whose_writer_the_token_ends(Threads threads) throws Exception {
    for (int round = 0; round < 20; round++) {
      Path fifo = Fifo.make(directory, "fifo-" + round);
      var source = CancellationSource.create("tab");
      var call = threads.start(() -> CancellableFiles.readString(source.token(), fifo));
      var out = Files.newOutputStream(fifo);
      out.write("half".getBytes(UTF_8));
      source
          .token()
          .onCancel(
              () -> {
                try {
                  out.close();
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              });
      source.cancel("closed");
      assertInstanceOf(CancelledIOException.class, call.failure());
      out.close();
      Files.delete(fifo);
    }
  }

  /** An empty list is for a time that has passed. */
  @Test
  void promise16_no_changes() throws Exception {
    try (var watch = DirectoryWatch.of(directory);
        var source = CancellationSource.create()) {
      source.cancel();
      assertThrows(CancelledIOException.class, () -> watch.poll(source.token(), Duration.ZERO));
      assertThrows(
          CancelledIOException.class,
          () ->
              Cancellation.call(
                  source.token(), () -> watch.poll(Cancellation.current(), Duration.ofDays(1))));
    }
  }
}
