package dev.desist.net;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.support.Call;
import dev.desist.support.Call.Kind;
import dev.desist.support.Descriptors;
import dev.desist.support.Ends;
import dev.desist.support.Seed;
import dev.desist.testkit.Hygiene;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Cancels reads, writes and accepts at random moments while data flows, and checks every byte.
 * {@code -Ddesist.stress=25} makes it 2,500,000 cancelled reads, 25,000 cancelled writes and 12,500
 * cancelled accepts.
 */
@Tag("stress")
@ExtendWith({Hygiene.class, Seed.class})
class ChannelStressTest {
  private static final int SCALE = Integer.getInteger("desist.stress", 1);
  private static final int READS = 20_000 * SCALE;
  private static final int WRITES = 500 * SCALE;
  private static final int ACCEPTS = 500 * SCALE;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** One run: its threads, and what they found. */
  private static final class Run {
    final AtomicLong cancelled = new AtomicLong();
    final AtomicLong bytes = new AtomicLong();
    final AtomicLong corrupt = new AtomicLong();
    final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    final AtomicReferenceArray<CancellationSource> slots;
    final long goal;
    private final List<Thread> threads = new ArrayList<>();
    private final long descriptors = Descriptors.count();
    private final long start = System.nanoTime();

    Run(int slots, long goal) {
      this.slots = new AtomicReferenceArray<>(slots);
      this.goal = goal;
    }

    interface Body {
      void run() throws IOException;
    }

    void start(Kind kind, Body body) {
      threads.add(
          kind.start(
              () -> {
                try {
                  body.run();
                } catch (Throwable e) {
                  failures.add(e);
                  cancelled.addAndGet(goal); // lets the others end
                }
              }));
    }

    boolean isOver() {
      return cancelled.get() >= goal;
    }

    /**
     * Does one operation under a token that may be cancelled. Returns whether it came to its end.
     */
    boolean attempt(int slot, TokenBody body) throws IOException {
      var source = CancellationSource.create();
      slots.set(slot, source);
      try {
        body.run(source.token());
        return true;
      } catch (CancelledIOException e) {
        cancelled.incrementAndGet();
        return false;
      }
    }

    interface TokenBody {
      void run(CancellationToken token) throws IOException;
    }

    /** Goes round and cancels what is there, after a moment. */
    @SuppressWarnings("ThreadPriorityCheck") // leaves the core to whom it waits for
    void cancelAtRandom() {
      SplittableRandom random = Seed.random(19);
      while (!isOver()) {
        for (int i = 0; i < slots.length() && !isOver(); i++) {
          int moment = random.nextInt(30_000);
          for (long end = System.nanoTime() + moment / slots.length(); System.nanoTime() < end; ) {
            Thread.onSpinWait();
          }
          CancellationSource source = slots.getAndSet(i, null);
          if (source != null) {
            source.cancel();
          }
        }
        Thread.yield();
      }
    }

    /** Waits for all threads; no descriptor may be open that was not before. */
    void end(String what) throws InterruptedException {
      int stuck = 0;
      for (Thread each : threads) {
        while (each.isAlive() && !isOver()) {
          each.join(Duration.ofMillis(100));
        }
        if (!each.join(stuck == 0 ? PATIENCE : Duration.ofMillis(1))) {
          stuck++;
        }
      }
      int stuckAtEnd = stuck;
      long millis = (System.nanoTime() - start) / 1_000_000;
      System.out.printf(
          "ChannelStressTest: %s: %,d cancelled, %,d bytes, %d corrupt, %d stuck, %d failed, %,d"
              + " ms%n",
          what, cancelled.get(), bytes.get(), corrupt.get(), stuck, failures.size(), millis);
      assertAll(
          () -> assertEquals(List.of(), List.copyOf(failures)),
          () -> assertEquals(0, stuckAtEnd, "stuck threads"),
          () -> assertEquals(0, corrupt.get(), "corrupt bytes"),
          () -> assertTrue(isOver()));
      Descriptors.awaitAtMost(descriptors);
    }

