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
import dev.desist.Census;
import dev.desist.testkit.Hygiene;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tokens reach futures, and futures reach their work. */
@ExtendWith(Hygiene.class)
@Timeout(30)
class FuturesTest {
  private static final CancellationReason ENOUGH = CancellationReason.requested("enough");

  private final CancellationSource source = CancellationSource.create("request");
  private final Executor threads = Thread::startVirtualThread;
  private final CountDownLatch begun = new CountDownLatch(1);
  private final CompletableFuture<CancellationReason> told = new CompletableFuture<>();

  /** Work that goes on until its token is cancelled, and notes why that was. */
  private String untilCancelled() throws InterruptedException {
    CancellationToken token = Cancellation.current();
    begun.countDown();
    token.await();
    told.complete(token.reason().orElseThrow());
    token.throwIfCancelled();
    return "never";
  }

  // ---- submit ----

  @Test
  void work_runs_under_a_child_of_the_token_and_gives_its_value() throws Exception {
    var future = Futures.submit(source.token(), threads, Cancellation::current);
    assertTrue(future.get().canBeCancelled());
    assertFalse(source.token() == future.get());
    await().until(() -> Census.of(source.token()).equals(new Census(0, 0)));
  }

  @Test
  void cancelling_the_token_ends_the_work_and_then_the_future_with_the_reason() throws Exception {
    var future = Futures.submit(source.token(), threads, this::untilCancelled);
    begun.await();
    source.cancel(ENOUGH);
    assertSame(ENOUGH, assertThrows(CancelledException.class, future::get).reason());
    assertSame(ENOUGH, assertThrows(CancelledException.class, future::join).reason());
    assertTrue(future.isCancelled());
    assertTrue(told.isDone());
  }

  @Test
  void cancelling_the_future_reaches_the_work() throws Exception {
    var future = Futures.submit(source.token(), threads, this::untilCancelled);
    begun.await();
    assertTrue(future.cancel(true));
    assertTrue(future.isCancelled());
    assertEquals("its future was cancelled", told.get().message());
    assertFalse(source.isCancelled());
    assertThrows(CancelledException.class, () -> future.get(1, TimeUnit.SECONDS));
  }

  @Test
  void cancelling_a_future_made_from_it_reaches_the_work() throws Exception {
    var length =
        Futures.submit(source.token(), threads, this::untilCancelled)
            .thenApply(String::length)
            .thenApply(n -> n + 1);
    begun.await();
    length.cancel(false);
    assertEquals("its future was cancelled", told.get().message());
  }

  @Test
  void or_timeout_stops_the_work() throws Exception {
    var future =
        Futures.submit(source.token(), threads, this::untilCancelled)
            .thenApply(String::length)
            .orTimeout(1, TimeUnit.MILLISECONDS);
    var thrown = assertThrows(ExecutionException.class, future::get);
    assertInstanceOf(TimeoutException.class, thrown.getCause());
    if (begun.getCount() == 0) { // else the time was up before the work could begin
      assertInstanceOf(CancellationReason.DeadlineExceeded.class, told.get());
    }
  }

  @Test
  void a_value_from_outside_stops_the_work() throws Exception {
    var future = Futures.submit(source.token(), threads, this::untilCancelled);
    begun.await();
    future.complete("from elsewhere");
    assertEquals("its future was completed from outside", told.get().message());
    assertEquals("from elsewhere", future.get());
  }

  @Test
  void a_branch_of_its_own_does_not_reach_the_work() throws Exception {
    var go = new CountDownLatch(1);
    var future =
        Futures.submit(
            source.token(),
            threads,
            () -> {
              go.await();
              Cancellation.checkpoint();
              return 1;
            });
    var branch = future.minimalCompletionStage().thenApply(n -> n).toCompletableFuture();
    branch.cancel(true);
    go.countDown();
    assertEquals(1, future.get());
  }

  @Test
  void either_of_two_may_win_without_stopping_the_other() throws Exception {
    var go = new CountDownLatch(1);
    var slow =
        Futures.submit(
            source.token(),
            threads,
            () -> {
              go.await();
              Cancellation.checkpoint();
              return "slow";
            });
    assertEquals(
        "quick", slow.applyToEither(CompletableFuture.completedFuture("quick"), v -> v).get());
    go.countDown();
    assertEquals("slow", slow.get());
  }

  @Test
  void promise23_work_queued_behind_a_cancel_never_starts_and_its_future_is_done()
      throws Exception {
    Queue<Runnable> queue = new ArrayDeque<>();
    var started = new AtomicBoolean();
    var stage = new AtomicBoolean();
    var future = Futures.submit(source.token(), queue::add, () -> started.getAndSet(true));
    var after = future.thenAccept(_ -> stage.set(true));
    source.cancel(ENOUGH);
    assertSame(ENOUGH, assertThrows(CancelledException.class, future::get).reason());
    assertThrows(ExecutionException.class, () -> after.get());
    queue.forEach(Runnable::run);
    assertFalse(started.get());
    assertFalse(stage.get());
  }

