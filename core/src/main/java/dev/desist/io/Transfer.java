package dev.desist.io;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.Deadline;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Objects;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Bytes on their way, in chunks: asks the token between two of them, and tells how far it is. */
final class Transfer {
  /** What may throw an {@link IOException}, and one more kind. */
  interface Body<T, X extends Exception> {
    T run() throws IOException, X;
  }

  private final CancellationToken token;
  private final TransferOptions options;
  private final OptionalLong total;
  private long done;

  /** When the listener may be told again. */
  private Deadline quiet = Deadline.none();

  Transfer(CancellationToken token, TransferOptions options, OptionalLong total) {
    this.token = token;
    this.options = options;
    this.total = total;
  }

  static void check(CancellationToken token, long done) throws CancelledIOException {
    if (token.isCancelled()) {
      throw new CancelledIOException(token, done);
    }
  }

  /** Runs {@code body} so that streams which obey the current token obey {@code token}. */
  static <T, X extends Exception> T under(CancellationToken token, Body<T, X> body)
      throws IOException, X {
    if (token == Cancellation.current()) {
      return body.run();
    }
    try {
      return Cancellation.call(token, body::run);
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      @SuppressWarnings("unchecked") // the body throws no other
      X own = (X) e;
      throw own;
    }
  }

  long done() {
    return done;
  }

  /** Before the first byte. */
  void begin() throws CancelledIOException {
    check(token, 0);
    tell();
  }

  /** After the last byte: from here on, a cancellation comes too late. */
  void end() throws CancelledIOException {
    if (options.progress != null) {
      tell();
    }
    check(token, done);
  }

  /** Copies all, from {@link #begin} on, without {@link #end}. */
  void copy(InputStream source, OutputStream target) throws IOException {
    begin();
    byte[] buffer =
        new byte[(int) Math.max(1, Math.min(options.chunk, total.orElse(options.chunk)))];
    while (true) {
      int got = read(source, buffer);
      if (got < 0) {
        return;
      }
      write(target, buffer, 0, got);
    }
  }

  private int read(InputStream source, byte[] buffer) throws IOException {
    check(token, done);
    try {
      return source instanceof CancellableInputStream cancellable
          ? cancellable.read(token, buffer)
          : source.read(buffer);
    } catch (InterruptedIOException e) {
      throw counted(e);
    }
  }

  /** Writes one chunk. */
  private void write(OutputStream target, byte[] bytes, int offset, int length) throws IOException {
    try {
      target.write(bytes, offset, length);
    } catch (InterruptedIOException e) {
      done += e.bytesTransferred;
      throw counted(e);
    }
    done += length;
    if (options.progress != null && quiet.isPassed()) {
      tell();
    }
  }

  /** With the bytes of the whole, not only those of the last call. */
  private IOException counted(InterruptedIOException failure) {
    if (failure instanceof CancelledIOException && token.isCancelled()) {
      return new CancelledIOException(token, done);
    }
    failure.bytesTransferred = (int) Math.min(done, Integer.MAX_VALUE);
    return failure;
  }

  private void tell() {
    TransferOption.Progress progress = options.progress;
    if (progress != null) {
      progress.listener().accept(new TransferProgress(done, total));
      quiet = Deadline.after(progress.interval());
    }
  }

  /** {@return what somebody else writes to; closing it leaves {@code target} open} */
  Output output(OutputStream target) {
    return new Output(target);
  }

  /** Lets somebody else write, chunk by chunk. */
  final class Output extends OutputStream {
    private final OutputStream target;

    /** The first, which who writes here may have kept for himself. */
    private @Nullable IOException failure;

    private boolean closed;

    private Output(OutputStream target) {
      this.target = target;
    }

    @Override
    public void write(int one) throws IOException {
      write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      Objects.checkFromIndexSize(offset, length, bytes.length);
      if (closed) {
        throw new IOException("the stream was closed");
      }
      try {
        for (int at = 0, size; at < length; at += size) {
          size = Math.min(options.chunk, length - at);
          check(token, done);
          Transfer.this.write(target, bytes, offset + at, size);
        }
      } catch (IOException e) {
        failure = failure == null ? e : failure;
        throw e;
      }
    }

    /** Nothing is held back here. */
    @Override
    public void flush() {}

    @Override
    public void close() {
      closed = true;
    }

    /** Throws what a write threw, even if that was caught. */
    void throwIfFailed() throws IOException {
      if (failure != null) {
        throw failure;
      }
    }
  }
}
