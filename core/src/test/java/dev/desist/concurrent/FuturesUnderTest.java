package dev.desist.concurrent;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Somebody else's futures under a token. */
@ExtendWith(Hygiene.class)
@Timeout(30)
class FuturesUnderTest {
  private static final CancellationReason ENOUGH = CancellationReason.requested("enough");

  private final CancellationSource source = CancellationSource.create("request");
  private final Told<String> original = new Told<>();

  private void assertCancelledByTheDispatcher() throws Exception {
    assertTrue(original.interrupting.get());
    assertTrue(original.canceller.get().getName().startsWith("desist-dispatcher"));
  }

  // ---- the original ends ----

  @Test
  void what_the_original_ends_with_the_linked_future_ends_with() throws Exception {
    var linked = Futures.under(source.token(), original);
    original.complete("v");
    assertEquals("v", linked.getNow("absent"));
    assertEquals("w", Futures.under(source.token(), CompletableFuture.completedStage("w")).get());
    var thrown = new IOException("down");
    var failing = new CompletableFuture<String>();
    var failed = Futures.under(source.token(), failing);
    failing.completeExceptionally(thrown);
    assertSame(thrown, assertThrows(ExecutionException.class, failed::get).getCause());
  }

  @Test
  void an_original_that_somebody_else_cancelled_stays_a_plain_cancellation() {
    var linked = Futures.under(source.token(), original);
    original.cancel(false);
    assertTrue(linked.isCancelled());
    var thrown = assertThrows(CancellationException.class, linked::get);
    assertFalse(thrown instanceof CancelledException);
  }

  @Test
  void completion_beats_a_cancellation_that_is_there_too() throws Exception {
    source.cancel(ENOUGH);
    assertEquals("v", Futures.under(source.token(), CompletableFuture.completedFuture("v")).get());
  }

  @Test
  void a_stage_that_cannot_be_a_future_is_refused() {
    CompletionStage<String> stage =
        new CompletableFuture<String>() {
          @Override
          public CompletableFuture<String> toCompletableFuture() {
            throw new UnsupportedOperationException("for stages only");
          }
        };
    assertThrows(
        UnsupportedOperationException.class, () -> Futures.under(source.token(), stage).get());
  }

  // ---- the token is cancelled ----

  @Test
  void cancelling_the_token_cancels_the_original_by_the_dispatcher() throws Exception {
    var linked = Futures.under(source.token(), original);
    source.cancel(ENOUGH);
    var thrown = assertThrows(CancelledException.class, linked::get);
    assertSame(ENOUGH, thrown.reason());
    assertEquals("request", thrown.path().getFirst());
    assertTrue(linked.isCancelled());
    assertCancelledByTheDispatcher();
  }

  @Test
  void under_a_cancelled_token_the_original_is_cancelled_at_once() throws Exception {
    source.cancel(ENOUGH);
    var linked = Futures.under(source.token(), original);
    assertSame(ENOUGH, assertThrows(CancelledException.class, linked::join).reason());
    assertCancelledByTheDispatcher();
  }

  @Test
  void promise24_a_reason_of_any_kind_is_kept() {
    var reason = CancellationReason.shutdown("the server goes down");
    var linked = Futures.under(CancellationToken.cancelled(reason), original);
    assertSame(reason, assertThrows(CancelledException.class, linked::join).reason());
  }

  @Test
  void the_current_token_counts_as_well() throws Exception {
    var linked =
        Cancellation.call(source.token(), () -> Futures.under(CancellationToken.none(), original));
    source.cancel(ENOUGH);
    assertSame(ENOUGH, assertThrows(CancelledException.class, linked::get).reason());
    assertCancelledByTheDispatcher();
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
    var linked = Futures.under(source.token(), deaf);
    source.cancel(ENOUGH);
    assertSame(ENOUGH, assertThrows(CancelledException.class, linked::get).reason());
    assertFalse(deaf.isDone());
    deaf.complete("late");
    assertThrows(CancelledException.class, linked::get);
  }

  // ---- the linked future is cancelled ----

  @Test
  void cancelling_the_linked_future_cancels_the_original_and_not_the_token() throws Exception {
    assertTrue(Futures.under(source.token(), original).cancel(false));
    assertCancelledByTheDispatcher();
    assertFalse(source.isCancelled());
  }

  @Test
  void cancelling_a_future_made_from_it_cancels_the_original() throws Exception {
    Futures.under(source.token(), original).thenApply(String::length).cancel(true);
    assertCancelledByTheDispatcher();
  }

