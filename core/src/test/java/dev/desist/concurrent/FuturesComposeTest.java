package dev.desist.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.Census;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Stages whose function starts work of its own: both halves are reached. */
@ExtendWith(Hygiene.class)
@Timeout(30)
class FuturesComposeTest {
  private final CancellationSource source = CancellationSource.create("request");
  private final CancellationSource other = CancellationSource.create("another request");
  private final Executor threads = Thread::startVirtualThread;
  private final CancelledWork work = new CancelledWork();

  private CompletableFuture<String> quick() {
    return Futures.submit(source.token(), Runnable::run, () -> "v");
  }

  private CompletableFuture<String> failing() {
    return Futures.submit(
        source.token(),
        Runnable::run,
        () -> {
          throw new IOException("down");
        });
  }

  private CompletableFuture<String> second() {
    return Futures.submit(other.token(), threads, work);
  }

  // ---- what is reached ----

  @Test
  void the_first_half_is_reached() throws Exception {
    var composed =
        Futures.submit(source.token(), threads, work)
            .thenCompose(_ -> CompletableFuture.completedFuture(FuturesTest.mustNotBegin()));
    work.awaitBegin();
    composed.cancel(true);
    assertEquals("its future was cancelled", work.told.get().message());
  }

  @Test
  void the_second_half_is_reached_however_it_was_composed() throws Exception {
    List<Function<FuturesComposeTest, CompletableFuture<String>>> ways =
        List.of(
            test -> test.quick().thenCompose(_ -> test.second()),
            test -> test.quick().thenComposeAsync(_ -> test.second()),
            test -> test.quick().thenComposeAsync(_ -> test.second(), test.threads),
            test -> test.quick().thenCompose(_ -> test.second().thenApply(v -> v)),
            test -> test.failing().exceptionallyCompose(_ -> test.second()),
            test -> test.failing().exceptionallyComposeAsync(_ -> test.second()),
            test -> test.failing().exceptionallyComposeAsync(_ -> test.second(), test.threads));
    for (Function<FuturesComposeTest, CompletableFuture<String>> way : ways) {
      var test = new FuturesComposeTest();
      var composed = way.apply(test);
      test.work.awaitBegin();
      composed.thenApply(String::length).cancel(true);
      assertEquals("its future was cancelled", test.work.told.get().message());
      assertThrows(CancelledException.class, composed::get);
      assertFalse(test.other.isCancelled());
    }
  }

  @Test
  void promise24_the_second_half_learns_the_reason() throws Exception {
    var reason = CancellationReason.raceLost("the cache was first");
    var composed = quick().thenCompose(_ -> second());
    work.awaitBegin();
    composed.completeExceptionally(
        new CancelledException(dev.desist.CancellationToken.cancelled(reason)));
    assertSame(reason, work.told.get());
  }

  @Test
  void promise17_a_timeout_reaches_the_second_half() throws Exception {
    var time = new ManualTime();
    var composed = quick().thenCompose(_ -> second());
    work.awaitBegin();
    time.call(() -> composed.orTimeout(2, TimeUnit.SECONDS));
    time.advance(Duration.ofSeconds(2));
    assertInstanceOf(
        TimeoutException.class, assertThrows(ExecutionException.class, composed::get).getCause());
    assertInstanceOf(CancellationReason.DeadlineExceeded.class, work.told.get());
  }

  @Test
  void all_halves_before_it_are_reached() throws Exception {
    var composed =
        Futures.submit(source.token(), threads, work)
            .thenCompose(_ -> CompletableFuture.completedFuture(FuturesTest.mustNotBegin()))
            .thenCompose(_ -> CompletableFuture.completedFuture(FuturesTest.mustNotBegin()))
            .exceptionallyCompose(_ -> CompletableFuture.completedFuture("instead"));
    work.awaitBegin();
    composed.thenApply(v -> v).cancel(true);
    assertEquals("its future was cancelled", work.told.get().message());
  }

  @Test
  void what_is_started_because_a_future_was_ended_is_not_cancelled_with_it() throws Exception {
    var gate = new CompletableFuture<String>();
    List<Function<CompletableFuture<String>, CompletableFuture<String>>> ways =
        List.of(
            first -> {
              first.complete("from elsewhere");
              return first.thenCompose(_ -> Futures.under(other.token(), gate));
            },
            first -> {
              first.completeExceptionally(new IOException("down"));
              return first.exceptionallyCompose(_ -> Futures.under(other.token(), gate));
            },
            first -> {
              var composed = first.exceptionallyCompose(_ -> Futures.under(other.token(), gate));
              first.cancel(true);
              return composed;
            },
            first ->
                first
                    .orTimeout(0, TimeUnit.SECONDS)
                    .exceptionallyCompose(_ -> Futures.under(other.token(), gate)),
            first ->
                first
                    .completeOnTimeout("late", 0, TimeUnit.SECONDS)
                    .thenCompose(_ -> Futures.under(other.token(), gate)));
    var composed = new ArrayList<CompletableFuture<String>>();
    for (var way : ways) {
      var first = new CancelledWork();
      var future = Futures.submit(source.token(), threads, first);
      first.awaitBegin();
      composed.add(way.apply(future));
      first.told.get(); // the work was
    }
    gate.complete("second");
    for (var each : composed) {
      assertEquals("second", each.get());
    }
  }

