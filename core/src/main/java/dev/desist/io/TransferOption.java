package dev.desist.io;

import dev.desist.internal.Arguments;
import java.nio.file.CopyOption;
import java.nio.file.OpenOption;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * What the methods of {@link CancellableFiles} take beside the options of the JDK, such as {@link
 * java.nio.file.StandardCopyOption#REPLACE_EXISTING}. Of several of a kind the last counts.
 */
public sealed interface TransferOption extends CopyOption, OpenOption {
  /**
   * {@return transfer {@code bytes} at a time} The token is asked between two such chunks: the
   * largest amount that is still read and written after a cancellation. If not told otherwise, 128
   * KiB.
   *
   * @param bytes how many
   * @throws IllegalArgumentException if that is not positive
   */
  static TransferOption chunkSize(int bytes) {
    return new ChunkSize(bytes);
  }

  /**
   * {@return tell {@code listener} how far it is, ten times a second at most}
   *
   * @param listener is called as {@link #progress(Consumer, Duration)} says
   */
  static TransferOption progress(Consumer<? super TransferProgress> listener) {
    return new Progress(listener, Duration.ofMillis(100));
  }

  /**
   * {@return tell {@code listener} how far it is} It is called on the thread that transfers: before
   * the first byte, then after a chunk if {@code interval} has passed since the last call, and when
   * all bytes are there. The transfer waits for it; if it throws, the transfer fails.
   *
   * @param listener is called; may cancel the transfer's source
   * @param interval how much time must lie between two calls, except for the last one; zero for a
   *     call after each chunk
   * @throws IllegalArgumentException if it is negative
   */
  static TransferOption progress(Consumer<? super TransferProgress> listener, Duration interval) {
    return new Progress(listener, interval);
  }

  /**
   * {@return have the bytes, and then the name, written to the device before the call returns} so
   * that the file survives a loss of power. Slow: some milliseconds and more, and not ended by a
   * cancellation. The name is best effort: not every system can.
   */
  static TransferOption sync() {
    return Sync.INSTANCE;
  }

  /**
   * How much to transfer at a time.
   *
   * @param bytes how many
   */
  record ChunkSize(int bytes) implements TransferOption {
    /** Checks the size. */
    public ChunkSize {
      Arguments.positive(bytes, "bytes");
    }
  }

  /**
   * Whom to tell.
   *
   * @param listener is called
   * @param interval how much time must lie between two calls
   */
  record Progress(Consumer<? super TransferProgress> listener, Duration interval)
      implements TransferOption {
    /** Checks the interval. */
    public Progress {
      Objects.requireNonNull(listener, "listener");
      Arguments.notNegative(interval, "interval");
    }
  }

  /** Write to the device. */
  enum Sync implements TransferOption {
    /** The only one. */
    INSTANCE
  }
}