  @Test
  void promise23_under_a_cancelled_token_nothing_is_submitted() {
    source.cancel(ENOUGH);
    Queue<Runnable> queue = new ArrayDeque<>();
    var future = Futures.submit(source.token(), queue::add, () -> 1);
    assertSame(ENOUGH, assertThrows(CancelledException.class, future::join).reason());
    assertEquals(0, queue.size());
  }

  @Test
  void a_failure_is_the_works_own() {
    var future =
        Futures.submit(
            source.token(),
            threads,
            () -> {
              throw new IOException("down");
            });
    var thrown = assertThrows(ExecutionException.class, future::get);
    assertEquals("down", assertInstanceOf(IOException.class, thrown.getCause()).getMessage());
  }

  @Test
  void what_the_executor_rejects_is_thrown_and_leaves_nothing() {
    assertThrows(
        RejectedExecutionException.class,
        () ->
            Futures.submit(
                source.token(),
                task -> {
                  throw new RejectedExecutionException("full");
                },
                () -> 1));
    assertEquals(new Census(0, 0), Census.of(source.token()));
  }

  @Test
  void promise14_a_token_keeps_nothing_of_futures_that_are_complete() throws Exception {
    for (int i = 0; i < 200_000; i++) {
      assertEquals(1, Futures.submit(source.token(), Runnable::run, () -> 1).get());
      assertEquals(1, Futures.under(source.token(), CompletableFuture.completedFuture(1)).get());
      var open = new CompletableFuture<Integer>();
      var linked = Futures.under(source.token(), open);
      open.complete(2);
      assertEquals(2, linked.get());
    }
    assertEquals(new Census(0, 0), Census.of(source.token()));
  }

  // ---- under ----

  @Test
  void cancelling_the_token_cancels_the_future_of_others_with_true() throws Exception {
    var interrupted = new CompletableFuture<Boolean>();
    var original =
        new CompletableFuture<String>() {
          @Override
          public boolean cancel(boolean mayInterruptIfRunning) {
            interrupted.complete(mayInterruptIfRunning);
            return super.cancel(mayInterruptIfRunning);
          }
        };
    var linked = Futures.under(source.token(), original);
    source.cancel(ENOUGH);
    assertSame(ENOUGH, assertThrows(CancelledException.class, linked::get).reason());
    assertTrue(interrupted.get());
    await().until(original::isCancelled);
  }

  @Test
  void cancelling_the_linked_future_cancels_the_original_and_not_the_token() {
    var original = new CompletableFuture<String>();
    var linked = Futures.under(source.token(), original).thenApply(String::length);
    linked.cancel(false);
    await().until(original::isCancelled);
    assertFalse(source.isCancelled());
  }

  @Test
  void what_the_original_ends_with_the_linked_future_ends_with() throws Exception {
    assertEquals(
        "v",
        Futures.under(source.token(), CompletableFuture.completedStage("v").toCompletableFuture())
            .get());
    var failed =
        Futures.under(
            source.token(), CompletableFuture.<String>failedFuture(new IOException("down")));
    assertInstanceOf(
        IOException.class, assertThrows(ExecutionException.class, failed::get).getCause());
  }

  @Test
  void completion_beats_a_cancellation_that_is_there_too() throws Exception {
    source.cancel(ENOUGH);
    assertEquals("v", Futures.under(source.token(), CompletableFuture.completedFuture("v")).get());
    assertEquals("v", Futures.await(source.token(), CompletableFuture.completedFuture("v")));
  }

  /** The exchange is really over: the server sees the connection end. */
  @Test
  void an_http_exchange_ends_at_the_server() throws Exception {
    for (Consumer<CompletableFuture<?>> end :
        List.<Consumer<CompletableFuture<?>>>of(
            future -> future.cancel(true), future -> future.orTimeout(1, TimeUnit.MILLISECONDS))) {
      assertExchangeEnds(CancellationSource.create(), (_, future) -> end.accept(future));
    }
    assertExchangeEnds(source, (token, _) -> token.cancel(ENOUGH));
  }

  private interface Ending {
    void end(CancellationSource source, CompletableFuture<?> future);
  }

  private static void assertExchangeEnds(CancellationSource source, Ending ending)
      throws Exception {
    try (var server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        var client = HttpClient.newHttpClient()) {
      var request =
          HttpRequest.newBuilder(URI.create("http://localhost:" + server.getLocalPort() + "/"))
              .build();
      var future =
          Futures.under(source.token(), client.sendAsync(request, BodyHandlers.ofString()))
              .thenApply(response -> response.body().length());
      try (Socket connection = server.accept()) {
        connection.setSoTimeout(20_000);
        var in = connection.getInputStream();
        assertEquals('G', in.read());
        ending.end(source, future);
        while (in.read() >= 0) {
          // the rest of the request, and then the end of the connection
        }
      } catch (java.net.SocketException e) {
        // reset: an end as well
      }
      assertThrows(Exception.class, future::get);
    }
  }

