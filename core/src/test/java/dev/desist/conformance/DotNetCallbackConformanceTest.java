package dev.desist.conformance;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationCallbackException;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.testkit.Hygiene;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * When and where callbacks run, and what becomes of their failures, as the tests of .NET see it.
 */
@ExtendWith(Hygiene.class)
class DotNetCallbackConformanceTest {
  @Test
  @Conforms("NET-17")
  void one_callback_may_be_registered_often() {
    var source = CancellationSource.create();
    var runs = new AtomicInteger();
    Runnable callback = runs::incrementAndGet;
    for (int i = 0; i < 3; i++) {
      source.token().onCancel(callback);
    }
    source.cancel();
    assertEquals(3, runs.get());
  }

  @Test
  @Conforms("NET-18")
  void closing_one_registration_of_a_callback_leaves_the_others() {
    for (int closed = 0; closed < 3; closed++) {
      var source = CancellationSource.create();
      var runs = new AtomicInteger();
      Runnable callback = runs::incrementAndGet;
      var registrations =
          List.of(
              source.token().onCancel(callback),
              source.token().onCancel(callback),
              source.token().onCancel(callback));
      registrations.get(closed).close();
      source.cancel();
      assertEquals(2, runs.get());
    }
  }

  @Test
  @Conforms({"NET-19", "LCX-03"})
  void a_late_callback_runs_before_its_registration_returns() {
    var source = CancellationSource.create();
    source.cancel();
    var ranOn = new AtomicReference<@Nullable Thread>();
    source.token().onCancel(() -> ranOn.set(Thread.currentThread()));
    assertSame(Thread.currentThread(), ranOn.get());
  }

  @Test
  @Conforms("NET-32")
  void a_callback_may_cancel_another_source() {
    var one = CancellationSource.create();
    var other = CancellationSource.create();
    var runs = new AtomicInteger();
    other.token().onCancel(runs::incrementAndGet);
    one.token().onCancel(() -> assertTrue(other.cancel("by a callback")));
    assertTrue(one.cancel());
    assertEquals("by a callback", other.token().reason().orElseThrow().message());
    assertEquals(1, runs.get());
  }

  @Test
  @Conforms("NET-33")
  void a_late_callback_may_cancel_another_source() {
    var one = CancellationSource.create();
    one.cancel();
    var other = CancellationSource.create();
    var runs = new AtomicInteger();
    other.token().onCancel(runs::incrementAndGet);
    one.token().onCancel(() -> assertTrue(other.cancel()));
    assertTrue(other.isCancelled());
    assertEquals(1, runs.get());
  }

  @Test
  @Conforms("NET-35")
  void a_callback_that_does_nothing_disturbs_nothing() {
    var source = CancellationSource.create();
    source.token().onCancel(() -> {});
    assertDoesNotThrow(() -> source.cancel());
    assertTrue(source.isCancelled());
  }

  @Test
  @Conforms({"NET-36", "NET-37"})
  void failures_stop_no_other_callback_and_come_together_in_the_order_they_happened() {
    var source = CancellationSource.create();
    var ran = new ArrayList<Throwable>();
    var quiet = new AtomicInteger();
    for (int i = 0; i < 5; i++) {
      var failure = new IllegalStateException("callback " + i);
      source
          .token()
          .onCancel(
              () -> {
                ran.add(failure);
                throw failure;
              });
      source.token().onCancel(quiet::incrementAndGet);
    }
    var thrown = assertThrows(CancellationCallbackException.class, source::cancel);
    assertEquals(5, ran.size());
    assertEquals(5, quiet.get());
    assertSame(ran.getFirst(), thrown.getCause());
    assertEquals(ran.subList(1, 5), List.of(thrown.getSuppressed()));
    assertFalse(source.cancel());
  }

  // ---- executors ----

  @Test
  @Conforms("NET-66")
  void a_callback_with_an_executor_runs_there() throws Exception {
    try (var executor =
        Executors.newSingleThreadExecutor(Thread.ofPlatform().name("bound").factory())) {
      var source = CancellationSource.create();
      var ranOn = new LinkedBlockingQueue<String>();
      source.token().onCancel(executor, () -> ranOn.add(Thread.currentThread().getName()));
      Workers.start(source::cancel).finish();
      assertEquals("bound", ranOn.poll(30, TimeUnit.SECONDS));
      source.token().onCancel(executor, () -> ranOn.add(Thread.currentThread().getName()));
      assertEquals("bound", ranOn.poll(30, TimeUnit.SECONDS));
    }
  }

  @Test
  @Conforms({"NET-67", "NET-68"})
  void what_an_executor_throws_at_once_reaches_the_canceller_with_the_rest() {
    var source = CancellationSource.create();
    var inExecutor = new IllegalStateException("handed over");
    var runs = new AtomicInteger();
    source.token().onCancel(runs::incrementAndGet);
    source
        .token()
        .onCancel(
            Runnable::run,
            () -> {
              throw inExecutor;
            });
    source.token().onCancel(Runnable::run, runs::incrementAndGet);
    var thrown = assertThrows(CancellationCallbackException.class, source::cancel);
    assertSame(inExecutor, thrown.getCause());
    assertEquals(2, runs.get());
  }

