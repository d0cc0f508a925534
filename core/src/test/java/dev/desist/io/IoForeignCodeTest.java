package dev.desist.io;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.support.Threads;
import dev.desist.testkit.Hygiene;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Everything that a user can hand in here, in versions that misbehave: nothing hangs, nothing is
 * left, and the rest goes on.
 */
@ExtendWith(Hygiene.class)
@Timeout(60)
@SuppressWarnings("InputStreamSlowMultibyteRead") // a byte is all they have
class IoForeignCodeTest {
  @TempDir private Path directory;

  @AfterEach
  void no_pump_is_left() {
    Threads.awaitNone("desist-pump-");
  }

  /** Says nothing about itself but by throwing. */
  private static final class Unspeakable extends Exception {
    private static final long serialVersionUID = 1;

    @Override
    public String getMessage() {
      throw new IllegalStateException("no message");
    }

    @Override
    public String toString() {
      throw new IllegalStateException("no words");
    }
  }

  @SuppressWarnings("unchecked")
  private static <X extends Throwable> void sneak(Throwable thrown) throws X {
    throw (X) thrown;
  }

  // ---- streams that are pumped

  /** How a stream misbehaves, once. */
  enum Fault {
    CHECKED {
      @Override
      int read(int length) {
        IoForeignCodeTest.<RuntimeException>sneak(new Unspeakable());
        return 0;
      }
    },
    UNCHECKED {
      @Override
      int read(int length) {
        throw new UnsupportedOperationException();
      }
    },
    ERROR {
      @Override
      int read(int length) {
        throw new StackOverflowError();
      }
    },
    TOO_MUCH {
      @Override
      int read(int length) {
        return length + 1;
      }
    };

    abstract int read(int length);

    /** A stream that does it, and then gives one byte and the end. */
    InputStream stream() {
      return new InputStream() {
        private int calls;

        @Override
        public int read() {
          throw new AssertionError("not used");
        }

        @Override
        public int read(byte[] bytes, int offset, int length) {
          return switch (calls++) {
            case 0 -> Fault.this.read(length);
            case 1 -> {
              bytes[offset] = 'x';
              yield 1;
            }
            default -> -1;
          };
        }

        @Override
        public void close() throws IOException {
          throw new IOException("close");
        }
      };
    }
  }

  @ParameterizedTest
  @EnumSource
  void a_stream_that_misbehaves_reaches_one_reader_and_is_asked_again(Fault fault) {
    var in = CancellableInputStream.pumping(fault.stream(), 10);
    var thrown = assertThrows(Throwable.class, () -> in.read(CancellationToken.none()));
    if (fault == Fault.CHECKED) {
      assertInstanceOf(Unspeakable.class, assertInstanceOf(IOException.class, thrown).getCause());
    }
    assertEquals("x", assertReads(in));
    assertEquals("close", assertThrows(IOException.class, in::close).getMessage());
  }

