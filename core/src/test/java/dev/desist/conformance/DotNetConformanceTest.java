package dev.desist.conformance;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tokens and sources, as the tests of .NET see them. */
@ExtendWith(Hygiene.class)
class DotNetConformanceTest {
  private static CancellationToken cancelled() {
    return CancellationToken.cancelled(CancellationReason.requested());
  }

  @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"}) // a null is what is tested
  private static <T> T missing() {
    return null;
  }

  @Test
  @Conforms("NET-01")
  void a_missing_callback_is_refused_by_every_token() {
    var live = CancellationSource.create();
    for (var token : List.of(CancellationToken.none(), live.token(), cancelled())) {
      var plain = assertThrows(NullPointerException.class, () -> token.onCancel(missing()));
      assertEquals("callback", plain.getMessage());
      var handed =
          assertThrows(NullPointerException.class, () -> token.onCancel(Runnable::run, missing()));
      assertEquals("callback", handed.getMessage());
    }
  }

  @Test
  @Conforms({"NET-02", "NET-03", "NET-07"})
  void there_is_one_token_that_never_cancels() {
    var one = CancellationToken.none();
    var other = CancellationToken.none();
    assertEquals(one, other);
    assertEquals(one.hashCode(), other.hashCode());
    assertFalse(one.canBeCancelled());
    assertEquals(one, other);
    assertEquals(one.hashCode(), other.hashCode());
  }

  @Test
  @Conforms("NET-04")
  void tokens_cancelled_from_the_start_differ_even_with_the_same_reason() {
    var reason = CancellationReason.requested("the same");
    var one = CancellationToken.cancelled(reason);
    var other = CancellationToken.cancelled(reason);
    assertNotEquals(one, other);
    assertSame(one.reason().orElseThrow(), other.reason().orElseThrow());
  }

  @Test
  @Conforms("NET-05")
  void the_token_that_never_cancels_is_not_one_that_is_cancelled() {
    var gone = cancelled();
    assertNotEquals(CancellationToken.none(), gone);
    assertNotEquals(gone, CancellationToken.none());
  }

  @Test
  @Conforms("NET-06")
  void a_source_gives_the_same_token_every_time() {
    var source = CancellationSource.create();
    var before = source.token();
    source.cancel();
    var after = source.token();
    assertEquals(before, after);
    assertEquals(before.hashCode(), after.hashCode());
    assertNotEquals(before, CancellationSource.create().token());
  }

  @Test
  @Conforms({"NET-08", "NET-12"})
  void a_closed_source_still_gives_its_token_and_the_token_still_works() throws Exception {
    var source = CancellationSource.create();
    source.close();
    var token = source.token();
    assertTrue(token.isCancelled());
    assertTrue(token.await());
    assertInstanceOf(CancellationReason.Closed.class, token.reason().orElseThrow());
    var stage = token.whenCancelled().toCompletableFuture();
    assertInstanceOf(CancellationReason.Closed.class, stage.get(30, TimeUnit.SECONDS));
    var runs = new AtomicInteger();
    token.onCancel(runs::incrementAndGet);
    assertEquals(1, runs.get());
    assertTrue(token.child().isCancelled());
  }

  @Test
  @Conforms("NET-09")
  void a_stage_taken_before_closing_completes_by_it() throws Exception {
    var source = CancellationSource.create();
    var stage = source.token().whenCancelled().toCompletableFuture();
    assertFalse(source.token().await(Duration.ZERO));
    assertFalse(stage.isDone());
    source.close();
    assertInstanceOf(CancellationReason.Closed.class, stage.get(30, TimeUnit.SECONDS));
  }

  @Test
  @Conforms("NET-10")
  void a_registration_may_be_closed_after_its_source() {
    var source = CancellationSource.create();
    var runs = new AtomicInteger();
    var registration = source.token().onCancel(runs::incrementAndGet);
    source.close();
    assertDoesNotThrow(registration::close);
    assertEquals(1, runs.get());
  }

  @Test
  @Conforms("NET-11")
  void closing_again_does_nothing_and_the_flag_stays_readable() {
    var source = CancellationSource.create();
    source.cancel("first");
    source.close();
    assertDoesNotThrow(source::close);
    assertTrue(source.isCancelled());
    assertTrue(source.token().isCancelled());
    assertEquals("first", source.token().reason().orElseThrow().message());
  }

  @Test
  @Conforms("NET-13")
  void registering_with_a_closed_source_gives_a_registration_that_is_over() {
    var source = CancellationSource.create();
    source.close();
    var runs = new AtomicInteger();
    var registration = source.token().onCancel(runs::incrementAndGet);
    assertEquals(1, runs.get()); // closing cancels, so this is a late registration
    assertFalse(registration.unregister());
    registration.close();
    assertEquals(1, runs.get());
  }

  @Test
  @Conforms("NET-14")
  void tokens_of_closed_sources_may_be_linked() {
    var closed = CancellationSource.create();
    closed.close();
    var live = CancellationSource.create();
    var linked =
        assertDoesNotThrow(() -> CancellationSource.linkedTo(live.token(), closed.token()));
    assertTrue(linked.isCancelled());
    assertFalse(live.isCancelled());
  }

