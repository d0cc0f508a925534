package dev.desist.io;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.support.Fifo;
import dev.desist.support.Threads;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.channels.AsynchronousCloseException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Streams that nothing can interrupt, read under a token. */
@ExtendWith(Hygiene.class)
@Timeout(30)
class CancellableInputStreamTest {
  @TempDir private Path directory;

  @AfterEach
  void no_pump_is_left() {
    Threads.awaitNone("desist-pump-");
  }

  @ParameterizedTest
  @EnumSource
  void promise20_a_cancelled_read_of_a_fifo_loses_nothing(Threads threads) throws Exception {
    Path fifo = Fifo.make(directory, "fifo");
    try (var in = CancellableInputStream.open(fifo);
        var source = CancellationSource.create("reader")) {
      var opening = threads.start(() -> in.read(source.token()));
      opening.awaitParked(); // nobody has opened the other end
      source.cancel("enough");
      var thrown = assertInstanceOf(CancelledIOException.class, opening.failure());
      assertEquals("enough", thrown.reason().message());

      try (OutputStream out = Files.newOutputStream(fifo)) {
        var second = CancellationSource.create();
        var reading = threads.start(() -> in.read(second.token()));
        reading.awaitParked();
        second.close();
        assertInstanceOf(CancelledIOException.class, reading.failure());
        out.write("hello".getBytes(UTF_8));
        out.flush();
        byte[] five = new byte[5];
        assertEquals(5, threads.start(() -> in.readNBytes(five, 0, 5)).get());
        assertEquals("hello", new String(five, UTF_8));
      }
      assertEquals(-1, threads.start(() -> in.read()).get());
    }
  }

