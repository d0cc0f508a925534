package dev.desist.net;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.Deadline;
import dev.desist.internal.Stack;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.ScatteringByteChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.WritableByteChannel;
import java.util.Objects;

/**
 * Reading and writing with a channel that does not block: tries, waits, and tries again. A wait
 * that is cancelled has taken nothing, and the channel is as before (promises 19 and 20).
 */
final class ChannelTransfer {
  /**
   * How much of a buffer on the heap is offered at a time: the JDK copies all it is offered to
   * memory of its own, of which the system takes a part, and keeps as much of that memory.
   */
  private static final int SLICE = 128 * 1024;

  private ChannelTransfer() {}

  static int read(
      ReadableByteChannel channel,
      Readiness readiness,
      CancellationToken given,
      ByteBuffer destination,
      Deadline deadline)
      throws IOException {
    Objects.requireNonNull(given, "token");
    Objects.requireNonNull(destination, "destination");
    Objects.requireNonNull(deadline, "deadline");
    Stack.reserve(); // what was read or written must not be lost, nor a lock of the channel stay
    CancellationToken token = Cancellation.currentWith(given);
    CancelledIOException.throwIfCancelled(token);
    while (true) {
      int count = slice(destination, channel::read);
      if (count != 0 || !destination.hasRemaining()) {
        checkEnd(token, count);
        return count;
      }
      readiness.await(SelectionKey.OP_READ, token, deadline, 0);
    }
  }

  static long read(
      ScatteringByteChannel channel,
      Readiness readiness,
      CancellationToken given,
      ByteBuffer[] destinations,
      int offset,
      int length)
      throws IOException {
    Objects.requireNonNull(given, "token");
    Objects.requireNonNull(destinations, "destinations");
    check(destinations, "destinations", offset, length);
    Stack.reserve();
    CancellationToken token = Cancellation.currentWith(given);
    CancelledIOException.throwIfCancelled(token);
    while (true) {
      long count = slice(destinations, offset, offset + length, channel::read);
      if (count != 0 || !hasRemaining(destinations, offset, offset + length)) {
        checkEnd(token, count);
        return count;
      }
      readiness.await(SelectionKey.OP_READ, token, Deadline.none(), 0);
    }
  }

  /** Before anything is read into or written from one of them. */
  private static void check(ByteBuffer[] buffers, String name, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, buffers.length);
    for (int i = offset; i < offset + length; i++) {
      if (buffers[i] == null) {
        throw new NullPointerException(name + '[' + i + ']');
      }
    }
  }

  /** An end that the cancellation has made, by way of a callback, is none: it is there to stay. */
  private static void checkEnd(CancellationToken token, long count) throws CancelledIOException {
    if (count < 0) {
      CancelledIOException.throwIfCancelled(token);
    }
  }

  static int write(
      WritableByteChannel channel,
      Readiness readiness,
      CancellationToken given,
      ByteBuffer source,
      Deadline deadline)
      throws IOException {
    Objects.requireNonNull(given, "token");
    Objects.requireNonNull(source, "source");
    Objects.requireNonNull(deadline, "deadline");
    Stack.reserve();
    CancellationToken token = Cancellation.currentWith(given);
    CancelledIOException.throwIfCancelled(token);
    int done = 0;
    while (true) {
      int count = slice(source, channel::write);
      done += count;
      if (!source.hasRemaining()) {
        return done;
      }
      goOn(readiness, token, deadline, count, done);
    }
  }

  static long write(
      GatheringByteChannel channel,
      Readiness readiness,
      CancellationToken given,
      ByteBuffer[] sources,
      int offset,
      int length)
      throws IOException {
    Objects.requireNonNull(given, "token");
    Objects.requireNonNull(sources, "sources");
    check(sources, "sources", offset, length);
    Stack.reserve();
    CancellationToken token = Cancellation.currentWith(given);
    CancelledIOException.throwIfCancelled(token);
    long done = 0;
    while (true) {
      long count = slice(sources, offset, offset + length, channel::write);
      done += count;
      if (!hasRemaining(sources, offset, offset + length)) {
        return done;
      }
      goOn(readiness, token, Deadline.none(), count, done);
    }
  }

  /** Waits if the last try brought nothing; {@code done} is for the exception. */
  private static void goOn(
      Readiness readiness, CancellationToken token, Deadline deadline, long count, long done)
      throws CancelledIOException, IOException {
    if (count == 0) {
      readiness.await(SelectionKey.OP_WRITE, token, deadline, done);
    } else {
      CancelledIOException.throwIfCancelled(token, done);
    }
  }

  // ---- a slice at a time ----

  private interface One {
    int move(ByteBuffer buffer) throws IOException;
  }

  private interface Several {
    long move(ByteBuffer[] buffers, int offset, int length) throws IOException;
  }

  private static int slice(ByteBuffer buffer, One move) throws IOException {
    if (buffer.isDirect() || buffer.remaining() <= SLICE) {
      return move.move(buffer);
    }
    int limit = buffer.limit();
    buffer.limit(buffer.position() + SLICE);
    try {
      return move.move(buffer);
    } finally {
      buffer.limit(limit);
    }
  }

  private static long slice(ByteBuffer[] buffers, int start, int end, Several move)
      throws IOException {
    int first = start;
    while (first < end && !buffers[first].hasRemaining()) {
      first++;
    }
    int next = first;
    long size = 0;
    while (next < end && size < SLICE) {
      size += buffers[next++].remaining();
    }
    if (size <= SLICE) {
      return move.move(buffers, first, next - first);
    }
    ByteBuffer last = buffers[next - 1];
    int limit = last.limit();
    last.limit(limit - (int) (size - SLICE));
    try {
      return move.move(buffers, first, next - first);
    } finally {
      last.limit(limit);
    }
  }

  private static boolean hasRemaining(ByteBuffer[] buffers, int start, int end) {
    for (int i = start; i < end; i++) {
      if (buffers[i].hasRemaining()) {
        return true;
      }
    }
    return false;
  }
}
