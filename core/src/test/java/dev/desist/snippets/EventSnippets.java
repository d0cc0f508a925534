package dev.desist.snippets;

import dev.desist.CancellationToken;
import dev.desist.concurrent.Event;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;

final class EventSnippets {
  // @start region="event"
  private final Event<InetSocketAddress> listening = Event.create("listening");

  void serve() throws IOException {
    try (var server = new ServerSocket(0)) {
      listening.set((InetSocketAddress) server.getLocalSocketAddress());
      accept(server);
    }
  }

  int port(CancellationToken token) throws InterruptedException {
    return listening.await(token, Duration.ofSeconds(5)).orElseThrow().getPort();
  }

  // @end

  private void accept(ServerSocket server) throws IOException {
    server.accept().close();
  }
}
