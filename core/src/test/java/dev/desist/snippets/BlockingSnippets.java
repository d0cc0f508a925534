package dev.desist.snippets;

import dev.desist.CancellationToken;
import dev.desist.concurrent.Blocking;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;

final class BlockingSnippets {
  // @start region="take"
  static String next(CancellationToken token, BlockingQueue<String> queue)
      throws InterruptedException {
    return Blocking.interruptibly(token, queue::take);
  }

  // @end

  // @start region="nothing"
  static void pause(CancellationToken token, CountDownLatch begun) throws InterruptedException {
    Blocking.interruptibly(
        token,
        () -> {
          begun.await();
          Thread.sleep(100);
        });
  }

  // @end

  // @start region="timed"
  static boolean ready(CancellationToken token, CountDownLatch begun) throws InterruptedException {
    return Blocking.interruptibly(token, Duration.ofSeconds(5), () -> begun.await());
  }

  // @end

  // @start region="closing"
  static int read(CancellationToken token, Socket socket, byte[] into) throws IOException {
    return Blocking.closing(token, socket, () -> socket.getInputStream().read(into));
  }

  // @end

  // @start region="whole"
  static byte[] message(CancellationToken token, Socket socket, int length) throws IOException {
    return Blocking.closing(
        token,
        socket,
        () -> socket.getInputStream().readNBytes(length),
        bytes -> bytes.length == length);
  }

  // @end

  private BlockingSnippets() {}
}
