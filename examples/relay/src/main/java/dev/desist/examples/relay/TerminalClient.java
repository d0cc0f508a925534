package dev.desist.examples.relay;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import dev.desist.io.CancellableInputStream;
import dev.desist.net.CancellableSocketChannel;
import dev.desist.scope.TaskScope;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.ProtocolException;
import java.nio.charset.Charset;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** A person at a terminal: what is typed is said, what others say is shown. */
final class TerminalClient {
  private final CancellableInputStream in;
  private final PrintStream out;
  private final Charset charset;

  TerminalClient(CancellableInputStream in, PrintStream out, Charset charset) {
    this.in = in;
    this.out = out;
    this.charset = charset;
  }

  /**
   * Ends when the relay has said goodbye: to all, or because the person has left, by the end of the
   * input or {@code /quit}.
   *
   * @param leave makes the person leave
   */
  void run(InetSocketAddress relay, String room, String name, CancellationToken leave)
      throws IOException, InterruptedException {
    try (var lines = new Lines(CancellableSocketChannel.open(leave, relay));
        var scope = TaskScope.<@Nullable Void>open()) {
      say(lines, "JOIN %s %s".formatted(room, name));
      String answer = lines.read(leave);
      if (answer == null || !answer.startsWith("JOINED ")) {
        throw new ProtocolException("not let in: " + answer);
      }
      out.println(
          "You are in %s, with %s there."
              .formatted(room, answer.substring(answer.lastIndexOf(' ') + 1)));
      var typing = scope.fork("what is typed", () -> type(lines, leave));
      scope.fork(
          "what is said",
          () -> {
            try {
              show(lines);
            } finally {
              typing.cancel(); // the line that is being typed stays with the terminal
            }
          });
      scope.join();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
    } catch (TimeoutException e) {
      throw new IllegalStateException("there is no timeout", e);
    }
  }

  private void type(Lines lines, CancellationToken leave) throws IOException {
    try (var either = CancellationSource.linkedTo(leave, Cancellation.current())) {
      var typed = in.lines(charset);
      String line;
      for (int n = 1; (line = typed.readLine(either.token())) != null; n++) {
        if (line.strip().equals("/quit")) {
          break;
        }
        if (!line.isBlank()) {
          say(lines, "SAY " + n + " " + line.strip());
        }
      }
    } catch (CancelledIOException e) {
      if (!leave.isCancelled()) {
        return;
      }
    }
    say(lines, "QUIT");
  }

  private static void say(Lines lines, String line) throws IOException {
    lines.write(Cancellation.current(), List.of(Lines.encode(line)));
  }

  private void show(Lines lines) throws IOException {
    CancellationToken token = Cancellation.current();
    String line;
    while ((line = lines.read(token)) != null) {
      String[] words = line.split(" ", 3);
      switch (words[0]) {
        case "FROM" -> out.println(words[1] + ": " + words[2]);
        case "ERROR" -> out.println("The relay does not understand: " + line.substring(6));
        case "BYE" -> out.println("The relay says goodbye: " + line.substring(4));
        default -> {} // an acknowledgement: what was said comes back with the name before it
      }
    }
  }
}
