package dev.desist.io;

import dev.desist.internal.Lane;
import dev.desist.internal.Waiters;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/** Feeds a process and collects what it writes, each on a thread that may block. */
final class ProcessStreams {
  private static final int CHUNK = 16 * 1024;

  /** What one of the streams gave. It is read to its end, however little is kept. */
  private static final class Collected {
    final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    boolean truncated;
    @Nullable Throwable failure;
  }

  private final Waiters waiters;
  private final int limit;

  /** Each written by the thread that reads its stream, which then takes itself off the count. */
  private final Collected output = new Collected();

  private final Collected errors = new Collected();

  // Guarded by this.
  private int unfinished = 2;

  /** Written under the monitor. */
  private volatile boolean finished;

  ProcessStreams(Process process, byte[] input, int limit, Waiters waiters) {
    this.waiters = waiters;
    this.limit = limit;
    Lane.WORK.execute(() -> collect(process.getInputStream(), output));
    Lane.WORK.execute(() -> collect(process.getErrorStream(), errors));
    if (input.length == 0) {
      feed(process, input);
    } else {
      Lane.WORK.execute(() -> feed(process, input));
    }
  }

  private static void feed(Process process, byte[] input) {
    try (OutputStream stdin = process.getOutputStream()) {
      stdin.write(input);
    } catch (IOException e) {
      // It has ended, or does not want it: that is its right.
    }
  }

  private void collect(InputStream stream, Collected into) {
    try (stream) {
      byte[] chunk = new byte[CHUNK];
      for (int got = stream.read(chunk); got >= 0; got = stream.read(chunk)) {
        int room = Math.min(got, limit - into.kept.size());
        into.kept.write(chunk, 0, room);
        into.truncated |= room < got;
      }
    } catch (Throwable e) { // no memory for all of it, say: then it is not the output
      into.failure = e;
    } finally {
      synchronized (this) {
        finished = --unfinished == 0;
      }
      waiters.wake();
    }
  }

  /** Whether both streams have ended. */
  boolean isFinished() {
    return finished;
  }

  /** To be called when they have. */
  ProcessResult result(int exitCode) throws IOException {
    for (Collected each : new Collected[] {output, errors}) {
      if (each.failure != null) {
        throw Transfer.thrown(each.failure);
      }
    }
    return new ProcessResult(
        exitCode,
        output.kept.toByteArray(),
        errors.kept.toByteArray(),
        output.truncated || errors.truncated);
  }
}