  private static String assertReads(CancellableInputStream in) {
    try {
      return new String(in.readAllBytes(CancellationToken.none()), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @EnumSource
  void a_stream_that_misbehaves_leaves_no_file(Fault fault) throws Exception {
    Path target = directory.resolve("target");
    assertThrows(
        Throwable.class,
        () -> CancellableFiles.copy(CancellationToken.none(), fault.stream(), target));
    assertThrows(
        Throwable.class,
        () ->
            CancellableFiles.write(
                CancellationToken.none(), target, out -> fault.stream().transferTo(out)));
    try (var all = Files.list(directory)) {
      assertEquals(List.of(), all.toList());
    }
  }

  /** While a read hangs, closing hands the source's close to another thread, where it may fail. */
  @Test
  void a_stream_that_hangs_and_does_not_want_to_be_closed() throws Exception {
    var inside = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var closed = new CountDownLatch(1);
    var in =
        CancellableInputStream.pumping(
            new InputStream() {
              @Override
              public int read() {
                inside.countDown();
                try {
                  release.await();
                } catch (InterruptedException e) {
                  throw new AssertionError(e);
                }
                return -1;
              }

              @Override
              public void close() {
                closed.countDown();
                throw new AssertionError("a stream of the test throws this");
              }
            });
    var reading = Threads.VIRTUAL.start(() -> in.read(CancellationToken.none()));
    inside.await();
    in.close();
    assertInstanceOf(java.nio.channels.AsynchronousCloseException.class, reading.failure());
    closed.await();
    release.countDown();
  }

  // ---- what bytes are given to, and who is told of them

  /** A listener's exception fails the transfer, whatever the content makes of it. */
  @Test
  void a_listener_that_throws_fails_the_transfer_even_if_the_content_catches_that()
      throws Exception {
    Path target = Files.writeString(directory.resolve("target"), "old");
    var told = new AtomicInteger();
    var option =
        TransferOption.progress(
            _ -> {
              if (told.incrementAndGet() == 2) {
                throw new IllegalStateException("a listener of the test throws this");
              }
            },
            Duration.ZERO);
    CancellableFiles.Content<RuntimeException> content =
        out -> {
          for (int i = 0; i < 3; i++) {
            try {
              out.write(new byte[10]);
            } catch (IllegalStateException e) {
              // for itself
            }
          }
        };
    assertThrows(
        IllegalStateException.class,
        () -> CancellableFiles.write(CancellationToken.none(), target, content, option));
    assertEquals("old", Files.readString(target));
    try (var all = Files.list(directory)) {
      assertEquals(List.of(target), all.toList());
    }
  }

  /** A layer in between that wraps our exception does not hide the cancellation. */
  @Test
  void promise24_a_cancellation_is_found_in_what_a_stream_has_wrapped_around_it() {
    var source = CancellationSource.create("tab");
    var wrapping =
        new InputStream() {
          @Override
          public int read() throws IOException {
            source.cancel("closed");
            try {
              throw new CancelledIOException(source.token());
            } catch (IOException e) {
              throw new IOException("the entry is damaged", e);
            }
          }
        };
    Path target = directory.resolve("target");
    var copied =
        assertThrows(
            CancelledIOException.class,
            () -> CancellableFiles.copy(source.token(), wrapping, target));
    assertEquals("the entry is damaged", copied.getSuppressed()[0].getMessage());
    assertThrows(
        CancelledIOException.class,
        () ->
            CancellableFiles.write(
                source.token(),
                target,
                _ -> {
                  throw new IllegalStateException("rollback");
                }));
    var second = CancellationSource.create("tab");
    var written =
        assertThrows(
            CancelledIOException.class,
            () ->
                CancellableFiles.write(
                    second.token(),
                    target,
                    out -> {
                      second.cancel("closed");
                      try {
                        out.write(1);
                      } catch (IOException e) {
                        throw new UncheckedIOException(e);
                      }
                    }));
    assertInstanceOf(UncheckedIOException.class, written.getSuppressed()[0]);
    assertThrows(
        CancelledIOException.class,
        () -> CancellableLineReader.of(wrapping, UTF_8).readLine(source.token()));
    assertFalse(Files.exists(target));
  }

  /** A stranger's cancellation is not taken for this one's. */
  @Test
  void promise24_a_strangers_cancellation_stays_one() {
    var stranger = CancellationSource.create("stranger");
    stranger.cancel("other");
    var source = CancellationSource.create("tab");
    var e =
        assertThrows(
            CancelledIOException.class,
            () ->
                CancellableFiles.copy(
                    source.token(),
                    new InputStream() {
                      @Override
                      public int read() throws IOException {
                        source.cancel("mine");
                        throw new CancelledIOException(stranger.token());
                      }
                    },
                    directory.resolve("target")));
    assertEquals("other", e.reason().message());
  }

  @Test
  void a_target_that_throws_unspeakable_things() throws Exception {
    Path source = Files.writeString(directory.resolve("source"), "bytes");
    var target =
        new OutputStream() {
          @Override
          public void write(int one) {
            IoForeignCodeTest.<RuntimeException>sneak(new Unspeakable());
          }
        };
    var e =
        assertThrows(
            IOException.class, () -> CancellableFiles.copy(Cancellation.current(), source, target));
    assertInstanceOf(Unspeakable.class, e.getCause());
  }

  // ---- threads

  /** All equal, and none can be told from another. */
  private static final class Equal extends Thread {
    Equal(Runnable body) {
      super(body);
      setDaemon(true);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Equal;
    }

    @Override
    public int hashCode() {
      return 1;
    }

    @Override
    public String toString() {
      throw new IllegalStateException("no words");
    }
  }

  @Test
  void threads_that_are_equal_are_all_woken() throws Exception {
    var got = new AtomicInteger();
    var pump = new BytePump(new PumpSource.Open(new Trickle()), "test", 10);
    var readers = new ArrayList<Thread>();
    for (int i = 0; i < 4; i++) {
      var reader =
          new Equal(
              () -> {
                try {
                  got.addAndGet(
                      pump.read(CancellationToken.none(), new byte[1], 0, 1, () -> false));
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      readers.add(reader);
      reader.start();
    }
    await().until(() -> pump.waiting() == 4);
    Trickle.GO.countDown();
    for (Thread each : readers) {
      each.join();
    }
    assertEquals(4, got.get());
    assertEquals(0, pump.waiting());
    pump.close();
  }

  /** Gives bytes for ever, from some time on. */
  private static final class Trickle extends InputStream {
    static final CountDownLatch GO = new CountDownLatch(1);

    @Override
    public int read() throws IOException {
      try {
        GO.await();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      return 'x';
    }
  }

  /** Whoever reads lines is named in an exception of another's, as well as can be. */
  @Test
  void a_thread_that_cannot_say_its_name() throws Exception {
    var inside = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var lines =
        CancellableLineReader.of(
            new InputStream() {
              @Override
              public int read() throws IOException {
                inside.countDown();
                try {
                  release.await();
                } catch (InterruptedException e) {
                  throw new IOException(e);
                }
                return -1;
              }
            },
            UTF_8);
    var reader =
        new Equal(
            () -> {
              try {
                lines.readLine(CancellationToken.none());
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    reader.start();
    inside.await();
    var misuse =
        assertThrows(IllegalStateException.class, () -> lines.readLine(Cancellation.current()));
    assertTrue(String.valueOf(misuse.getMessage()).contains(Equal.class.getName()));
    release.countDown();
    reader.join();
  }

  // ---- loggers, where a selector has failed

  // ---- processes

  /** A process of somebody else's making, which has no handle. */
  private static final class Handmade extends Process {
    final AtomicBoolean closed = new AtomicBoolean();

    @Override
    public OutputStream getOutputStream() {
      return OutputStream.nullOutputStream();
    }

    @Override
    public InputStream getInputStream() {
      return new ByteArrayInputStream(new byte[3]) {
        @Override
        public void close() throws IOException {
          closed.set(true);
          throw new IllegalStateException("close");
        }
      };
    }

    @Override
    public InputStream getErrorStream() {
      return InputStream.nullInputStream();
    }

    @Override
    public int waitFor() {
      return 0;
    }

    @Override
    public int exitValue() {
      return 0;
    }

    @Override
    public boolean isAlive() {
      return true;
    }

    @Override
    public long pid() {
      return 7;
    }

    @Override
    public java.util.concurrent.CompletableFuture<Process> onExit() {
      return new java.util.concurrent.CompletableFuture<>();
    }

    @Override
    public void destroy() {}
  }

  @Test
  void a_process_without_a_handle_has_its_streams_closed() throws Exception {
    var process = new Handmade();
    var mine = CancellableProcess.of(process, ProcessEnding.atOnce());
    assertArrayEquals(new byte[3], mine.output().readNBytes(3));
    assertThrows(UnsupportedOperationException.class, mine::close);
    await().until(process.closed::get);
  }
}
