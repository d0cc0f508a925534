package dev.desist.snippets;

import dev.desist.CancellationToken;
import dev.desist.concurrent.Blocking;
import dev.desist.io.CancellableInputStream;
import dev.desist.io.CancellableLineReader;
import dev.desist.stream.UntilCancelled;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Flow;
import java.util.stream.Stream;

final class StreamSnippets {
  // @start region="stream"
  static long errors(CancellationToken token, Path log) throws IOException {
    try (Stream<String> lines = Files.lines(log)) {
      return UntilCancelled.thenThrow(token).stream(lines) // half a count is none
          .filter(line -> line.contains("ERROR"))
          .count();
    }
  }

  // @end

  // @start region="iterable"
  static void send(CancellationToken token, List<String> letters) {
    for (String letter : UntilCancelled.thenEnd(token).iterable(letters)) {
      post(letter); // to its end, whatever is cancelled meanwhile
    }
  }

  // @end

  // @start region="queue"
  static void serve(CancellationToken token, BlockingQueue<String> orders) {
    for (String order :
        UntilCancelled.thenEnd(token).items(() -> Blocking.interruptibly(token, orders::take))) {
      post(order);
    } // what was not taken is still in the queue
  }

  // @end

  // @start region="lines"
  static List<String> answers(CancellationToken token, int count) {
    CancellableLineReader in = CancellableInputStream.systemIn().lines(StandardCharsets.UTF_8);
    return UntilCancelled.thenEnd(token).stream(() -> in.readLine(token)).limit(count).toList();
  }

  // @end

  // @start region="flow"
  static void show(
      CancellationToken token, Flow.Publisher<String> prices, Flow.Subscriber<String> view) {
    UntilCancelled.thenEnd(token).publisher(prices).subscribe(view);
  }

  // @end

  private static void post(String text) {
    System.out.println(text);
  }

  private StreamSnippets() {}
}
