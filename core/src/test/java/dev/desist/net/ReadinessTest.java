package dev.desist.net;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.Deadline;
import dev.desist.support.Call;
import dev.desist.support.Call.Kind;
import dev.desist.support.Descriptors;
import dev.desist.support.Ends;
import dev.desist.testkit.Hygiene;
import java.io.BufferedInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.AbstractSelector;
import java.nio.channels.spi.SelectorProvider;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The waiting itself: what it watches, what it keeps, and who is forgotten (nobody). */
@ExtendWith(Hygiene.class)
@Timeout(60)
class ReadinessTest {
  /** What the loop watches for on this channel; 0 if it never had to. */
  private static int watched(SelectableChannel channel) throws IOException {
    for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
      SelectionKey key = channel.keyFor(SelectorLoop.next().selector());
      if (key != null) {
        return key.interestOps();
      }
    }
    return 0;
  }

  private static void cancelOne(Rig rig, Kind kind) {
    var source = CancellationSource.create();
    Call<Object> call = Call.waiting(kind, () -> rig.call(source.token()));
    source.cancel();
    call.failure(CancelledIOException.class);
  }

  @Test
  void data_that_nobody_reads_keeps_no_loop_awake_and_is_there_later() throws Exception {
    Ends ends = Ends.connect(Ends.loopback());
    try (var mine = ends.mine();
        SocketChannel other = ends.other()) {
      ByteBuffer buffer = ByteBuffer.allocate(10);
      var source = CancellationSource.create();
      Call<Integer> first = Call.waiting(Kind.VIRTUAL, () -> mine.read(source.token(), buffer));
      await().until(() -> watched(mine.channel()) == SelectionKey.OP_READ);
      source.cancel();
      first.failure(CancelledIOException.class);
      assertEquals(SelectionKey.OP_READ, watched(mine.channel()), "input stays armed");
      other.write(ByteBuffer.wrap(new byte[3]));
      await().until(() -> watched(mine.channel()) == 0);
      assertEquals(3, mine.read(CancellationToken.none(), buffer));
      Call<Integer> again =
          Call.waiting(Kind.VIRTUAL, () -> mine.read(CancellationToken.none(), buffer));
      other.write(ByteBuffer.wrap(new byte[2]));
      assertEquals(2, again.get());
    }
  }

  @Test
  void the_end_of_the_stream_keeps_no_loop_awake() throws Exception {
    Ends ends = Ends.connect(Ends.loopback());
    try (var mine = ends.mine()) {
      var source = CancellationSource.create();
      ByteBuffer buffer = ByteBuffer.allocate(10);
      Call<Integer> first = Call.waiting(Kind.VIRTUAL, () -> mine.read(source.token(), buffer));
      await().until(() -> watched(mine.channel()) == SelectionKey.OP_READ);
      source.cancel();
      first.failure(CancelledIOException.class);
      ends.other().close();
      await().until(() -> watched(mine.channel()) == 0);
      assertEquals(-1, mine.read(CancellationToken.none(), buffer));
    }
  }

  /** Once it is made, a connection is ready for nobody, and would wake the loop for ever. */
  @Test
  void a_connect_that_was_cancelled_is_not_watched_any_more() throws Exception {
    try (Rig rig = Operation.CONNECT.rig()) {
      var source = CancellationSource.create();
      Call<Object> call = Call.waiting(Kind.VIRTUAL, () -> rig.call(source.token()));
      SelectableChannel channel = ((SocketRigs.Connecting) rig).channel();
      await().until(() -> watched(channel) == SelectionKey.OP_CONNECT);
      source.cancel();
      call.failure(CancelledIOException.class);
      await().until(() -> watched(channel) == 0);
    }
  }

  @Test
  void all_who_wait_for_one_connection_get_it() throws Exception {
    try (Rig rig = Operation.CONNECT.rig()) {
      var calls = new ArrayList<Call<Object>>();
      for (int i = 0; i < 3; i++) {
        for (Kind kind : Kind.values()) {
          calls.add(Call.waiting(kind, () -> rig.call(CancellationToken.none())));
        }
      }
      rig.let();
      for (Call<Object> each : calls) {
        each.get();
      }
      SelectableChannel channel = ((SocketRigs.Connecting) rig).channel();
      await().until(() -> watched(channel) == 0);
    }
  }

  @Test
  void a_write_that_was_cancelled_is_not_watched_for_once_it_is_possible() throws Exception {
    try (Rig rig = Operation.PIPE_WRITE.rig()) {
      cancelOne(rig, Kind.VIRTUAL);
      rig.let();
      rig.check(rig.call(CancellationToken.none()));
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void all_who_wait_to_read_are_woken_and_none_is_forgotten(Kind kind) throws Exception {
    try (var pipe = CancellablePipe.open()) {
      var calls = new ArrayList<Call<Integer>>();
      for (int i = 0; i < 6; i++) {
        Kind its = i % 2 == 0 ? kind : kind.other();
        calls.add(
            Call.waiting(
                its, () -> pipe.source().read(CancellationToken.none(), ByteBuffer.allocate(1))));
      }
      for (int i = 0; i < 6; i++) {
        pipe.sink().write(ByteBuffer.allocate(1));
      }
      for (Call<Integer> each : calls) {
        assertEquals(1, each.get());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void one_who_is_cancelled_leaves_the_others_waiting(Kind kind) throws Exception {
    try (var pipe = CancellablePipe.open()) {
      var source = CancellationSource.create();
      ByteBuffer buffer = ByteBuffer.allocate(1);
      Call<Integer> first =
          Call.waiting(kind, () -> pipe.source().read(source.token(), ByteBuffer.allocate(1)));
      Call<Integer> second =
          Call.waiting(kind.other(), () -> pipe.source().read(CancellationToken.none(), buffer));
      Call<Integer> third =
          Call.waiting(kind, () -> pipe.source().read(source.token(), ByteBuffer.allocate(1)));
      source.cancel();
      first.failure(CancelledIOException.class);
      third.failure(CancelledIOException.class);
      assertFalse(second.task().isDone());
      pipe.sink().write(ByteBuffer.allocate(1));
      assertEquals(1, second.get());
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void closed_behind_our_back_they_learn_of_it_when_this_is_closed_too(Kind kind) throws Exception {
    Ends ends = Ends.connect(Ends.loopback());
    try (SocketChannel other = ends.other()) {
      assertTrue(other.isOpen());
      var source = CancellationSource.create();
      Call<Integer> first =
          Call.waiting(kind, () -> ends.mine().read(source.token(), ByteBuffer.allocate(1)));
      Call<Integer> second =
          Call.waiting(
              Kind.VIRTUAL,
              () -> ends.mine().read(CancellationToken.none(), ByteBuffer.allocate(1)));
      ends.mine().channel().close();
      source.cancel();
      first.failure(AsynchronousCloseException.class);
      ends.mine().close();
      second.failure(AsynchronousCloseException.class);
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void descriptors_come_back_when_channels_are_closed(Kind kind) throws Exception {
    long before = 0;
    for (int round = 0; round < 3; round++) { // the first one opens what stays
      for (Operation each : Operation.values()) {
        if (each != Operation.CONNECT) {
          try (Rig rig = each.rig()) {
            cancelOne(rig, kind);
            Call<Object> waits = Call.waiting(kind, () -> rig.call(CancellationToken.none()));
            Call.waiting(kind, () -> rig.call(CancellationToken.none()));
            rig.shut();
            waits.failure(IOException.class);
          }
        }
      }
      if (round == 0) {
        before = Descriptors.count();
      }
    }
    Descriptors.awaitAtMost(before);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void nothing_is_kept_of_a_channel_that_was_closed(Kind kind) throws Exception {
    WeakReference<CancellableSocketChannel> gone = usedAndClosed(kind);
    await()
        .until(
            () -> {
              System.gc();
              return gone.get() == null;
            });
  }

  private static WeakReference<CancellableSocketChannel> usedAndClosed(Kind kind) throws Exception {
    Ends ends = Ends.connect(Ends.loopback());
    try (var mine = ends.mine();
        SocketChannel other = ends.other()) {
      assertTrue(other.isOpen());
      var source = CancellationSource.create();
      Call<Integer> call =
          Call.waiting(kind, () -> mine.read(source.token(), ByteBuffer.allocate(1)));
      source.cancel();
      call.failure(CancelledIOException.class);
      call.thread().join();
      return new WeakReference<>(mine);
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void a_deadline_is_not_early_and_not_rounded_to_never(Kind kind) throws Exception {
    try (var server = CancellableServerSocketChannel.open(Ends.loopback())) {
      for (int i = 0; i < 20; i++) {
        Duration timeout = Duration.ofNanos(1 + i * 130_001L);
        Call<Long> call =
            Call.start(
                kind,
                () -> {
                  long start = System.nanoTime();
                  assertThrows(
                      SocketTimeoutException.class,
                      () -> server.accept(CancellationToken.none(), Deadline.after(timeout)));
                  return System.nanoTime() - start;
                });
        assertTrue(call.get() >= timeout.toNanos());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void close_may_come_twice_and_before_anybody_waited(Kind kind) throws Exception {
    for (Operation each : Operation.values()) {
      if (each != Operation.CONNECT) {
        try (Rig rig = each.rig()) {
          rig.shut();
          rig.shut();
          var e =
              Call.start(kind, () -> rig.call(CancellationToken.none())).failure(IOException.class);
          assertTrue(each.isSocket() || e instanceof ClosedChannelException, e::toString);
        }
      }
    }
  }

  @Test
  void even_nothing_cannot_be_written_to_a_closed_channel() throws Exception {
    var pipe = CancellablePipe.open();
    pipe.close();
    assertThrows(ClosedChannelException.class, () -> pipe.sink().write(ByteBuffer.allocate(0)));
  }

  @Test
  void a_buffered_stream_over_a_unix_domain_connection() throws Exception {
    try (Rig rig = Operation.UNIX_READ.rig()) {
      Ends ends = Ends.connect(rig.local(true));
      try (SocketChannel other = ends.other();
          InputStream in = new BufferedInputStream(ends.mine().inputStream())) {
        other.write(UTF_8.encode("hello"));
        assertEquals("hello", new String(in.readNBytes(5), UTF_8));
        assertEquals(0, in.available());
        other.shutdownOutput();
        assertEquals(-1, in.read());
      }
    }
  }

  /** A Unix-domain listener whose queue is full refuses at once: there is nothing to wait for. */
  @Test
  void a_unix_domain_connect_to_a_full_queue_fails() throws Exception {
    var opened = new ArrayList<SocketChannel>();
    try (Rig rig = Operation.UNIX_READ.rig();
        var server = CancellableServerSocketChannel.open(rig.local(true), 1)) {
      assertThrows(
          IOException.class,
          () -> {
            for (int i = 0; i < 10; i++) {
              opened.add(
                  CancellableSocketChannel.open(Cancellation.current(), server.localAddress())
                      .channel());
            }
          });
    } finally {
      for (SocketChannel each : opened) {
        each.close();
      }
    }
  }

  /** A provider of somebody else's, whose selectors are not ours. */
  private static final class ForeignProvider extends SelectorProvider {
    @Override
    public DatagramChannel openDatagramChannel() {
      throw new UnsupportedOperationException();
    }

    @Override
    public DatagramChannel openDatagramChannel(java.net.ProtocolFamily family) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Pipe openPipe() {
      throw new UnsupportedOperationException();
    }

    @Override
    public AbstractSelector openSelector() {
      throw new UnsupportedOperationException();
    }

    @Override
    public ServerSocketChannel openServerSocketChannel() {
      throw new UnsupportedOperationException();
    }

    @Override
    public SocketChannel openSocketChannel() {
      throw new UnsupportedOperationException();
    }
  }

  private static final class ForeignSource extends Pipe.SourceChannel {
    ForeignSource() {
      super(new ForeignProvider());
    }

    @Override
    protected void implCloseSelectableChannel() {}

    @Override
    protected void implConfigureBlocking(boolean block) {}

    @Override
    public int read(ByteBuffer destination) {
      return 0;
    }

    @Override
    public long read(ByteBuffer[] destinations) {
      return 0;
    }

    @Override
    public long read(ByteBuffer[] destinations, int offset, int length) {
      return 0;
    }
  }

  @Test
  void a_channel_of_another_provider_is_refused_at_once() throws Exception {
    try (var foreign = new ForeignSource()) {
      assertThrows(IllegalArgumentException.class, () -> CancellablePipe.Source.of(foreign));
    }
  }

  /** Of a process without a descriptor to spare: the loop cannot be made now, but it can later. */
  @Test
  void a_loop_that_could_not_be_made_is_made_later(@TempDir Path folder) throws Exception {
    Descriptors.count(); // assumes Linux
    Path said = folder.resolve("said");
    Process process =
        new ProcessBuilder(
                "sh",
                "-c",
                "ulimit -n 100 && exec \"$0\" \"$@\"",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:ActiveProcessorCount=2", // as many loops
                "-cp",
                System.getProperty("java.class.path"),
                WithoutDescriptors.class.getName())
            .redirectErrorStream(true)
            .redirectOutput(said.toFile())
            .start();
    try {
      assertTrue(process.waitFor(30, TimeUnit.SECONDS), "it hangs");
      assertEquals("refused, then read\n", Files.readString(said));
    } finally {
      process.destroyForcibly();
    }
  }

  /** The process of that test. */
  static final class WithoutDescriptors {
    private static volatile boolean failed;

    private WithoutDescriptors() {}

    public static void main(String[] arguments) throws Exception {
      try (var first = CancellablePipe.open();
          var second = CancellablePipe.open()) {
        read(first, true); // makes one loop, and loads all classes
        var hogs = new ArrayList<FileInputStream>();
        try {
          while (true) {
            hogs.add(new FileInputStream("/dev/null"));
          }
        } catch (IOException e) {
          // no more to be had
        }
        Thread.ofVirtual().start(() -> read(second)).join();
        for (FileInputStream each : hogs) {
          each.close();
        }
        if (!failed) {
          throw new IllegalStateException("it was not refused");
        }
        failed = false;
        read(second, false);
        if (!failed) {
          System.out.println("refused, then read");
        }
      }
    }

    private static void read(CancellablePipe pipe, boolean loads) throws Exception {
      Thread thread = Thread.ofVirtual().start(() -> read(pipe));
      Call.awaitWaiting(thread);
      pipe.sink().write(ByteBuffer.allocate(1));
      thread.join();
      if (failed && loads) {
        throw new IllegalStateException("the first one failed");
      }
    }

    private static void read(CancellablePipe pipe) {
      try {
        pipe.source().read(CancellationToken.none(), ByteBuffer.allocate(1));
      } catch (IOException e) {
        failed = true;
      }
    }
  }
}