    /** Checks what was read, and empties the buffer. */
    long check(ByteBuffer read, long position) {
      read.flip();
      int count = read.remaining();
      for (int i = 0; i < count; i++) {
        if (read.get(i) != Rig.at(position + i)) {
          corrupt.incrementAndGet();
        }
      }
      read.clear();
      bytes.addAndGet(count);
      return position + count;
    }
  }

  private static void fill(ByteBuffer buffer, int count, long position) {
    buffer.clear();
    for (int i = 0; i < count; i++) {
      buffer.put(Rig.at(position + i));
    }
    buffer.flip();
  }

  private static void warmUp() throws Exception {
    for (Kind kind : Kind.values()) { // each loop has its descriptors for ever
      for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
        try (Rig rig = Operation.PIPE_READ.rig()) {
          Call<Object> call = Call.waiting(kind, () -> rig.call(CancellationToken.none()));
          rig.let();
          call.get();
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1,VIRTUAL", "1,PLATFORM", "50,VIRTUAL", "50,PLATFORM", "400,VIRTUAL"})
  void promise19_cancelled_reads(int connections, Kind kind) throws Exception {
    warmUp();
    var run = new Run(connections, READS);
    var others = new ArrayList<SocketChannel>();
    try (ServerSocketChannel server = ServerSocketChannel.open().bind(Ends.loopback(), 500)) {
      for (int i = 0; i < connections; i++) {
        int slot = i;
        var mine = CancellableSocketChannel.open(Cancellation.current(), server.getLocalAddress());
        others.add(server.accept());
        run.start(kind, () -> read(run, slot, mine));
      }
    }
    run.start(Kind.PLATFORM, () -> feed(run, others));
    run.start(Kind.PLATFORM, run::cancelAtRandom);
    run.end(connections + " connections, " + kind + ", reads");
  }

  private static void read(Run run, int slot, CancellableSocketChannel channel) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(4096);
    long position = 0;
    boolean ended = false;
    try (channel) {
      while (!ended && !run.isOver()) {
        if (run.attempt(slot, token -> channel.read(token, buffer))) {
          ended = buffer.position() == 0;
          position = run.check(buffer, position);
        } else if (buffer.position() != 0) {
          throw new AssertionError("a cancelled read has read");
        }
      }
      while (!ended) {
        ended = channel.read(CancellationToken.none(), buffer) < 0;
        position = run.check(buffer, position);
      }
      buffer.putLong(position).flip();
      channel.write(CancellationToken.none(), buffer); // the goodbye says how much has come
    }
  }

  /** Writes a little here and there, then ends all and compares what was read with it. */
  private static void feed(Run run, List<SocketChannel> channels) throws IOException {
    SplittableRandom random = Seed.random(20);
    long[] positions = new long[channels.size()];
    ByteBuffer buffer = ByteBuffer.allocateDirect(4096);
    while (!run.isOver()) {
      int i = random.nextInt(positions.length);
      int count = 1 + random.nextInt(random.nextInt(8) == 0 ? 4096 : 64);
      fill(buffer, count, positions[i]);
      channels.get(i).write(buffer); // blocks: the whole
      positions[i] += count;
      LockSupport.parkNanos(random.nextInt(100_000));
    }
    for (int i = 0; i < positions.length; i++) {
      try (SocketChannel channel = channels.get(i)) {
        channel.shutdownOutput();
        buffer.clear().limit(Long.BYTES);
        while (buffer.hasRemaining() && channel.read(buffer) >= 0) {}
        assertEquals(positions[i], buffer.flip().getLong());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void promise19_cancelled_writes(Kind kind) throws Exception {
    warmUp();
    int connections = 10;
    var run = new Run(connections, WRITES);
    try (ServerSocketChannel server = ServerSocketChannel.open().bind(Ends.loopback(), 500)) {
      for (int i = 0; i < connections; i++) {
        int slot = i;
        var mine = CancellableSocketChannel.open(Cancellation.current(), server.getLocalAddress());
        SocketChannel other = server.accept();
        run.start(kind, () -> write(run, slot, mine));
        run.start(Kind.PLATFORM, () -> drain(run, other));
      }
    }
    run.start(Kind.PLATFORM, run::cancelAtRandom);
    run.end("10 connections, " + kind + ", writes");
  }

  private static void write(Run run, int slot, CancellableSocketChannel channel)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(400_000);
    long position = 0;
    try (channel) {
      while (!run.isOver()) {
        fill(buffer, buffer.capacity(), position);
        position += buffer.capacity();
        while (buffer.hasRemaining()) {
          if (run.isOver()) {
            channel.write(CancellationToken.none(), buffer);
          } else {
            run.attempt(slot, token -> writeChecked(channel, token, buffer));
          }
        }
      }
      channel.shutdownOutput();
      buffer.clear();
      assertEquals(Long.BYTES, channel.read(CancellationToken.none(), buffer));
      assertEquals(position, buffer.flip().getLong());
    }
  }

  private static void writeChecked(
      CancellableSocketChannel channel, CancellationToken token, ByteBuffer buffer)
      throws IOException {
    int before = buffer.position();
    try {
      channel.write(token, buffer);
    } catch (CancelledIOException e) {
      assertEquals(buffer.position() - before, e.bytesTransferred);
      throw e;
    }
  }

  /** Reads slowly at times, so that who writes has to wait. */
  private static void drain(Run run, SocketChannel channel) throws IOException {
    SplittableRandom random = Seed.random(21);
    ByteBuffer buffer = ByteBuffer.allocateDirect(50_000);
    long position = 0;
    try (channel) {
      while (channel.read(buffer) >= 0) {
        position = run.check(buffer, position);
        if (!run.isOver()) {
          LockSupport.parkNanos(random.nextInt(3_000_000));
        }
      }
      buffer.putLong(position).flip();
      channel.write(buffer);
    }
  }

  @Test
  void promise19_cancelled_accepts_on_both_kinds_of_thread_at_one_listener() throws Exception {
    warmUp();
    int acceptors = 4;
    var run = new Run(acceptors, ACCEPTS);
    var seen = new BitSet();
    var accepted = new AtomicInteger();
    var connected = new AtomicInteger(-1);
    var server = CancellableServerSocketChannel.open(Ends.loopback(), 100);
    for (int i = 0; i < acceptors; i++) {
      int slot = i;
      run.start(
          i % 2 == 0 ? Kind.VIRTUAL : Kind.PLATFORM,
          () -> {
            while (accepted.get() != connected.get()) {
              run.attempt(
                  slot,
                  token -> {
                    try (var connection = server.accept(token)) {
                      ByteBuffer number = ByteBuffer.allocate(Integer.BYTES);
                      while (number.hasRemaining()) {
                        connection.read(CancellationToken.none(), number);
                      }
                      synchronized (seen) {
                        int which = number.flip().getInt();
                        if (seen.get(which)) {
                          run.corrupt.incrementAndGet();
                        }
                        seen.set(which);
                      }
                      accepted.incrementAndGet();
                    }
                  });
            }
          });
    }
    run.start(
        Kind.PLATFORM,
        () -> {
          SplittableRandom random = Seed.random(22);
          int count = 0;
          while (!run.isOver()) {
            try (SocketChannel client = SocketChannel.open(server.localAddress())) {
              client.write(ByteBuffer.allocate(Integer.BYTES).putInt(count++).flip());
              run.bytes.addAndGet(Integer.BYTES);
            }
            LockSupport.parkNanos(random.nextInt(200_000));
          }
          connected.set(count);
          while (accepted.get() != count) { // those who wait look again
            for (int i = 0; i < acceptors; i++) {
              CancellationSource source = run.slots.getAndSet(i, null);
              if (source != null) {
                source.cancel();
              }
            }
            LockSupport.parkNanos(100_000);
          }
          for (long left = acceptors * 1000L; left > 0; left--) { // the last of them may wait
            for (int i = 0; i < acceptors; i++) {
              CancellationSource source = run.slots.getAndSet(i, null);
              if (source != null) {
                source.cancel();
              }
            }
            LockSupport.parkNanos(10_000);
          }
          server.close();
        });
    run.start(Kind.PLATFORM, run::cancelAtRandom);
    run.end("one listener, both kinds, accepts");
    assertEquals(connected.get(), seen.cardinality());
  }
}