  @Test
  void what_one_has_composed_is_not_reached_through_another_made_from_the_same() throws Exception {
    var first = quick();
    var composed = first.thenCompose(_ -> second());
    work.awaitBegin();
    first.thenApplyAsync(v -> v, _ -> {}).cancel(true);
    assertFalse(work.seen.get().isCancelled());
    composed.cancel(true);
    assertEquals("its future was cancelled", work.told.get().message());
  }

  /** A future such as those of the HTTP client, whose copies reach the exchange. */
  @Test
  void somebody_elses_future_says_for_itself_what_cancelling_a_copy_means() throws Exception {
    var copy = new Told<String>();
    var others =
        new CompletableFuture<String>() {
          @Override
          public CompletableFuture<String> copy() {
            return copy;
          }
        };
    var composed = quick().thenCompose(_ -> others);
    composed.cancel(true);
    assertTrue(copy.interrupting.get());
    assertTrue(copy.canceller.get().getName().startsWith("desist-dispatcher"));
  }

  @Test
  void a_shared_plain_future_goes_on() throws Exception {
    var copy = new Told<String>();
    var shared =
        new CompletableFuture<String>() {
          @Override
          @SuppressWarnings("unchecked")
          public <U extends @Nullable Object> CompletableFuture<U> newIncompleteFuture() {
            return (CompletableFuture<U>) copy;
          }
        };
    var composed = quick().thenCompose(_ -> shared);
    composed.cancel(true);
    assertTrue(copy.interrupting.get()); // the copy was told
    assertFalse(shared.isDone());
    shared.complete("for the others");
    assertThrows(CancelledException.class, composed::get);
  }

  // ---- what it ends with ----

  @Test
  void it_ends_as_the_second_half_does() throws Exception {
    assertEquals(
        "v2", quick().thenCompose(v -> Futures.submit(source.token(), threads, () -> v + 2)).get());
    assertEquals("v", quick().thenCompose(CompletableFuture::completedStage).get());
    assertEquals("v", quick().exceptionallyCompose(_ -> second()).get());
    assertEquals(
        "again",
        failing()
            .exceptionallyCompose(
                _ -> CompletableFuture.completedFuture("again").minimalCompletionStage())
            .get());
    var failed = quick().thenCompose(_ -> failing());
    assertInstanceOf(
        IOException.class, assertThrows(ExecutionException.class, failed::get).getCause());
    assertFalse(work.seen.isDone());
  }

  @Test
  void a_cancelled_token_of_the_second_half_ends_it() {
    var composed = quick().thenCompose(_ -> second());
    work.awaitBegin();
    other.cancel("enough");
    var thrown = assertThrows(CancelledException.class, composed::get);
    assertEquals("enough", thrown.reason().message());
  }

  @Test
  @SuppressWarnings("NullAway") // null is given on purpose
  void a_function_that_fails_or_gives_nothing_is_a_failure() {
    var thrown = new IllegalStateException("no second");
    var failed =
        quick()
            .thenCompose(
                (Function<String, CompletionStage<String>>)
                    _ -> {
                      throw thrown;
                    });
    assertSame(thrown, assertThrows(ExecutionException.class, failed::get).getCause());
    var nothing = quick().thenCompose(_ -> (CompletionStage<String>) null);
    assertInstanceOf(
        NullPointerException.class,
        assertThrows(ExecutionException.class, nothing::get).getCause());
  }

  // ---- many of them ----

  @Test
  void promise13_a_long_row_of_stages_ends() throws Exception {
    var gate = new CompletableFuture<Integer>();
    CompletableFuture<Integer> last = Futures.under(source.token(), gate);
    for (int i = 0; i < 20_000; i++) {
      last = last.thenCompose(n -> Futures.submit(source.token(), Runnable::run, () -> n + 1));
    }
    gate.complete(0);
    assertEquals(20_000, last.get());
    assertEquals(Census.EMPTY, Census.of(source.token()));
  }

  /** Retries that call themselves: each waits for the one that it started. */
  private CompletableFuture<String> nested(int depth) {
    return depth == 0
        ? second()
        : Futures.submit(source.token(), threads, () -> depth - 1).thenCompose(this::nested);
  }

  @Test
  void promise13_the_innermost_of_many_is_reached() throws Exception {
    var outermost = nested(5_000);
    work.awaitBegin();
    outermost.cancel(true);
    assertEquals("its future was cancelled", work.told.get().message());
  }

  @Test
  void promise13_the_end_of_the_innermost_of_many_reaches_the_outermost() {
    var outermost = nested(5_000);
    work.awaitBegin();
    other.cancel("enough");
    var thrown = assertThrows(CancelledException.class, outermost::get);
    assertEquals("enough", thrown.reason().message());
  }
}