  @Test
  @Conforms("NET-15")
  void a_poll_is_false_before_and_true_after() {
    var source = CancellationSource.create();
    var token = source.token();
    assertFalse(token.isCancelled());
    assertFalse(source.isCancelled());
    source.cancel();
    assertTrue(token.isCancelled());
    assertTrue(source.isCancelled());
  }

  @Test
  @Conforms({"NET-16", "LCX-04"})
  void a_callback_has_not_run_before_and_has_run_when_cancel_returns() {
    var source = CancellationSource.create();
    var runs = new AtomicInteger();
    source.token().onCancel(runs::incrementAndGet);
    assertEquals(0, runs.get());
    source.cancel();
    assertEquals(1, runs.get());
  }

  @Test
  @Conforms("NET-20")
  void a_waiting_thread_is_released_by_a_cancel_elsewhere() throws Exception {
    for (boolean virtual : new boolean[] {false, true}) {
      var source = CancellationSource.create();
      var answer = new AtomicBoolean();
      Workers.Body body = () -> answer.set(source.token().await());
      var waiter = virtual ? Workers.startVirtual(body) : Workers.start(body);
      waiter.awaitBlocked();
      assertFalse(waiter.isDone());
      Workers.start(source::cancel).finish();
      waiter.finish();
      assertTrue(answer.get());
    }
  }

  @Test
  @Conforms("NET-21")
  void waiting_for_a_cancelled_token_returns_at_once() throws Exception {
    Workers.runBounded(
        () -> {
          var token = cancelled();
          assertTrue(token.await());
          assertTrue(token.await(Duration.ZERO));
          assertTrue(token.await(Duration.ofDays(1)));
        });
  }

  @Test
  @Conforms("NET-22")
  void one_can_wait_for_a_token_that_never_cancels_alone_or_with_others() throws Exception {
    var time = new ManualTime();
    var answer = new AtomicBoolean(true);
    var waiter =
        Workers.start(
            () -> answer.set(time.call(() -> CancellationToken.none().await(Duration.ofHours(1)))));
    waiter.awaitBlocked();
    time.advance(Duration.ofHours(1));
    waiter.finish();
    assertFalse(answer.get());

    Workers.runBounded(
        () -> {
          var either = CancellationSource.linkedTo(CancellationToken.none(), cancelled());
          assertTrue(either.token().await());
        });
  }

  @Test
  @Conforms("NET-34")
  void one_thread_waits_for_two_tokens_and_an_event() throws Exception {
    var one = CancellationSource.create();
    var other = CancellationSource.create();
    var event = new CountDownLatch(1);
    other.token().onCancel(event::countDown);
    var waiter =
        Workers.start(
            () -> {
              assertTrue(one.token().await());
              assertTrue(other.token().await());
              Workers.pass(event);
            });
    waiter.awaitBlocked();
    var second = Workers.start(other::cancel);
    var first = Workers.start(one::cancel);
    waiter.finish();
    first.finish();
    second.finish();
  }

  @Test
  @Conforms("NET-44")
  void a_live_token_throws_nothing() {
    assertDoesNotThrow(CancellationSource.create().token()::throwIfCancelled);
    assertDoesNotThrow(CancellationToken.none()::throwIfCancelled);
  }

  @Test
  @Conforms("NET-45")
  void the_exception_says_which_token_and_why() {
    var source = CancellationSource.create("outer");
    var inner = source.token().child("inner");
    var reason = CancellationReason.requested("enough");
    source.cancel(reason);
    var thrown = assertThrows(CancelledException.class, () -> inner.token().throwIfCancelled());
    assertSame(reason, thrown.reason());
    assertEquals(List.of("outer", "inner"), thrown.path());
    assertEquals(inner.token().path(), thrown.path());
  }

  @Test
  @Conforms("NET-88")
  void no_time_at_all_means_cancelled_from_the_start_without_a_timer() throws Exception {
    var time = new ManualTime();
    var parent = time.call(CancellationSource::create);
    var child = parent.token().childWithTimeout(Duration.ZERO);
    assertTrue(child.isCancelled());
    assertInstanceOf(
        CancellationReason.DeadlineExceeded.class, child.token().reason().orElseThrow());
    assertFalse(parent.isCancelled());

    var armed = time.call(CancellationSource::create);
    armed.cancelAfter(Duration.ZERO);
    assertTrue(armed.isCancelled());
    assertEquals(0, time.pending());
  }

  @Test
  @Conforms("NET-89")
  void registering_where_no_time_was_given_runs_at_once() {
    var one = CancellationToken.none().childWithTimeout(Duration.ZERO).token();
    var other = CancellationToken.none().childWithTimeout(Duration.ZERO).token();
    assertNotEquals(one, other);
    var runs = new AtomicInteger();
    var first = one.onCancel(runs::incrementAndGet);
    assertEquals(1, runs.get());
    var second = one.onCancel(runs::incrementAndGet);
    assertEquals(2, runs.get());
    assertNotSame(first, second);
    assertFalse(first.unregister());
    assertFalse(second.unregister());
    assertEquals(2, runs.get());
  }
}
