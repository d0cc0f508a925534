package dev.desist.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.testkit.Hygiene;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Executors whose tasks obey a token. */
@ExtendWith(Hygiene.class)
@Timeout(20)
class BoundExecutorTest {
  private final CancellationSource source = CancellationSource.create("request");
  private final ExecutorService pool = Executors.newSingleThreadExecutor();
  private final ExecutorService bound = Futures.boundExecutor(source.token(), pool);
  private final CountDownLatch busy = new CountDownLatch(1);

  @AfterEach
  void close() {
    busy.countDown();
    bound.close();
    assertTrue(pool.isTerminated(), "the view's life is the pool's");
  }

  private void occupy() {
    pool.execute(
        () -> {
          try {
            busy.await();
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
        });
  }

  @Test
  void submitted_tasks_see_a_child_of_the_token_and_executed_ones_the_token() throws Exception {
    var executed = new CompletableFuture<CancellationToken>();
    bound.execute(() -> executed.complete(Cancellation.current()));
    assertSame(source.token(), executed.join());
    CancellationToken submitted = bound.submit(Cancellation::current).get();
    assertTrue(submitted.isCancelled(), "closed when the task has ended");
    assertFalse(source.isCancelled());
    assertSame(CancellationToken.none(), pool.submit(Cancellation::current).get());
  }

  @Test
  void promise23_a_task_overtaken_in_the_queue_never_starts_and_tells_why() throws Exception {
    var ran = new ArrayList<String>();
    occupy();
    Future<?> submitted = bound.submit(() -> ran.add("submitted"));
    var task = new FutureTask<>(() -> ran.add("future"));
    bound.execute(task);
    bound.execute(() -> ran.add("executed"));
    source.cancel("enough");
    var thrown = assertThrows(CancelledException.class, submitted::get);
    assertEquals("enough", thrown.reason().message());
    busy.countDown();
    assertThrows(CancellationException.class, task::get);
    pool.submit(() -> {}).get();
    assertEquals(List.of(), ran);
  }

  @Test
  void promise23_on_a_cancelled_token_submit_gives_an_ended_future_and_execute_throws() {
    source.cancel();
    assertTrue(bound.submit(FuturesTest::mustNotStart).isCancelled());
    assertThrows(CancelledException.class, () -> bound.execute(FuturesTest::mustNotStart));
  }

  @Test
  void a_stage_overtaken_in_the_queue_ends() {
    occupy();
    var stage =
        CompletableFuture.supplyAsync(
            () -> {
              Cancellation.checkpoint();
              return "v";
            },
            bound);
    source.cancel();
    busy.countDown();
    var thrown = assertThrows(CompletionException.class, stage::join);
    assertInstanceOf(CancelledException.class, thrown.getCause());
  }

  @Test
  void a_stage_submitted_too_late_ends_with_the_reason() {
    var first = new CompletableFuture<String>();
    var stage = first.thenApplyAsync(v -> FuturesTest.mustNotStart(), bound);
    source.cancel();
    first.complete("v");
    var thrown = assertThrows(CompletionException.class, stage::join);
    assertInstanceOf(CancelledException.class, thrown.getCause());
  }

  @Test
  void cancelling_a_submitted_one_reaches_it_alone() throws Exception {
    var seen = new CompletableFuture<CancellationToken>();
    Future<Boolean> future =
        bound.submit(
            () -> {
              seen.complete(Cancellation.current());
              return Cancellation.current().await();
            });
    seen.join();
    assertTrue(future.cancel(true));
    assertTrue(seen.join().isCancelled());
    assertEquals("v", bound.submit(() -> "v").get());
  }

  @Test
  void invokeAll_and_invokeAny_work_as_they_do() throws Exception {
    List<Callable<String>> tasks = List.of(() -> "v", () -> "v");
    for (Future<String> future : bound.invokeAll(tasks)) {
      assertEquals("v", future.get());
    }
    assertEquals("v", bound.invokeAny(tasks));
    source.cancel();
    for (Future<String> future : bound.invokeAll(tasks)) {
      assertThrows(CancelledException.class, future::get);
    }
  }

  @Test
  void the_current_token_counts() throws Exception {
    var other = CancellationSource.create();
    var here = Cancellation.call(other.token(), () -> Futures.boundExecutor(pool));
    other.cancel();
    assertTrue(here.submit(() -> "v").isCancelled());
    assertEquals("v", bound.submit(() -> "v").get());
  }
}
