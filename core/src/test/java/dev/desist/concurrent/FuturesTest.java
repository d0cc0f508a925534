package dev.desist.concurrent;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Census;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Work that is submitted under a token: what its future ends with, and when. */
@ExtendWith(Hygiene.class)
@Timeout(30)
class FuturesTest {
  private static final CancellationReason ENOUGH = CancellationReason.requested("enough");

  private final CancellationSource source = CancellationSource.create("request");
  private final Executor threads = Thread::startVirtualThread;
  private final Queue<Runnable> queue = new ArrayDeque<>();
  private final CancelledWork work = new CancelledWork();

  /** For work that must not begin. */
  static String mustNotBegin() {
    return fail("begun");
  }

  // ---- what the work gives ----

  @Test
  void work_runs_under_a_child_of_the_token_that_is_closed_at_its_end() throws Exception {
    var future = Futures.submit(source.token(), threads, Cancellation::current);
    assertNotSame(source.token(), future.get());
    assertInstanceOf(CancellationReason.Closed.class, future.get().reason().orElseThrow());
    assertEquals(Census.EMPTY, Census.of(source.token()));
    assertFalse(source.isCancelled());
  }

  @Test
  void a_failure_is_the_works_own() {
    var thrown = new IOException("down");
    var future =
        Futures.submit(
            source.token(),
            threads,
            () -> {
              throw thrown;
            });
    assertSame(thrown, assertThrows(ExecutionException.class, future::get).getCause());
  }

  @Test
  void the_current_token_counts_as_well() throws Exception {
    var future =
        Cancellation.call(
            source.token(), () -> Futures.submit(CancellationToken.none(), threads, work));
    work.awaitBegin();
    source.cancel(ENOUGH);
    assertSame(ENOUGH, assertThrows(CancelledException.class, future::get).reason());
  }

  @Test
  void promise17_work_lives_by_the_clock_of_its_token() throws Exception {
    var time = new ManualTime();
    var manual = time.call(CancellationSource::create);
    var future =
        Futures.submit(
            manual.token(),
            threads,
            () -> {
              Cancellation.sleep(Duration.ofHours(1));
              return "slept";
            });
    await().until(() -> time.pending() == 1);
    time.advance(Duration.ofHours(1));
    assertEquals("slept", future.get());
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
    assertEquals(Census.EMPTY, Census.of(source.token()));
  }

  // ---- the token is cancelled ----

  @Test
  void cancelling_the_token_ends_the_work_and_then_the_future_with_the_reason() throws Exception {
    var future = Futures.submit(source.token(), threads, work);
    work.awaitBegin();
    source.cancel(ENOUGH);
    var thrown = assertThrows(CancelledException.class, future::get);
    assertSame(ENOUGH, thrown.reason());
    assertEquals("request", thrown.path().getFirst());
    assertTrue(work.told.isDone());
    assertTrue(future.isCancelled());
    assertEquals(Future.State.CANCELLED, future.state());
    assertSame(ENOUGH, assertThrows(CancelledException.class, future::join).reason());
    assertSame(
        ENOUGH, assertThrows(CancelledException.class, () -> future.getNow("absent")).reason());
    assertSame(
        ENOUGH,
        assertThrows(CancelledException.class, () -> future.get(1, TimeUnit.HOURS)).reason());
  }

  @Test
  void the_future_of_work_that_does_not_listen_ends_with_the_work_and_has_its_value()
      throws Exception {
    var deaf = new Deaf("late");
    var disposed = new CompletableFuture<String>();
    var future = Futures.submit(source.token(), threads, deaf, disposed::complete);
    deaf.begun.await();
    source.cancel(ENOUGH);
    assertEquals("absent", future.getNow("absent"));
    deaf.release.countDown();
    assertEquals("late", future.get());
    assertFalse(disposed.isDone());
  }

  @Test
  void promise23_work_queued_behind_a_cancel_never_starts_and_its_future_is_done()
      throws Exception {
    var future = Futures.submit(source.token(), queue::add, FuturesTest::mustNotBegin);
    var after = future.thenAccept(_ -> mustNotBegin());
    source.cancel(ENOUGH);
    assertSame(ENOUGH, assertThrows(CancelledException.class, future::get).reason());
    queue.forEach(Runnable::run);
    assertSame(ENOUGH, assertThrows(CancelledException.class, after::get).reason());
    assertEquals(Census.EMPTY, Census.of(source.token()));
  }

