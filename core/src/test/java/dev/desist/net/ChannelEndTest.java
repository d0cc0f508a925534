package dev.desist.net;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.desist.CancellationSource;
import dev.desist.CancelledIOException;
import dev.desist.Deadline;
import dev.desist.support.Ends;
import dev.desist.support.Threads;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.ScatteringByteChannel;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An end that the cancellation has made is no end, for channels. */
class ChannelEndTest {
  /** The same with a channel, whose input a callback of the token has shut down. */
  @Test
  void promise16_the_end_of_a_channel() {
    var source = CancellationSource.create();
    ReadableByteChannel channel =
        new EndingChannel() {
          @Override
          int end() {
            source.cancel();
            return -1;
          }
        };
    assertThrows(
        CancelledIOException.class,
        () ->
            ChannelTransfer.read(
                channel, NEVER, source.token(), ByteBuffer.allocate(1), Deadline.none()));
  }

  @Test
  void promise16_the_end_of_a_channel_that_scatters() {
    var source = CancellationSource.create();
    ScatteringByteChannel channel =
        new EndingChannel() {
          @Override
          int end() {
            source.cancel();
            return -1;
          }
        };
    ByteBuffer[] buffers = {ByteBuffer.allocate(1)};
    assertThrows(
        CancelledIOException.class,
        () -> ChannelTransfer.read(channel, NEVER, source.token(), buffers, 0, 1));
  }

  @SuppressWarnings("NullAway") // it is not waited for
  private static final Readiness NEVER = null;

  private abstract static class EndingChannel implements ScatteringByteChannel {
    abstract int end();

    @Override
    public int read(ByteBuffer buffer) {
      return end();
    }

    @Override
    public long read(ByteBuffer[] buffers) {
      return end();
    }

    @Override
    public long read(ByteBuffer[] buffers, int offset, int length) {
      return end();
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  /** The goodbye of the guide: the token's callback shuts the input down. */
  @ParameterizedTest
  @EnumSource
  void promise16_a_connection_whose_input_is_shut_down_by_the_token(Threads threads)
      throws Exception {
    for (int round = 0; round < 50; round++) {
      Ends ends = Ends.connect(Ends.loopback());
      try (var mine = ends.mine();
          var other = ends.other();
          var source = CancellationSource.create("tab")) {
        source
            .token()
            .onCancel(
                () -> {
                  try {
                    mine.shutdownInput();
                  } catch (IOException e) {
                    throw new AssertionError(e);
                  }
                });
        var reading = new CountDownLatch(1);
        var call =
            threads.start(
                () -> {
                  ByteBuffer buffer = ByteBuffer.allocate(1);
                  while (true) {
                    int got = mine.read(source.token(), buffer.clear());
                    reading.countDown();
                    if (got < 0) {
                      return got;
                    }
                  }
                });
        for (int i = 0; i < 20; i++) {
          other.write(ByteBuffer.allocate(100));
        }
        reading.await();
        source.cancel("closed");
        assertInstanceOf(CancelledIOException.class, call.failure());
      }
    }
  }

  // ---- lines
}
