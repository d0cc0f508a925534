package dev.desist.snippets;

import dev.desist.CancellationToken;
import dev.desist.concurrent.Blocking;
import java.net.Socket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CyclicBarrier;

final class BlockingSnippets {
  // @start region="take"
  static String next(CancellationToken token, BlockingQueue<String> queue) throws Exception {
    return Blocking.interruptibly(token, queue::take);
  }

  // @end

  // @start region="nothing"
  static void pause(CancellationToken token, CyclicBarrier barrier) throws Exception {
    Blocking.interruptibly(
        token,
        () -> {
          barrier.await();
          Thread.sleep(100);
          return null;
        });
  }

  // @end

  // @start region="closing"
  static int read(CancellationToken token, Socket socket, byte[] into) throws Exception {
    return Blocking.closing(token, socket, () -> socket.getInputStream().read(into));
  }

  // @end

  // @start region="whole"
  static byte[] message(CancellationToken token, Socket socket, int length) throws Exception {
    return Blocking.closing(
        token,
        socket,
        () -> socket.getInputStream().readNBytes(length),
        bytes -> bytes.length == length);
  }

  // @end

  private BlockingSnippets() {}
}
