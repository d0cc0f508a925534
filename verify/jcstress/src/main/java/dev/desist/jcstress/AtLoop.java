package dev.desist.jcstress;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.TimeSource;
import dev.desist.net.CancellablePipe;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;

/**
 * One pipe for all, whose reader waits at the loop, as a virtual thread does: on a time of its own
 * even an actor, which is a platform thread, does so. Each reads what somebody has written; as many
 * bytes are written as are read.
 */
final class AtLoop implements TimeSource {
  private static final CancellablePipe PIPE = open();
  private static final TimeSource TIME = new AtLoop();

  private AtLoop() {}

  private static CancellablePipe open() {
    try {
      return CancellablePipe.open();
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
  }

  static void write() {
    Wait.unchecked(() -> PIPE.sink().write(CancellationToken.none(), ByteBuffer.allocate(1)));
  }

  /** Returns 1, or 0 if it was cancelled. */
  static int read(CancellationToken token) {
    try {
      return TimeSource.callWith(TIME, () -> PIPE.source().read(token, ByteBuffer.allocate(1)));
    } catch (CancelledIOException e) {
      return 0;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Returns 1, or 0 if nothing came for five seconds. */
  static int read() {
    try (CancellationSource limit =
        CancellationToken.none().childWithTimeout(Duration.ofSeconds(5))) {
      return read(limit.token());
    }
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public Instant instant() {
    return Instant.now();
  }

  @Override
  public Timer schedule(long nanoTime, Runnable task) {
    return TimeSource.system().schedule(nanoTime, task);
  }

  @Override
  public void dispatch(Runnable task) {
    TimeSource.system().dispatch(task);
  }

  @Override
  public void parkUntil(Object blocker, long nanoTime) {
    TimeSource.system().parkUntil(blocker, nanoTime);
  }
}
