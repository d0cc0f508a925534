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
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** An executor whose tasks obey a token, on a pool of one thread. */
@ExtendWith(Hygiene.class)
@Timeout(30)
class FuturesExecutorTest {
  private static final CancellationReason ENOUGH = CancellationReason.requested("enough");

  private final CancellationSource source = CancellationSource.create("request");
  private final ThreadPoolExecutor pool =
      new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>());
  private final ExecutorService under = Futures.executor(source.token(), pool);
  private final CountDownLatch release = new CountDownLatch(1);

  @AfterEach
  void end() throws InterruptedException {
    release.countDown();
    pool.shutdownNow();
    assertTrue(pool.awaitTermination(20, TimeUnit.SECONDS));
  }

  /** Keeps the thread of the pool until {@link #release}, whatever becomes of the token. */
  private void occupy() throws InterruptedException {
    var begun = new CountDownLatch(1);
    pool.execute(
        () -> {
          begun.countDown();
          try {
            release.await();
          } catch (InterruptedException e) {
            // shutdownNow: the thread is free as well
          }
        });
    begun.await();
  }

  /** Comes back when all that was given to the pool before has run. */
  private void awaitPool() throws Exception {
    release.countDown();
    pool.submit(() -> {}).get();
  }

  private static void awaitNothingLeft(CancellationSource source) {
    await().until(() -> Census.of(source.token()).equals(Census.EMPTY));
  }

  // ---- tasks that run ----

  @Test
  void submitted_tasks_see_a_child_of_the_token_and_executed_ones_the_token() throws Exception {
    var executed = new CompletableFuture<CancellationToken>();
    under.execute(() -> executed.complete(Cancellation.current()));
    assertSame(source.token(), executed.get());
    CancellationToken submitted = under.submit(Cancellation::current).get();
    assertInstanceOf(CancellationReason.Closed.class, submitted.reason().orElseThrow());
    assertFalse(source.isCancelled());
    assertSame(CancellationToken.none(), pool.submit(Cancellation::current).get());
    assertEquals("v", under.submit(() -> {}, "v").get());
    awaitNothingLeft(source);
  }

  @Test
  void cancelling_a_submitted_one_reaches_it_alone() throws Exception {
    var work = new CancelledWork();
    Future<String> future = under.submit(work);
    work.awaitBegin();
    assertTrue(future.cancel(true));
    assertEquals("its future was cancelled", work.told.get().message());
    assertEquals("v", under.submit(() -> "v").get());
  }

  @Test
  void the_current_token_counts_as_well() throws Exception {
    var here =
        Cancellation.call(source.token(), () -> Futures.executor(CancellationToken.none(), pool));
    source.cancel(ENOUGH);
    Future<String> future = here.submit(FuturesTest::mustNotBegin);
    assertSame(ENOUGH, assertThrows(CancelledException.class, future::get).reason());
  }

  @Test
  void all_and_any_work_as_they_do() throws Exception {
    List<Callable<String>> tasks = List.of(() -> "v", () -> "v");
    for (Future<String> future : under.invokeAll(tasks)) {
      assertEquals("v", future.get());
    }
    assertEquals("v", under.invokeAny(tasks));
    awaitPool();
    awaitNothingLeft(source);
  }

  // ---- the token is cancelled while tasks wait ----

  @Test
  void promise23_tasks_overtaken_in_the_queue_never_begin_and_tell_why() throws Exception {
    var ran = new CopyOnWriteArrayList<String>();
    occupy();
    Future<?> submitted = under.submit(() -> ran.add("submitted"));
    var task = new FutureTask<>(() -> ran.add("a future"));
    under.execute(task);
    under.execute(() -> ran.add("executed"));
    source.cancel(ENOUGH);
    assertSame(ENOUGH, assertThrows(CancelledException.class, submitted::get).reason());
    release.countDown();
    assertThrows(CancellationException.class, task::get);
    awaitPool();
    assertEquals(List.of(), ran);
  }

  @Test
  void all_of_those_that_wait_in_the_queue_end() throws Exception {
    occupy();
    List<Callable<String>> tasks = List.of(FuturesTest::mustNotBegin, FuturesTest::mustNotBegin);
    var all = Parked.in(() -> under.invokeAll(tasks));
    source.cancel(ENOUGH);
    for (Future<String> future : all.get()) { // though the thread is not free yet
      assertSame(ENOUGH, assertThrows(CancelledException.class, future::get).reason());
    }
    awaitPool();
  }

  @Test
  void none_of_those_that_wait_in_the_queue_is_any() throws Exception {
    occupy();
    List<Callable<String>> tasks = List.of(FuturesTest::mustNotBegin, FuturesTest::mustNotBegin);
    var any = Parked.in(() -> assertThrows(Exception.class, () -> under.invokeAny(tasks)));
    source.cancel(ENOUGH);
    release.countDown();
    var thrown = assertInstanceOf(ExecutionException.class, any.get());
    assertSame(ENOUGH, assertInstanceOf(CancelledException.class, thrown.getCause()).reason());
  }

  @Test
  void a_stage_overtaken_in_the_queue_ends_at_its_first_checkpoint() throws Exception {
    occupy();
    var stage =
        CompletableFuture.supplyAsync(
            () -> {
              Cancellation.checkpoint();
              return 1;
            },
            under);
    source.cancel(ENOUGH);
    release.countDown();
    var thrown = assertThrows(ExecutionException.class, stage::get);
    assertSame(ENOUGH, assertInstanceOf(CancelledException.class, thrown.getCause()).reason());
  }

  // ---- the token is cancelled before ----

  @Test
  void promise23_under_a_cancelled_token_nothing_is_accepted() throws Exception {
    source.cancel(ENOUGH);
    Future<String> future = under.submit(FuturesTest::mustNotBegin);
    assertSame(ENOUGH, assertThrows(CancelledException.class, future::get).reason());
    var rejected =
        assertThrows(
            RejectedExecutionException.class, () -> under.execute(FuturesTest::mustNotBegin));
    assertSame(ENOUGH, assertInstanceOf(CancelledException.class, rejected.getCause()).reason());
    List<Callable<String>> tasks = List.of(FuturesTest::mustNotBegin, FuturesTest::mustNotBegin);
    for (Future<String> each : under.invokeAll(tasks)) {
      assertThrows(CancelledException.class, each::get);
    }
    assertThrows(RejectedExecutionException.class, () -> under.invokeAny(tasks));
    assertEquals(0, pool.getTaskCount());
  }

  @Test
  void a_stage_that_comes_too_late_ends_with_the_reason() {
    var first = new CompletableFuture<String>();
    var stage = first.thenApplyAsync(_ -> FuturesTest.mustNotBegin(), under);
    source.cancel(ENOUGH);
    first.complete("v");
    var thrown = assertThrows(CompletionException.class, stage::join);
    var rejected = assertInstanceOf(RejectedExecutionException.class, thrown.getCause());
    assertSame(ENOUGH, assertInstanceOf(CancelledException.class, rejected.getCause()).reason());
  }

  // ---- one inside the other ----

  /** The outer one of two tokens is never lost: neither under way nor in the queue. */
  @Test
  void of_two_inside_each_other_each_token_counts() throws Exception {
    var inner = CancellationSource.create("inner");
    var work = new CancelledWork();
    Future<String> running = Futures.executor(inner.token(), under).submit(work);
    work.awaitBegin();
    source.cancel(ENOUGH);
    assertSame(ENOUGH, work.told.get());
    assertSame(ENOUGH, assertThrows(CancelledException.class, running::get).reason());
    assertThrows(
        RejectedExecutionException.class,
        () -> Futures.submit(inner.token(), under, FuturesTest::mustNotBegin));
    awaitNothingLeft(inner);
  }

  @Test
  void promise23_of_two_inside_each_other_each_token_keeps_what_waits_from_beginning()
      throws Exception {
    var inner = CancellationSource.create("inner");
    occupy();
    Future<String> first = Futures.submit(inner.token(), under, FuturesTest::mustNotBegin);
    source.cancel(ENOUGH);
    release.countDown();
    assertThrows(CancelledException.class, first::get);
    assertFalse(inner.isCancelled());
    awaitNothingLeft(inner);
  }

  // ---- shutting down ----

  @Test
  void closing_it_lets_the_tasks_end_and_closes_the_pool() throws Exception {
    Future<String> future = under.submit(() -> "v");
    under.close();
    assertEquals("v", future.get());
    assertTrue(under.isShutdown());
    assertTrue(under.isTerminated());
    assertTrue(pool.isTerminated());
  }

  @Test
  void shutdownNow_gives_back_what_waits_and_interrupts_what_runs() throws Exception {
    occupy();
    Future<String> submitted = under.submit(FuturesTest::mustNotBegin);
    under.execute(FuturesTest::mustNotBegin);
    List<Runnable> waiting = under.shutdownNow();
    assertEquals(2, waiting.size());
    assertSame(submitted, waiting.getFirst()); // so that it can be ended
    assertTrue(((Future<?>) waiting.getFirst()).cancel(false));
    assertThrows(CancelledException.class, submitted::get);
    assertTrue(under.awaitTermination(20, TimeUnit.SECONDS));
    assertThrows(RejectedExecutionException.class, () -> under.execute(() -> {}));
    assertThrows(RejectedExecutionException.class, () -> under.submit(() -> "v"));
    awaitNothingLeft(source);
  }
}
