package dev.desist.retries;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.concurrent.Blocking;
import dev.desist.concurrent.Futures;
import dev.failsafe.CircuitBreaker;
import dev.failsafe.Failsafe;
import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.timelimiter.TimeLimiter;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the guide says of circuit breakers, bulkheads and time limits. */
@Timeout(60)
class BreakersTest {
  private final CancellationSource source = CancellationSource.create("request");

  @AfterEach
  void nobodyIsLeftInterrupted() {
    assertFalse(Thread.interrupted());
    source.close();
  }

  private Object request() throws IOException {
    source.cancel("the user went away");
    throw new IOException("the connection was closed", new CancelledException(source.token()));
  }

  private static Object failing() throws IOException {
    throw new IOException("disk");
  }

  // ---- Failsafe ----

  // @start region="failsafe"
  static CircuitBreaker<Object> failsafeBreaker() {
    return CircuitBreaker.builder()
        .withFailureThreshold(1)
        .handleIf((Throwable _) -> !Cancellation.current().isCancelled())
        .build();
  }

  // @end

  @Test
  void failsafe_does_not_count_a_cancelled_call() throws Exception {
    CircuitBreaker<Object> breaker = failsafeBreaker();
    Cancellation.call(
        source.token(),
        () -> assertThrows(Exception.class, () -> Failsafe.with(breaker).get(this::request)));
    assertTrue(breaker.isClosed());
    assertThrows(Exception.class, () -> Failsafe.with(breaker).get(BreakersTest::failing));
    assertTrue(breaker.isOpen());
  }

  @Test
  void failsafe_counts_it_without_the_predicate() {
    CircuitBreaker<Object> breaker = CircuitBreaker.builder().withFailureThreshold(1).build();
    assertThrows(Exception.class, () -> Failsafe.with(breaker).get(this::request));
    assertTrue(breaker.isOpen());
  }

  // ---- Resilience4j ----

  // @start region="resilience4j"
  static io.github.resilience4j.circuitbreaker.CircuitBreaker resilience4jBreaker() {
    return io.github.resilience4j.circuitbreaker.CircuitBreaker.of(
        "backend",
        CircuitBreakerConfig.custom()
            .slidingWindowSize(1)
            .minimumNumberOfCalls(1)
            .ignoreException(_ -> Cancellation.current().isCancelled())
            .build());
  }

  // @end

  @Test
  void resilience4j_does_not_count_a_cancelled_call() throws Exception {
    var breaker = resilience4jBreaker();
    Cancellation.call(
        source.token(),
        () -> assertThrows(IOException.class, () -> breaker.executeCallable(this::request)));
    assertEquals(0, breaker.getMetrics().getNumberOfFailedCalls());
    assertEquals(0, breaker.getMetrics().getNumberOfBufferedCalls());
    assertThrows(IOException.class, () -> breaker.executeCallable(BreakersTest::failing));
    assertEquals(1, breaker.getMetrics().getNumberOfFailedCalls());
  }

  @Test
  void resilience4j_counts_it_without_the_predicate() {
    var breaker = io.github.resilience4j.circuitbreaker.CircuitBreaker.ofDefaults("naive");
    assertThrows(IOException.class, () -> breaker.executeCallable(this::request));
    assertEquals(1, breaker.getMetrics().getNumberOfFailedCalls());
  }

  @Test
  void where_no_token_is_current_the_exception_itself_tells() {
    var breaker =
        io.github.resilience4j.circuitbreaker.CircuitBreaker.of(
            "shared",
            CircuitBreakerConfig.custom()
                .ignoreException(failure -> CancelledException.find(failure).isPresent())
                .build());
    assertThrows(IOException.class, () -> breaker.executeCallable(this::request));
    assertEquals(0, breaker.getMetrics().getNumberOfFailedCalls());
  }

  @Test
  void a_wait_for_a_place_in_a_bulkhead_ends_and_no_place_is_lost() throws Exception {
    Bulkhead bulkhead =
        Bulkhead.of(
            "backend",
            BulkheadConfig.custom()
                .maxConcurrentCalls(1)
                .maxWaitDuration(Duration.ofHours(1))
                .build());
    bulkhead.acquirePermission();
    source.cancelAfter(Duration.ofMillis(20));
    assertThrows(
        CancelledException.class,
        () -> Blocking.interruptibly(source.token(), () -> bulkhead.executeCallable(() -> 1)));
    bulkhead.onComplete();
    assertEquals(1, bulkhead.getMetrics().getAvailableConcurrentCalls());
    assertEquals(2, bulkhead.executeCallable(() -> 2));
  }

  @Test
  void a_time_limiter_reaches_the_work_and_its_wait_ends() throws Exception {
    TimeLimiter limiter = TimeLimiter.of(Duration.ofHours(1));
    var work = new Work();
    Thread user =
        Thread.startVirtualThread(
            () -> {
              work.begun.join();
              source.cancel("the user went away");
            });
    assertThrows(
        CancelledException.class,
        () ->
            Blocking.interruptibly(
                source.token(),
                () ->
                    limiter.<Integer, CompletableFuture<Integer>>executeFutureSupplier(
                        work::start)));
    work.ended.await();
    user.join();
  }

  @Test
  void a_time_limiter_that_gives_up_cancels_the_work() throws Exception {
    TimeLimiter limiter = TimeLimiter.of(Duration.ofMillis(20));
    var work = new Work();
    assertThrows(
        java.util.concurrent.TimeoutException.class,
        () ->
            limiter.<Integer, CompletableFuture<Integer>>executeFutureSupplier(
                () -> {
                  CompletableFuture<Integer> future = work.start();
                  work.begun.join(); // work that was not begun is never begun, nor ended
                  return future;
                }));
    work.ended.await();
  }

  private final class Work {
    final CompletableFuture<Void> begun = new CompletableFuture<>();
    final CountDownLatch ended = new CountDownLatch(1);

    CompletableFuture<Integer> start() {
      return Futures.submit(
          source.token(),
          Thread::startVirtualThread,
          () -> {
            begun.complete(null);
            try {
              Cancellation.sleep(Duration.ofHours(1));
            } finally {
              ended.countDown();
            }
            return 1;
          });
    }
  }
}