  @Test
  void a_value_from_outside_cancels_the_original() throws Exception {
    var linked = Futures.under(CancellationToken.none(), original);
    assertTrue(linked.complete("from elsewhere"));
    assertCancelledByTheDispatcher();
    assertEquals("from elsewhere", linked.get());
  }

  // ---- memory ----

  @Test
  void promise14_the_token_keeps_an_original_that_is_pending_and_lets_go_of_it_when_it_ends()
      throws Exception {
    var cancelled = new CompletableFuture<Boolean>();
    var kept = new WeakReference<>(linked(cancelled));
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    assertFalse(kept.refersTo(null), "the token must be able to cancel it");
    source.cancel();
    assertTrue(cancelled.get());
    await()
        .until(
            () -> {
              System.gc();
              return kept.refersTo(null);
            });
  }

  private CompletableFuture<String> linked(CompletableFuture<Boolean> cancelled) {
    var told = new Told<String>();
    var _ = Futures.under(source.token(), told);
    var _ = told.interrupting.thenAccept(cancelled::complete);
    return told;
  }

  @Test
  void promise14_a_row_of_stages_that_grows_for_ever_does_not_keep_its_past() throws Exception {
    var gate = new CompletableFuture<Object>();
    CompletableFuture<Object> last = Futures.under(source.token(), gate);
    WeakReference<CompletableFuture<Object>> middle = null;
    for (int i = 0; i < 1_000; i++) {
      last = last.thenApply(v -> v);
      if (i == 500) {
        middle = new WeakReference<>(last);
      }
    }
    gate.complete("open");
    assertEquals("open", last.get());
    var collected = Objects.requireNonNull(middle);
    await()
        .until(
            () -> {
              System.gc();
              return collected.refersTo(null);
            });
    assertFalse(last.isCancelled());
  }

  // ---- the HTTP client of the JDK ----

  private interface Ending {
    void end(CompletableFuture<?> exchange, CompletableFuture<?> linked) throws Exception;
  }

  /** The exchange is really over: the server sees the connection end. */
  @Test
  void an_http_exchange_ends_at_the_server() throws Exception {
    for (Ending ending :
        List.<Ending>of(
            (_, linked) -> linked.cancel(true),
            (_, linked) -> linked.orTimeout(1, TimeUnit.MILLISECONDS),
            (exchange, _) ->
                assertThrows(
                    CancelledException.class,
                    () -> Futures.awaitOrCancel(CancellationToken.cancelled(ENOUGH), exchange)),
            (_, _) -> source.cancel(ENOUGH))) { // the last, for it ends all that are under it
      assertExchangeEnds(ending);
    }
  }

  private void assertExchangeEnds(Ending ending) throws Exception {
    try (var server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        var client = HttpClient.newHttpClient()) {
      var request =
          HttpRequest.newBuilder(URI.create("http://localhost:" + server.getLocalPort() + "/"))
              .build();
      var exchange = client.sendAsync(request, BodyHandlers.ofString());
      var linked =
          Futures.under(source.token(), exchange).thenApply(response -> response.body().length());
      try (Socket connection = server.accept()) {
        connection.setSoTimeout(20_000);
        var in = connection.getInputStream();
        assertEquals('G', in.read());
        ending.end(exchange, linked);
        while (in.read() >= 0) {
          // the rest of the request, and then the end of the connection
        }
      } catch (SocketException e) {
        // reset: an end as well
      }
      var thrown = assertThrows(Exception.class, linked::get);
      assertFalse(thrown instanceof InterruptedException, thrown::toString);
    }
  }

  /** What a composing stage starts is reached as well, through the copy of its future. */
  @Test
  void an_http_exchange_that_a_stage_starts_ends_at_the_server() throws Exception {
    try (var server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        var client = HttpClient.newHttpClient()) {
      var request =
          HttpRequest.newBuilder(URI.create("http://localhost:" + server.getLocalPort() + "/"))
              .build();
      var linked =
          Futures.submit(source.token(), Runnable::run, () -> request)
              .thenCompose(r -> client.sendAsync(r, BodyHandlers.ofString()));
      try (Socket connection = server.accept()) {
        connection.setSoTimeout(20_000);
        var in = connection.getInputStream();
        assertEquals('G', in.read());
        linked.cancel(true);
        while (in.read() >= 0) {
          // the rest of the request, and then the end of the connection
        }
      } catch (SocketException e) {
        // reset: an end as well
      }
      assertThrows(CancelledException.class, linked::get);
    }
  }
}
