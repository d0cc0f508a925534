package dev.desist.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationToken;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;

/** Both ends of a pipe. */
final class PipeRigs {
  private PipeRigs() {}

  static final class PipeRead extends Rig {
    private final CancellablePipe pipe = keep(CancellablePipe.open());
    private final ByteBuffer buffer = ByteBuffer.allocate(20);
    private final ByteBuffer[] buffers = two();
    private final boolean scatter;

    PipeRead(boolean scatter) throws IOException {
      this.scatter = scatter;
    }

    @Override
    Object call(CancellationToken token) throws IOException {
      return scatter ? pipe.source().read(token, buffers) : pipe.source().read(token, buffer);
    }

    @Override
    Object callWithoutToken() throws IOException {
      return scatter ? pipe.source().read(buffers) : pipe.source().read(buffer);
    }

    @Override
    void let() throws IOException {
      pipe.sink().write(ByteBuffer.wrap(bytes(7)));
    }

    @Override
    void check(Object result) {
      assertEquals(7, ((Number) result).intValue());
      if (scatter) {
        checkScattered(buffers);
      } else {
        checkBytes(buffer, 7);
      }
    }

    @Override
    boolean isOpen() {
      return pipe.source().isOpen();
    }

    @Override
    void shut() throws IOException {
      pipe.source().close();
    }
  }

  static final class PipeWrite extends Rig {
    private final CancellablePipe pipe = keep(CancellablePipe.open());
    private final ByteBuffer source = ByteBuffer.wrap(bytes(WHOLE));
    private final ByteBuffer[] sources = parts();
    private final Drain drain = new Drain();
    private final boolean gather;

    PipeWrite(boolean gather) throws IOException {
      this.gather = gather;
    }

    @Override
    Object call(CancellationToken token) throws IOException {
      return gather ? pipe.sink().write(token, sources) : pipe.sink().write(token, source);
    }

    @Override
    Object callWithoutToken() throws IOException {
      return gather ? pipe.sink().write(sources) : pipe.sink().write(source);
    }

    private long done() {
      return WHOLE - (gather ? remaining(sources) : remaining(source));
    }

    @Override
    void let() {
      drain.start(Channels.newInputStream(pipe.source()));
    }

    @Override
    void check(Object result) throws Exception {
      assertTrue(((Number) result).longValue() > 0);
      assertEquals(WHOLE, done());
      pipe.sink().close();
      drain.await();
    }

    @Override
    void checkBytes(InterruptedIOException e) {
      assertEquals(done(), e.bytesTransferred);
    }

    @Override
    boolean isOpen() {
      return pipe.sink().isOpen();
    }

    @Override
    void shut() throws IOException {
      pipe.sink().close();
    }
  }
}
