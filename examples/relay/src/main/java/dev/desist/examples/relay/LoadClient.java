package dev.desist.examples.relay;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.CancelledIOException;
import dev.desist.concurrent.Blocking;
import dev.desist.concurrent.Locks;
import dev.desist.net.CancellableSocketChannel;
import dev.desist.scope.TaskScope;
import java.io.EOFException;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** One of many clients: sends numbered messages, and notes which of whom have come. */
final class LoadClient {
  /** Mostly short, a few that fill many packets; with characters of one to four bytes. */
  private static final List<String> TEXTS =
      IntStream.range(0, 200)
          .mapToObj(i -> "aß€😀 ".repeat(i == 0 ? 1_000 : i % 10 + 1).strip())
          .map(text -> Integer.toHexString(text.hashCode()) + ' ' + text)
          .toList();

  private final Load load;
  private final int number;
  private final Semaphore window;

  // What follows is written by this client's reader, and read when all have ended.

  /** Of its own messages, by number. */
  final BitSet acknowledged = new BitSet();

  /** Of everybody's in the room, itself included. */
  final Map<String, BitSet> received = new HashMap<>();

  int twice;
  int cut;
  int outOfOrder;
  boolean hasGoodbye;
  @Nullable Exception failure;

  LoadClient(Load load, int number) {
    this.load = load;
    this.number = number;
    this.window = new Semaphore(load.options().window());
  }

  int number() {
    return number;
  }

  boolean isStuck() {
    return load.options().isStuck(number);
  }

  void run() throws InterruptedException {
    try {
      if (isStuck()) {
        hang();
      } else {
        try (Lines lines = join()) {
          talk(lines);
        }
      }
    } catch (IOException e) {
      failure = e;
      load.joined.countDown();
    }
  }

  private Lines join() throws IOException {
    CancellationToken token = Cancellation.current();
    Load.Options options = load.options();
    var lines = new Lines(CancellableSocketChannel.open(token, load.relay()));
    tell(lines, "JOIN %s %s".formatted(options.room(number), options.name(number)));
    String answer = lines.read(token);
    if (answer == null || !answer.startsWith("JOINED ")) {
      lines.close();
      throw new ProtocolException("JOINED was looked for, not " + answer);
    }
    load.joined.countDown();
    return lines;
  }

  private static void tell(Lines lines, String line) throws IOException {
    lines.write(Cancellation.current(), List.of(Lines.encode(line)));
  }

  private void hang() throws IOException {
    Lines lines = join();
    load.keep(lines);
    if (load.options().isInMessage(number)) {
      ByteBuffer half = StandardCharsets.UTF_8.encode("SAY 1 this message never en");
      lines.write(Cancellation.current(), List.of(half));
    }
  }

  private void talk(Lines lines) throws IOException, InterruptedException {
    Blocking.interruptibly(Cancellation.current(), () -> load.begin.await());
    try (var scope = TaskScope.<@Nullable Void>open()) {
      var sending = scope.fork("sender", () -> send(lines));
      scope.fork(
          "receiver",
          () -> {
            try {
              receive(lines);
            } finally {
              sending.cancel(); // between two messages or within one: nobody waits for it now
            }
          });
      scope.join();
    } catch (ExecutionException e) {
      failure = e.getCause() instanceof Exception cause ? cause : e;
    } catch (TimeoutException e) {
      throw new IllegalStateException("there is no timeout", e);
    }
  }

  private void send(Lines lines) throws IOException, InterruptedException {
    CancellationToken token = Cancellation.current();
    var random = ThreadLocalRandom.current();
    try {
      for (int n = 0; ; n++) {
        Locks.acquire(token, window, 1);
        ByteBuffer line =
            Lines.encode("SAY %d %d %s".formatted(n, n, TEXTS.get(random.nextInt(TEXTS.size()))));
        int begun = random.nextInt(10) == 0 ? random.nextInt(line.limit()) : 0;
        if (begun > 0) {
          lines.write(token, List.of(line.slice(0, begun))); // perhaps within a character
        }
        lines.write(token, List.of(line.slice(begun, line.limit() - begun)));
      }
    } catch (CancelledException | CancelledIOException e) {
      return;
    }
  }

  private void receive(Lines lines) throws IOException {
    CancellationToken token = Cancellation.current();
    try {
      String line;
      while ((line = lines.read(token)) != null) {
        note(line);
      }
    } catch (EOFException e) {
      cut++;
    }
  }

  private void note(String line) throws ProtocolException {
    if (hasGoodbye) {
      throw new ProtocolException("after its goodbye the relay said: " + line);
    }
    String[] words = line.split(" ", 5);
    switch (words[0]) {
      case "OK" -> {
        acknowledged.set(Integer.parseInt(words[1]));
        load.acknowledged.incrementAndGet();
        window.release();
      }
      case "FROM" -> {
        if (words.length < 5 || !words[3].equals(Integer.toHexString(words[4].hashCode()))) {
          cut++;
        }
        BitSet ofSender = received.computeIfAbsent(words[1], _ -> new BitSet());
        int n = Integer.parseInt(words[2]);
        if (ofSender.get(n)) {
          twice++;
        } else if (n != ofSender.length()) {
          outOfOrder++;
        }
        ofSender.set(n);
        load.delivered.incrementAndGet();
      }
      case "BYE" -> hasGoodbye = true;
      default -> throw new ProtocolException("the relay said: " + line);
    }
  }
}
