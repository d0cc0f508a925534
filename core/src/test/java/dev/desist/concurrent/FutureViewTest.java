package dev.desist.concurrent;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.testkit.Hygiene;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Somebody else's future under a token. */
@ExtendWith(Hygiene.class)
@Timeout(30)
class FutureViewTest {
  private final CancellationSource source = CancellationSource.create("request");

  /** A future that tells how it was cancelled, and where. */
  private static class Told extends CompletableFuture<String> {
    final CompletableFuture<Boolean> interrupting = new CompletableFuture<>();
    final CompletableFuture<Thread> canceller = new CompletableFuture<>();

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      interrupting.complete(mayInterruptIfRunning);
      canceller.complete(Thread.currentThread());
      return super.cancel(mayInterruptIfRunning);
    }
  }

  @Test
  void the_view_ends_as_the_original_does() {
    var original = new CompletableFuture<String>();
    var view = Futures.cancelWith(source.token(), original);
    original.complete("v");
    assertEquals("v", view.join());
    var thrown = new IOException();
    var failed = Futures.cancelWith(source.token(), CompletableFuture.failedFuture(thrown));
    assertSame(thrown, assertThrows(ExecutionException.class, failed::get).getCause());
  }

  @Test
  void a_cancelled_token_cancels_the_original_by_the_dispatcher() {
    var original = new Told();
    var view = Futures.cancelWith(source.token(), original);
    source.cancel("enough");
    var thrown = assertThrows(CancelledException.class, view::get);
    assertSame(source.token().reason().orElseThrow(), thrown.reason());
    assertInstanceOf(CancellationException.class, thrown.getCause());
    assertTrue(original.interrupting.join());
    assertTrue(original.canceller.join().getName().startsWith("desist-dispatcher-"));
  }

  @Test
  void an_original_that_does_not_listen_keeps_nobody_waiting() {
    var deaf =
        new CompletableFuture<String>() {
          @Override
          public boolean cancel(boolean mayInterruptIfRunning) {
            return false;
          }
        };
    var view = Futures.cancelWith(source.token(), deaf);
    source.cancel();
    assertThrows(CancelledException.class, view::join);
    assertFalse(deaf.isDone());
  }

  @Test
  void a_cancelled_view_cancels_the_original_by_the_dispatcher() {
    var original = new Told();
    assertTrue(Futures.cancelWith(source.token(), original).cancel(false));
    assertTrue(original.interrupting.join());
    assertTrue(original.canceller.join().getName().startsWith("desist-dispatcher-"));
    assertFalse(source.isCancelled());
  }

  @Test
  void a_cancelled_dependent_of_the_view_cancels_the_original() {
    var original = new Told();
    Futures.cancelWith(source.token(), original).thenApply(String::strip).cancel(true);
    assertTrue(original.interrupting.join());
  }

  @Test
  void an_original_that_somebody_else_cancelled_stays_a_plain_cancellation() {
    var original = new CompletableFuture<String>();
    var view = Futures.cancelWith(source.token(), original);
    original.cancel(true);
    var thrown = assertThrows(CancellationException.class, view::join);
    assertFalse(thrown instanceof CancelledException);
  }

  @Test
  void a_value_that_is_there_beats_a_cancelled_token() {
    source.cancel();
    var view = Futures.cancelWith(source.token(), CompletableFuture.completedFuture("v"));
    assertEquals("v", view.join());
  }

  @Test
  void on_a_cancelled_token_the_original_is_cancelled_soon() {
    source.cancel("before");
    var original = new Told();
    var view = Futures.cancelWith(source.token(), original);
    assertThrows(CancelledException.class, view::join);
    assertTrue(original.interrupting.join());
  }

  @Test
  void the_current_token_counts() throws Exception {
    var original = new Told();
    var view = Cancellation.call(source.token(), () -> Futures.cancelWith(original));
    source.cancel();
    assertThrows(CancelledException.class, view::join);
  }

  @Test
  void awaitOrCancel_interrupts_a_task_of_the_jdk() throws Exception {
    var interrupted = new CompletableFuture<Boolean>();
    var task =
        new FutureTask<>(
            () -> {
              source.cancel();
              try {
                CancellationToken.none().await();
              } catch (InterruptedException e) {
                interrupted.complete(true);
              }
              return "v";
            });
    Thread.startVirtualThread(task);
    assertThrows(CancelledException.class, () -> Futures.awaitOrCancel(source.token(), task));
    assertTrue(interrupted.get());
  }

  @Test
  void promise14_the_token_keeps_a_pending_future_and_lets_go_of_a_complete_one() {
    var cancelled = new CompletableFuture<Boolean>();
    var original = new WeakReference<>(linked(cancelled));
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    assertFalse(original.refersTo(null), "nobody but the token holds it");
    source.cancel();
    assertTrue(cancelled.join());
    await()
        .until(
            () -> {
              System.gc();
              return original.refersTo(null);
            });
  }

  private CompletableFuture<String> linked(CompletableFuture<Boolean> cancelled) {
    var original = new Told();
    var _ = Futures.cancelWith(source.token(), original);
    var _ = original.interrupting.thenAccept(cancelled::complete);
    return original;
  }

  // ---- the JDK's HTTP client, against a server that does not answer ----

  /**
   * Takes requests and answers none; tells when a request was there, and when its connection ended.
   */
  private static final class Silent implements AutoCloseable {
    final ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    final CompletableFuture<String> request = new CompletableFuture<>();
    final CompletableFuture<Boolean> ended = new CompletableFuture<>();

    Silent() throws IOException {
      Thread.ofPlatform().daemon().start(this::serve);
    }

    private void serve() {
      try (Socket connection = listening.accept()) {
        var in = connection.getInputStream();
        byte[] start = new byte[16];
        request.complete(
            new String(start, 0, in.read(start), java.nio.charset.StandardCharsets.UTF_8));
        while (in.read() >= 0) {
          Thread.onSpinWait();
        }
        ended.complete(true);
      } catch (IOException e) {
        ended.complete(true); // a reset is an end, too
      }
    }

    HttpRequest get() {
      return HttpRequest.newBuilder(
              URI.create("http://127.0.0.1:" + listening.getLocalPort() + "/"))
          .version(HttpClient.Version.HTTP_1_1)
          .build();
    }

    @Override
    public void close() throws IOException {
      listening.close();
    }
  }

  @Test
  void a_cancelled_token_ends_an_http_exchange() throws Exception {
    try (var server = new Silent();
        var client = HttpClient.newHttpClient()) {
      var view =
          Futures.cancelWith(
              source.token(), client.sendAsync(server.get(), BodyHandlers.ofString()));
      server.request.join();
      source.cancel("the user closed the page");
      var thrown = assertThrows(CancelledException.class, view::get);
      assertEquals("the user closed the page", thrown.reason().message());
      assertTrue(server.ended.join());
    }
  }

  @Test
  void a_timeout_on_a_dependent_of_the_view_ends_an_http_exchange() throws Exception {
    try (var server = new Silent();
        var client = HttpClient.newHttpClient()) {
      var body =
          Futures.cancelWith(
                  source.token(), client.sendAsync(server.get(), BodyHandlers.ofString()))
              .thenApply(HttpResponse::body);
      server.request.join();
      body.orTimeout(1, java.util.concurrent.TimeUnit.MILLISECONDS);
      assertThrows(ExecutionException.class, body::get);
      assertTrue(server.ended.join());
    }
  }

  @Test
  void awaitOrCancel_ends_an_http_exchange() throws Exception {
    try (var server = new Silent();
        var client = HttpClient.newHttpClient()) {
      var answer = client.sendAsync(server.get(), BodyHandlers.ofString());
      var _ = server.request.thenRun(source::cancel);
      assertThrows(CancelledException.class, () -> Futures.awaitOrCancel(source.token(), answer));
      assertTrue(server.ended.join());
    }
  }

  @Test
  void a_reason_of_any_kind_is_kept() {
    var view =
        Futures.cancelWith(
            CancellationToken.cancelled(CancellationReason.shutdown("the server goes down")),
            new CompletableFuture<String>());
    var thrown = assertThrows(CancelledException.class, view::join);
    assertInstanceOf(CancellationReason.Shutdown.class, thrown.reason());
  }
}
