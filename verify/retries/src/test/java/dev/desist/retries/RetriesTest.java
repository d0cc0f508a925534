package dev.desist.retries;

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
import dev.desist.concurrent.Blocking;
import dev.desist.scope.Tasks;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the guide says of retries, with each of the libraries. */
@Timeout(60)
class RetriesTest {
  /** Takes whatever was thrown for worth another try. */
  private static boolean naive(Throwable failure) {
    return failure != null;
  }

  private final CancellationSource source = CancellationSource.create("request");
  private final AtomicInteger tries = new AtomicInteger();

  @AfterEach
  void nobodyIsLeftInterrupted() {
    assertFalse(Thread.interrupted());
    source.close();
  }

  // @start region="call"
  /** A call with retries, under a token. */
  static <T> T retrying(
      CancellationToken token, Retrier retrier, Duration delay, Callable<T> request)
      throws Exception {
    Callable<T> once =
        () -> {
          token.throwIfCancelled(); // so that no try begins after the cancellation
          return request.call();
        };
    try {
      return Cancellation.call(
          token, // so that the retrier's predicate can ask for it
          () ->
              Blocking.interruptibly(
                  token, // so that a wait between two tries ends
                  () -> retrier.call(Retrier::isWorthAnotherTry, delay, once)));
    } catch (Exception failure) {
      if (token.isCancelled() && !token.caused(failure)) {
        throw new CancelledException(token, failure); // Resilience4j gives the last failure
      }
      throw failure;
    }
  }

  // @end

  private CancelledException assertCancelled(Callable<?> call) {
    var thrown = assertThrows(Exception.class, call::call);
    var cancelled = CancelledException.find(thrown).orElseThrow(() -> new AssertionError(thrown));
    assertTrue(source.token().caused(thrown), thrown.toString());
    assertSame(source.token().reason().orElseThrow(), cancelled.reason());
    return cancelled;
  }

  /** What a service makes of a cancellation, as most do. */
  private Object cancelledInside() throws Exception {
    tries.incrementAndGet();
    source.cancel("the user went away");
    try {
      source.token().throwIfCancelled();
    } catch (CancelledException e) {
      throw new IOException("the service failed", e);
    }
    return "not cancelled";
  }

  private Object failing() throws IOException {
    tries.incrementAndGet();
    throw new IOException("disk");
  }

  @ParameterizedTest
  @EnumSource
  void a_failure_is_tried_again_as_ever(Retrier retrier) {
    var thrown =
        assertThrows(
            Exception.class,
            () -> retrying(source.token(), retrier, Duration.ofMillis(1), this::failing));
    assertTrue(CancelledException.find(thrown).isEmpty());
    assertEquals(3, tries.get());
  }

  @ParameterizedTest
  @EnumSource
  void a_cancelled_call_is_not_tried_again_and_the_caller_learns_why(Retrier retrier) {
    assertCancelled(
        () -> retrying(source.token(), retrier, Duration.ofHours(1), this::cancelledInside));
    assertEquals(1, tries.get());
  }

  @ParameterizedTest
  @EnumSource
  void without_the_predicate_it_is_tried_again(Retrier retrier) {
    assertThrows(
        Exception.class,
        () -> retrier.call(RetriesTest::naive, Duration.ofMillis(1), this::cancelledInside));
    assertEquals(3, tries.get());
  }

  @ParameterizedTest
  @EnumSource
  void a_wait_between_two_tries_ends_at_once(Retrier retrier) throws Exception {
    var failed = new CountDownLatch(1);
    Thread waiting = Thread.currentThread();
    Thread canceller =
        Thread.startVirtualThread(
            () -> {
              awaitAsleep(failed, waiting);
              source.cancel("nobody waits");
            });
    CancelledException cancelled =
        assertCancelled(
            () ->
                retrying(
                    source.token(),
                    retrier,
                    Duration.ofHours(1),
                    () -> {
                      tries.incrementAndGet();
                      failed.countDown();
                      throw new IOException("disk");
                    }));
    assertEquals("nobody waits", cancelled.reason().message());
    assertEquals(1, tries.get());
    canceller.join();
  }

  private static void awaitAsleep(CountDownLatch failed, Thread thread) {
    try {
      failed.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    while (thread.getState() != Thread.State.TIMED_WAITING) {
      LockSupport.parkNanos(100_000);
    }
  }

  @ParameterizedTest
  @EnumSource
  void without_the_guarded_call_the_wait_goes_on(Retrier retrier) throws Exception {
    CancellationToken token = source.token();
    var failed = new CountDownLatch(1);
    Thread waiting = Thread.currentThread();
    Thread canceller =
        Thread.startVirtualThread(
            () -> {
              awaitAsleep(failed, waiting);
              source.cancel();
            });
    long before = System.nanoTime();
    assertThrows(
        Exception.class,
        () ->
            retrier.call(
                _ -> !token.isCancelled(),
                Duration.ofMillis(300),
                () -> {
                  failed.countDown();
                  token.throwIfCancelled();
                  throw new IOException("disk");
                }));
    assertTrue(System.nanoTime() - before > 290_000_000);
    canceller.join();
  }

  @ParameterizedTest
  @EnumSource
  void a_deadline_that_has_passed_is_not_tried_again(Retrier retrier) {
    source.cancelAfter(Duration.ofMillis(20));
    var cancelled =
        assertCancelled(
            () ->
                retrying(
                    source.token(),
                    retrier,
                    Duration.ofHours(1),
                    () -> {
                      tries.incrementAndGet();
                      Cancellation.sleep(Duration.ofHours(1));
                      return 1;
                    }));
    assertInstanceOf(CancellationReason.DeadlineExceeded.class, cancelled.reason());
    assertEquals(1, tries.get());
  }

  @ParameterizedTest
  @EnumSource
  void whoever_set_the_deadline_around_it_all_gets_a_timeout(Retrier retrier) {
    assertThrows(
        TimeoutException.class,
        () ->
            Tasks.within(
                Duration.ofMillis(20),
                () ->
                    retrying(Cancellation.current(), retrier, Duration.ofHours(1), this::failing)));
    assertEquals(1, tries.get());
  }

  @ParameterizedTest
  @EnumSource
  void a_timeout_of_one_try_is_tried_again(Retrier retrier) {
    assertThrows(
        Exception.class,
        () ->
            retrying(
                source.token(),
                retrier,
                Duration.ofMillis(1),
                () ->
                    Tasks.within(
                        Duration.ofMillis(5),
                        () -> {
                          tries.incrementAndGet();
                          Cancellation.sleep(Duration.ofHours(1));
                          return 1;
                        })));
    assertEquals(3, tries.get());
  }

  @ParameterizedTest
  @EnumSource
  void a_try_that_swallowed_the_interrupt_is_not_repeated_and_not_waited_after(Retrier retrier) {
    source.cancelAfter(Duration.ofMillis(20));
    assertCancelled(
        () ->
            retrying(
                source.token(),
                retrier,
                Duration.ofHours(1),
                () -> {
                  tries.incrementAndGet();
                  try {
                    new CountDownLatch(1).await();
                  } catch (InterruptedException e) {
                    throw new IOException("the pool was busy"); // and not a word of the interrupt
                  }
                  return 1;
                }));
    assertEquals(1, tries.get());
  }
}
