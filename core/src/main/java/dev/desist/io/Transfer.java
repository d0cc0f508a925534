package dev.desist.io;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.Deadline;
import dev.desist.internal.Foreign;
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

  /**
   * Runs {@code body} so that streams which obey the current token obey {@code token}. If it fails
   * because the token is cancelled, that is what is thrown, whatever the body's code has made of
   * it.
   */
  static <T, X extends Exception> T under(CancellationToken token, Body<T, X> body)
      throws IOException, X {
    try {
      return call(token, body);
    } catch (Throwable e) {
      throwIfCaused(token, e);
      throw e;
    }
  }

  private static void throwIfCaused(CancellationToken token, Throwable failure)
      throws CancelledIOException {
    if (!(failure instanceof CancelledIOException) && token.caused(failure)) {
      var inner =
          (CancelledIOException) Foreign.find(failure, CancelledIOException.class::isInstance);
      var cancelled = new CancelledIOException(token, inner == null ? 0 : inner.bytesTransferred);
      cancelled.addSuppressed(failure);
      throw cancelled;
    }
  }

  private static <T, X extends Exception> T call(CancellationToken token, Body<T, X> body)
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
    CancelledIOException.throwIfCancelled(token);
    tell();
  }

  /** After the last byte: from here on, a cancellation comes too late. */
  void end() throws CancelledIOException {
    if (options.progress != null) {
      tell();
    }
    CancelledIOException.throwIfCancelled(token, done);
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
    CancelledIOException.throwIfCancelled(token, done);
    try {
      return source instanceof CancellableInputStream cancellable
          ? cancellable.read(token, buffer)
          : source.read(buffer);
    } catch (Throwable e) {
      throw counted(e);
    }
  }

  /** Writes one chunk. */
  private void write(OutputStream target, byte[] bytes, int offset, int length) throws IOException {
    try {
      target.write(bytes, offset, length);
    } catch (Throwable e) {
      done += e instanceof InterruptedIOException some ? some.bytesTransferred : 0;
      throw counted(e);
    }
    done += length;
    if (options.progress != null && quiet.isPassed()) {
      tell();
    }
  }

  /** With the bytes of the whole, not only those of the last call. */
  private IOException counted(Throwable failure) {
    if (token.caused(failure)) {
      var cancelled = new CancelledIOException(token, done);
      if (!(failure instanceof CancelledIOException)) {
        cancelled.addSuppressed(failure);
      }
      return cancelled;
    }
    if (failure instanceof InterruptedIOException interrupted) {
      interrupted.bytesTransferred = (int) Math.min(done, Integer.MAX_VALUE);
    }
    return thrown(failure);
  }

  /** {@return {@code failure}, if a method that throws IOExceptions may; else throws it} */
  static IOException thrown(Throwable failure) {
    return switch (failure) {
      case IOException e -> e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> new IOException(Foreign.describe(failure), failure);
    };
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
    private @Nullable Throwable failure;

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
        int at = 0;
        do {
          int size = Math.min(options.chunk, length - at);
          CancelledIOException.throwIfCancelled(token, done); // for an empty one, too
          Transfer.this.write(target, bytes, offset + at, size);
          at += size;
        } while (at < length);
      } catch (Throwable e) { // of the file, or of the one who is told how far it is
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
        throw thrown(failure);
      }
    }
  }
}