  @Test
  void promise23_under_a_cancelled_token_nothing_is_submitted() {
    source.cancel(ENOUGH);
    var future = Futures.submit(source.token(), queue::add, FuturesTest::mustNotBegin);
    assertSame(ENOUGH, assertThrows(CancelledException.class, future::join).reason());
    assertEquals(0, queue.size());
  }

  // ---- what comes too late ----

  /** Does not listen: ends when it is released. */
  private static final class Deaf implements java.util.concurrent.Callable<String> {
    final CountDownLatch begun = new CountDownLatch(1);
    final CountDownLatch release = new CountDownLatch(1);
    private final String value;

    Deaf(String value) {
      this.value = value;
    }

    @Override
    public String call() throws Exception {
      begun.countDown();
      release.await();
      if (value.isEmpty()) {
        throw new IOException("too late");
      }
      return value;
    }
  }

  /** Runs what {@code submit} gives it, and tells when it has run. */
  private static final class Watched implements Executor {
    private @Nullable Thread thread;

    @Override
    public void execute(Runnable task) {
      thread = Thread.startVirtualThread(task);
    }

    void awaitEnd() throws InterruptedException {
      Objects.requireNonNull(thread).join();
    }
  }

  @Test
  void promise20_a_late_value_goes_to_the_disposer() throws Exception {
    var deaf = new Deaf("late");
    var disposed = new CompletableFuture<String>();
    var future = Futures.submit(source.token(), threads, deaf, disposed::complete);
    deaf.begun.await();
    future.cancel(true);
    deaf.release.countDown();
    assertEquals("late", disposed.get());
    assertThrows(CancelledException.class, future::get);
  }

  @Test
  void a_disposer_that_fails_is_logged() throws Exception {
    for (Throwable thrown : List.of(new IllegalStateException("stuck"), new AssertionError("no"))) {
      var executor = new Watched();
      var deaf = new Deaf("late");
      try (var log = new LogProbe()) {
        var future = Futures.submit(source.token(), executor, deaf, _ -> sneak(thrown));
        deaf.begun.await();
        future.complete("from elsewhere");
        deaf.release.countDown();
        executor.awaitEnd();
        assertEquals(List.of("SEVERE a disposer failed: " + thrown), log.lines());
      }
    }
  }

  @SuppressWarnings("unchecked")
  private static <X extends Throwable> void sneak(Throwable thrown) throws X {
    throw (X) thrown;
  }

  @Test
  void a_late_failure_is_logged_and_a_late_cancellation_is_not() throws Exception {
    try (var log = new LogProbe()) {
      var executor = new Watched();
      var future = Futures.submit(source.token(), executor, work);
      work.awaitBegin();
      future.cancel(true);
      executor.awaitEnd();
      assertEquals(List.of(), log.lines());

      var deaf = new Deaf("");
      var other = Futures.submit(source.token(), executor, deaf);
      deaf.begun.await();
      other.cancel(true);
      deaf.release.countDown();
      executor.awaitEnd();
      assertEquals(
          List.of("FINE work, which nobody waits for, failed: java.io.IOException: too late"),
          log.lines());
    }
  }

  /** Callbacks that the work leaves behind run at its end; what they throw hurts nobody. */
  @Test
  void a_callback_that_fails_at_the_end_goes_to_the_uncaught_exception_handler() throws Exception {
    var uncaught = new AtomicReference<@Nullable Throwable>();
    var future = new CompletableFuture<CompletableFuture<String>>();
    var thread =
        Thread.ofPlatform()
            .uncaughtExceptionHandler(
                (_, e) -> {
                  uncaught.set(e);
                  throw new IllegalStateException("a handler that fails, too");
                })
            .start(
                () ->
                    future.complete(
                        Futures.submit(
                            source.token(),
                            Runnable::run,
                            () -> {
                              Cancellation.current()
                                  .onCancel(
                                      () -> {
                                        throw new IllegalStateException("left behind");
                                      });
                              return "v";
                            })));
    thread.join();
    assertTrue(future.isDone());
    assertEquals("v", future.get().getNow("lost"));
    var thrown = Objects.requireNonNull(uncaught.get());
    assertEquals("left behind", Objects.requireNonNull(thrown.getCause()).getMessage());
  }
}