  @Test
  @Conforms("NET-69")
  void a_failure_on_an_executors_thread_is_the_executors_to_report() throws Exception {
    var reported = new LinkedBlockingQueue<Throwable>();
    var factory =
        Thread.ofPlatform()
            .daemon()
            .uncaughtExceptionHandler((thread, failure) -> reported.add(failure))
            .factory();
    try (var executor = Executors.newSingleThreadExecutor(factory)) {
      var source = CancellationSource.create();
      var failure = new IllegalStateException("on another thread");
      source
          .token()
          .onCancel(
              executor,
              () -> {
                throw failure;
              });
      assertTrue(source.cancel());
      assertSame(failure, reported.poll(30, TimeUnit.SECONDS));
    }
  }

  @Test
  @Conforms("NET-70")
  void callbacks_run_elsewhere_for_the_canceller_may_close_each_other() throws Exception {
    Executor waiting =
        task -> {
          try {
            Workers.runBounded(task::run);
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        };
    Workers.runBounded(
        () -> {
          var source = CancellationSource.create();
          var registrations = new ArrayList<AutoCloseable>();
          var runs = new AtomicInteger();
          Runnable closeAll =
              () -> {
                runs.incrementAndGet();
                for (var registration : registrations) {
                  assertDoesNotThrow(registration::close);
                }
              };
          for (int i = 0; i < 4; i++) {
            registrations.add(source.token().onCancel(waiting, closeAll));
          }
          source.cancel();
          assertEquals(1, runs.get());
        });
  }

  // ---- what is around a callback ----

  @Test
  @Conforms("NET-80")
  void a_wrapped_callback_sees_the_token_that_was_current_where_it_was_wrapped() {
    var source = CancellationSource.create();
    var ambient = CancellationSource.create();
    var seen = new AtomicReference<@Nullable CancellationToken>();
    Cancellation.run(
        ambient.token(),
        () -> {
          Cancellation.Carrier carried = Cancellation.carrier();
          source.token().onCancel(() -> carried.call(() -> seen.set(Cancellation.current())));
        });
    source.cancel();
    assertSame(ambient.token(), seen.get());
  }

  @Test
  @Conforms("NET-81")
  void a_plain_callback_carries_nothing_from_where_it_was_registered() {
    var source = CancellationSource.create();
    var ambient = CancellationSource.create();
    var canceller = CancellationSource.create();
    var seen = Collections.synchronizedList(new ArrayList<CancellationToken>());
    Cancellation.run(
        ambient.token(), () -> source.token().onCancel(() -> seen.add(Cancellation.current())));
    Cancellation.run(canceller.token(), source::cancel);
    assertEquals(List.of(canceller.token()), seen);
  }

  // ---- cancelling without running callbacks here ----

  @Test
  @Conforms("NET-90")
  void cancelling_elsewhere_without_callbacks_is_over_at_once() {
    var bare = CancellationSource.create();
    var dropped = CancellationSource.create();
    var runs = new AtomicInteger();
    dropped.token().onCancel(runs::incrementAndGet).close();
    assertTrue(dropped.token().onCancel(runs::incrementAndGet).unregister());
    for (var source : List.of(bare, dropped)) {
      var stage = source.cancelAsync(CancellationReason.requested()).toCompletableFuture();
      assertTrue(stage.isDone());
      assertEquals(true, stage.join());
      assertTrue(source.isCancelled());
    }
    assertEquals(0, runs.get());
  }

  @Test
  @Conforms({"NET-91", "NET-92"})
  void cancelling_elsewhere_sets_the_flag_at_once_and_ends_with_the_callbacks() throws Exception {
    var source = CancellationSource.create();
    var entered = new CountDownLatch(1);
    var leave = new CountDownLatch(1);
    source
        .token()
        .onCancel(
            () -> {
              entered.countDown();
              Workers.pass(leave);
            });
    var first = source.cancelAsync(CancellationReason.requested("first")).toCompletableFuture();
    assertTrue(source.isCancelled());
    Workers.pass(entered);
    assertFalse(first.isDone());

    var second = source.cancelAsync(CancellationReason.requested("second")).toCompletableFuture();
    assertTrue(second.isDone()); // and is not told when the callbacks of the first end
    assertEquals(false, second.join());
    assertFalse(first.isDone());

    leave.countDown();
    assertEquals(true, first.get(30, TimeUnit.SECONDS));
    assertEquals("first", source.token().reason().orElseThrow().message());
  }

  @Test
  @Conforms("NET-93")
  void cancelling_elsewhere_runs_every_callback_and_none_on_the_calling_thread() throws Exception {
    var source = CancellationSource.create();
    var threads = Collections.synchronizedList(new ArrayList<Thread>());
    for (int i = 0; i < 1000; i++) {
      source.token().onCancel(() -> threads.add(Thread.currentThread()));
    }
    var stage = source.cancelAsync(CancellationReason.requested()).toCompletableFuture();
    assertEquals(true, stage.get(30, TimeUnit.SECONDS));
    assertEquals(1000, threads.size());
    threads.forEach(thread -> assertNotSame(Thread.currentThread(), thread));
  }
}