  @Test
  void readers_on_virtual_threads_leave_the_carriers_free() throws Exception {
    int readers = 2 * Runtime.getRuntime().availableProcessors() + 2;
    var streams = new ArrayList<CancellableInputStream>();
    var outputs = new ArrayList<OutputStream>();
    var reading = new ArrayList<Threads.Running<Integer>>();
    try {
      for (int i = 0; i < readers; i++) {
        Path fifo = Fifo.make(directory, "fifo-" + i);
        var in = CancellableInputStream.open(fifo);
        streams.add(in);
        reading.add(Threads.VIRTUAL.start(() -> in.read()));
        outputs.add(Files.newOutputStream(fifo)); // comes back when the pump has opened its end
      }
      reading.forEach(Threads.Running::awaitParked);
      var free = new CountDownLatch(1);
      Thread.startVirtualThread(free::countDown);
      assertTrue(free.await(10, TimeUnit.SECONDS), "a virtual thread finds a carrier");
      for (OutputStream out : outputs) {
        out.write('x');
      }
      for (Threads.Running<Integer> each : reading) {
        assertEquals('x', each.get());
      }
    } finally {
      for (OutputStream out : outputs) {
        out.close();
      }
      for (CancellableInputStream in : streams) {
        in.close();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void promise20_an_interrupt_loses_nothing_and_stays(Threads threads) throws Exception {
    var out = new PipedOutputStream();
    try (var in = CancellableInputStream.pumping(new PipedInputStream(out));
        out) {
      var flag = new CountDownLatch(1);
      var reading =
          threads.start(
              () -> {
                var thrown = assertThrows(InterruptedIOException.class, in::read);
                assertFalse(thrown instanceof CancelledIOException);
                assertTrue(Thread.currentThread().isInterrupted());
                flag.countDown();
                return 0;
              });
      reading.awaitParked();
      reading.thread().interrupt();
      reading.get();
      assertEquals(0, flag.getCount());
      out.write(7);
      out.flush();
      assertEquals(7, in.read());
    }
  }

  @Test
  void a_cancelled_token_ends_the_read_even_if_there_are_bytes() throws Exception {
    try (var in = CancellableInputStream.pumping(new ByteArrayInputStream(new byte[] {1, 2}))) {
      assertEquals(1, in.read());
      var token = CancellationToken.cancelled(CancellationReason.requested());
      assertThrows(CancelledIOException.class, () -> in.read(token));
      assertThrows(
          CancelledIOException.class, () -> Cancellation.call(token, () -> in.read(new byte[4])));
      assertEquals(2, in.read());
      assertEquals(-1, in.read());
    }
  }

  @Test
  void nothing_is_read_before_the_first_read_and_no_more_than_the_buffer_ahead() throws Exception {
    var asked = new AtomicInteger();
    var endless =
        new InputStream() {
          @Override
          public int read() {
            return asked.getAndIncrement() & 0xff;
          }

          @Override
          public int read(byte[] bytes, int offset, int length) {
            for (int i = 0; i < length; i++) {
              bytes[offset + i] = (byte) read();
            }
            return length;
          }
        };
    try (var in = CancellableInputStream.pumping(endless, 100)) {
      assertEquals(0, in.available());
      assertEquals(0, asked.get());
      assertEquals(0, in.read());
      await().until(() -> in.available() == 100);
      assertTrue(asked.get() <= 101);
      for (int i = 1; i < 1000; i++) {
        assertEquals(i & 0xff, in.read());
      }
    }
  }

  @Test
  void promise20_readers_that_come_and_go_get_every_byte_in_order() throws Exception {
    byte[] sent = new byte[300_000];
    new Random(42).nextBytes(sent);
    var out = new PipedOutputStream();
    var got = new ByteArrayOutputStream();
    try (var in = CancellableInputStream.pumping(new PipedInputStream(out), 1000)) {
      var writing =
          Threads.PLATFORM.start(
              () -> {
                try (out) {
                  for (int at = 0; at < sent.length; at += 300) {
                    out.write(sent, at, 300);
                    out.flush();
                  }
                }
                return 0;
              });
      byte[] buffer = new byte[700];
      int cancelled = 0;
      for (boolean ended = false; !ended; ) {
        try (var source = CancellationSource.create()) {
          Thread.startVirtualThread(source::cancel);
          while (true) {
            int count = in.read(source.token(), buffer);
            if (count < 0) {
              ended = true;
              break;
            }
            got.write(buffer, 0, count);
          }
        } catch (CancelledIOException e) {
          cancelled++;
        }
      }
      writing.get();
      assertTrue(cancelled > 0);
    }
    assertArrayEquals(sent, got.toByteArray());
  }

  @Test
  void promise20_reading_all_puts_back_what_it_had() throws Exception {
    var out = new PipedOutputStream();
    try (var in = CancellableInputStream.pumping(new PipedInputStream(out));
        var source = CancellationSource.create()) {
      out.write("abc".getBytes(UTF_8));
      out.flush();
      var reading = Threads.PLATFORM.start(() -> in.readAllBytes(source.token()));
      await()
          .until(() -> in.available() == 0 && reading.thread().getState() == Thread.State.WAITING);
      source.cancel();
      assertInstanceOf(CancelledIOException.class, reading.failure());
      assertEquals(3, in.available());
      out.write("def".getBytes(UTF_8));
      out.close();
      assertEquals("ab", new String(in.readNBytes(2), UTF_8));
      assertEquals("cdef", new String(in.readAllBytes(), UTF_8));
    }
  }

  @Test
  void a_failure_comes_after_the_bytes_and_is_handed_over_once() throws Exception {
    var failure = new IOException("broken");
    var failing =
        new InputStream() {
          private int calls;

          @Override
          public int read() {
            throw new AssertionError();
          }

          @Override
          public int read(byte[] bytes, int offset, int length) throws IOException {
            return switch (calls++) {
              case 0, 3 -> {
                bytes[offset] = (byte) calls;
                yield 1;
              }
              case 1 -> throw failure;
              case 2 -> throw new IllegalStateException("worse");
              default -> -1;
            };
          }
        };
    try (var in = CancellableInputStream.pumping(failing)) {
      assertEquals(1, in.read());
      assertSame(failure, assertThrows(IOException.class, in::read));
      assertThrows(IllegalStateException.class, in::read);
      assertEquals(4, in.read());
      assertEquals(-1, in.read());
      assertEquals(-1, in.read());
    }
  }

  @Test
  void a_file_that_is_not_there_is_found_by_the_read() throws Exception {
    try (var in = CancellableInputStream.open(directory.resolve("none"))) {
      assertThrows(NoSuchFileException.class, in::read);
    }
  }

  @ParameterizedTest
  @EnumSource
  void closing_ends_a_reader_and_lets_the_opening_of_a_fifo_go(Threads threads) throws Exception {
    Path fifo = Fifo.make(directory, "fifo");
    var in = CancellableInputStream.open(fifo);
    var reading = threads.start(() -> in.read());
    reading.awaitParked();
    in.close();
    assertInstanceOf(AsynchronousCloseException.class, reading.failure());
    assertThrows(AsynchronousCloseException.class, in::read);
    Threads.awaitNone("desist-pump-");
  }

  @Test
  void closing_lets_the_reading_of_a_fifo_go() throws Exception {
    Path fifo = Fifo.make(directory, "fifo");
    var in = CancellableInputStream.open(fifo);
    var reading = Threads.VIRTUAL.start(() -> in.read());
    try (OutputStream out = Files.newOutputStream(fifo)) {
      reading.awaitParked();
      in.close();
      assertInstanceOf(AsynchronousCloseException.class, reading.failure());
      Threads.awaitNone("desist-pump-");
      assertThrows(IOException.class, () -> out.write(1), "nobody reads");
    }
  }

  @Test
  void a_thread_that_nothing_gets_out_of_the_source_stays_until_there_is_something()
      throws Exception {
    var inside = new CountDownLatch(1);
    var arrives = new CountDownLatch(1);
    var deaf =
        new InputStream() {
          @Override
          public int read() {
            throw new AssertionError();
          }

          @Override
          public int read(byte[] bytes, int offset, int length) throws IOException {
            inside.countDown();
            try {
              arrives.await();
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
            return length;
          }
        };
    var in = CancellableInputStream.pumping(deaf);
    var reading = Threads.VIRTUAL.start(() -> in.read());
    inside.await();
    in.close();
    assertInstanceOf(AsynchronousCloseException.class, reading.failure());
    assertEquals(1, Threads.count("desist-pump-"));
    arrives.countDown();
    Threads.awaitNone("desist-pump-");
  }

  @Test
  void promise17_a_stream_that_was_dropped_half_read_keeps_no_thread() throws Exception {
    var time = new ManualTime();
    var in =
        time.call(
            () -> CancellableInputStream.pumping(new ByteArrayInputStream(new byte[1000]), 10));
    assertEquals(0, in.read());
    await().until(() -> time.pending() == 1); // it lingers for five seconds
    time.advance(Duration.ofSeconds(5).minusNanos(1));
    assertEquals(1, Threads.count("desist-pump-"));
    time.advance(Duration.ofNanos(1));
    Threads.awaitNone("desist-pump-");
    assertEquals(999, in.readAllBytes().length);
  }

  @Test
  void promise20_the_streams_of_system_in_share_one_thread_and_one_buffer() throws Exception {
    InputStream before = System.in;
    var out = new PipedOutputStream();
    System.setIn(new PipedInputStream(out));
    try (out;
        var source = CancellationSource.create()) {
      var first = CancellableInputStream.systemIn();
      var reading = Threads.VIRTUAL.start(() -> first.read(source.token()));
      reading.awaitParked();
      source.cancel();
      assertInstanceOf(CancelledIOException.class, reading.failure());
      first.close();
      assertThrows(AsynchronousCloseException.class, first::read);
      var second = CancellableInputStream.pumping(System.in);
      out.write("xy".getBytes(UTF_8));
      out.flush();
      assertEquals('x', second.read());
      assertEquals(1, Threads.count("desist-pump-System.in"));
      second.close();
      assertEquals('y', CancellableInputStream.systemIn().read());
    } finally {
      System.setIn(before);
    }
  }

  @Test
  void several_readers_divide_the_bytes() throws Exception {
    int bytes = 2000;
    try (var in = CancellableInputStream.pumping(new ByteArrayInputStream(new byte[bytes]), 64)) {
      var taken = new Semaphore(0);
      List<Threads.Running<Integer>> readers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        readers.add(
            (i % 2 == 0 ? Threads.PLATFORM : Threads.VIRTUAL)
                .start(
                    () -> {
                      while (in.read() >= 0) {
                        taken.release();
                      }
                      return 0;
                    }));
      }
      for (Threads.Running<Integer> each : readers) {
        each.get();
      }
      assertEquals(bytes, taken.availablePermits());
    }
  }

  // ---- lines ----

  @Test
  void lines_end_with_either_or_both_or_the_stream() throws Exception {
    byte[] text = "a\nb\r\nc\r\rdé€𝄞".getBytes(UTF_8);
    try (var lines =
        CancellableInputStream.pumping(new ByteArrayInputStream(text), 3).lines(UTF_8)) {
      for (String expected : List.of("a", "b", "c", "", "dé€𝄞")) {
        assertEquals(expected, lines.readLine(Cancellation.current()));
      }
      assertEquals(null, lines.readLine(Cancellation.current()));
    }
  }

  @ParameterizedTest
  @EnumSource
  void promise20_the_beginning_of_a_line_survives_a_cancellation(Threads threads) throws Exception {
    var out = new PipedOutputStream();
    try (var in = CancellableInputStream.pumping(new PipedInputStream(out));
        var lines = in.lines(UTF_8);
        var source = CancellationSource.create()) {
      byte[] text = "first\nsec€nd\n".getBytes(UTF_8);
      out.write(text, 0, 10); // in the middle of the sign
      out.flush();
      assertEquals("first", lines.readLine(Cancellation.current()));
      var reading = threads.start(() -> lines.readLine(source.token()));
      reading.awaitParked();
      assertThrows(IllegalStateException.class, () -> lines.readLine(Cancellation.current()));
      source.cancel();
      assertInstanceOf(CancelledIOException.class, reading.failure());
      out.write(text, 10, text.length - 10);
      out.close();
      assertEquals("sec€nd", threads.start(() -> lines.readLine(Cancellation.current())).get());
    }
  }
}