  // ---- await ----

  @Test
  void a_wait_ends_and_the_future_goes_on() {
    var future = new CompletableFuture<String>();
    Thread.startVirtualThread(() -> source.cancel(ENOUGH));
    var thrown =
        assertThrows(CancelledException.class, () -> Futures.await(source.token(), future));
    assertSame(ENOUGH, thrown.reason());
    assertFalse(future.isDone());
  }

  @Test
  void a_wait_that_cancels_ends_the_future_as_well() throws Exception {
    var interrupted = new CountDownLatch(1);
    try (ExecutorService pool = Executors.newSingleThreadExecutor()) {
      Future<String> future =
          pool.submit(
              () -> {
                begun.countDown();
                try {
                  new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                  interrupted.countDown();
                }
                return "never";
              });
      begun.await();
      Thread.startVirtualThread(() -> source.cancel(ENOUGH));
      assertThrows(
          CancellationException.class, () -> Futures.awaitOrCancel(source.token(), future));
      interrupted.await();
      assertTrue(future.isCancelled());
    }
  }

  @Test
  void a_wait_gives_value_failure_and_interrupt() throws Exception {
    assertEquals(1, Futures.awaitOrCancel(source.token(), CompletableFuture.completedFuture(1)));
    assertEquals(new Census(0, 0), Census.of(source.token()));
    assertThrows(
        ExecutionException.class,
        () ->
            Futures.await(source.token(), CompletableFuture.failedFuture(new IOException("down"))));
    Thread.currentThread().interrupt();
    assertThrows(
        InterruptedException.class,
        () -> Futures.await(source.token(), new CompletableFuture<String>()));
  }

  // ---- executor ----

  @Test
  void an_executor_under_a_token_carries_it_and_checks_at_the_start() throws Exception {
    try (ExecutorService pool = Executors.newSingleThreadExecutor()) {
      ExecutorService under = Futures.executor(source.token(), pool);
      var seen = new AtomicReference<CancellationToken>();
      under.submit(() -> seen.set(Cancellation.current())).get();
      assertTrue(seen.get().canBeCancelled());
      assertEquals("3", under.invokeAny(List.<Callable<String>>of(() -> "3")));

      var hold = new CountDownLatch(1);
      var started = new AtomicBoolean();
      Future<?> blocker =
          pool.submit(
              () -> {
                hold.await();
                return 1;
              });
      Future<?> queued = under.submit(() -> started.set(true));
      under.execute(() -> started.set(true));
      source.cancel(ENOUGH);
      assertSame(ENOUGH, assertThrows(CancelledException.class, queued::get).reason());
      hold.countDown();
      blocker.get();
      var rejected =
          assertThrows(
              RejectedExecutionException.class, () -> under.execute(() -> started.set(true)));
      assertInstanceOf(CancelledException.class, rejected.getCause());
      assertThrows(CancelledException.class, () -> under.submit(() -> 1).get());
      pool.submit(() -> 1).get();
      assertFalse(started.get());
    }
  }

  @Test
  void asynchronous_stages_are_completed_even_if_they_were_cancelled_in_the_queue()
      throws Exception {
    try (ExecutorService pool = Executors.newSingleThreadExecutor()) {
      ExecutorService under = Futures.executor(source.token(), pool);
      var hold = new CountDownLatch(1);
      pool.execute(
          () -> {
            try {
              hold.await();
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
          });
      var stage =
          CompletableFuture.supplyAsync(
              () -> {
                Cancellation.checkpoint();
                return 1;
              },
              under);
      source.cancel(ENOUGH);
      hold.countDown();
      assertInstanceOf(
          CancelledException.class, assertThrows(ExecutionException.class, stage::get).getCause());
    }
  }

  @Test
  @SuppressWarnings({"NullAway", "FutureReturnValueIgnored"}) // null is passed on purpose
  void null_is_refused_by_name() {
    CancellationToken token = source.token();
    assertNames("token", () -> Futures.submit(null, threads, () -> 1));
    assertNames("executor", () -> Futures.submit(token, null, () -> 1));
    assertNames("work", () -> Futures.submit(token, threads, null));
    assertNames("future", () -> Futures.under(token, (CompletableFuture<String>) null));
    assertNames("future", () -> Futures.await(token, null));
    assertNames("executor", () -> Futures.executor(token, null));
  }

  private static void assertNames(String parameter, Callable<?> call) {
    assertEquals(parameter, assertThrows(NullPointerException.class, call::call).getMessage());
  }
}
