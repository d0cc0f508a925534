package dev.desist.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.concurrent.Blocking;
import dev.desist.testkit.Hygiene;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Waiting, running until cancelled, and guards, as the tests of tokio-util see them. */
@ExtendWith(Hygiene.class)
class TokioConformanceTest {
  // ---- waiting ----

  @Test
  @Conforms("TOK-01")
  void a_waiter_is_woken_once_and_a_later_one_not_at_all() throws Exception {
    var source = CancellationSource.create();
    var listener = new Listener(source.token());
    var stage = source.token().whenCancelled();
    var completions = new AtomicInteger();
    var counted = stage.thenRun(completions::incrementAndGet).toCompletableFuture();
    listener.assertAsleep();
    source.cancel();
    listener.assertWokenOnce();
    counted.get(30, TimeUnit.SECONDS);
    Workers.runBounded(() -> assertTrue(source.token().await()));
    assertTrue(source.token().whenCancelled().toCompletableFuture().isDone());
    source.cancel();
    assertEquals(1, completions.get());
    listener.assertWokenOnce();
  }

  @Test
  @Conforms("TOK-03")
  void a_waiter_that_gives_up_leaves_nothing_behind() throws Exception {
    var source = CancellationSource.create();
    var threads = new ArrayList<WeakReference<Thread>>();
    for (int i = 0; i < 3; i++) {
      threads.add(giveUp(source.token()));
    }
    threads.forEach(Workers::awaitCollected);
    assertFalse(source.isCancelled());

    var view = source.token().whenCancelled().toCompletableFuture();
    assertTrue(view.cancel(false));
    assertFalse(source.isCancelled());
    source.cancel();
    var reason = source.token().whenCancelled().toCompletableFuture().get(30, TimeUnit.SECONDS);
    assertInstanceOf(CancellationReason.Requested.class, reason);
  }

  /** A token that kept the wait would keep the thread. */
  private static WeakReference<Thread> giveUp(CancellationToken token) throws Exception {
    var interrupted = new AtomicBoolean();
    var waiter =
        Workers.start(
            () -> {
              try {
                token.await();
              } catch (InterruptedException e) {
                interrupted.set(true);
              }
            });
    waiter.awaitBlocked();
    waiter.interrupt();
    waiter.finish();
    assertTrue(interrupted.get());
    return waiter.thread();
  }

  @Test
  @Conforms("TOK-21")
  void a_waiter_and_a_cancel_always_meet() throws Exception {
    Race.run(
        5_000,
        () -> {
          var source = CancellationSource.create();
          var answer = new AtomicBoolean();
          return Race.Round.of(
              () -> assertTrue(answer.get()),
              () -> answer.set(source.token().await()),
              source::cancel);
        });
  }

  @Test
  @Conforms("TOK-22")
  void waiters_on_parent_and_child_always_meet_the_cancel() throws Exception {
    Race.run(
        3_000,
        () -> {
          var parent = CancellationSource.create();
          var child = parent.token().child();
          var answers = new AtomicInteger();
          return Race.Round.of(
              () -> assertEquals(2, answers.get()),
              () -> {
                assertTrue(parent.token().await());
                answers.incrementAndGet();
              },
              () -> {
                assertTrue(child.token().await());
                answers.incrementAndGet();
              },
              parent::cancel);
        });
  }

  // ---- running until cancelled ----

  @Test
  @Conforms("TOK-13")
  void an_operation_without_end_is_ended_by_the_cancel() throws Exception {
    var source = CancellationSource.create();
    var never = new CountDownLatch(1);
    var work =
        Workers.start(
            () -> {
              var thrown =
                  assertThrows(
                      CancelledException.class,
                      () ->
                          Blocking.interruptibly(
                              source.token(),
                              () -> {
                                never.await();
                                return "never";
                              }));
              assertEquals("enough", thrown.reason().message());
              assertFalse(Thread.interrupted());
            });
    work.awaitBlocked();
    assertFalse(work.isDone());
    source.cancel("enough");
    work.finish();
  }

  @Test
  @Conforms("TOK-14")
  void an_operation_that_ends_gives_its_value() throws Exception {
    var source = CancellationSource.create();
    assertEquals("value", Blocking.interruptibly(source.token(), () -> "value"));
    assertFalse(source.isCancelled());
    source.cancel();
    assertFalse(Thread.interrupted());
  }

  @Test
  @Conforms("TOK-15")
  void an_operation_is_not_started_on_a_cancelled_token() {
    var source = CancellationSource.create();
    source.cancel();
    var started = new AtomicBoolean();
    assertThrows(
        CancelledException.class,
        () ->
            Blocking.interruptibly(
                source.token(),
                () -> {
                  started.set(true);
                  return "started";
                }));
    assertFalse(started.get());
  }

  @Test
  @Conforms("TOK-16")
  void an_operation_that_ends_although_cancelled_gives_its_value() throws Exception {
    for (int i = 0; i < 1_000; i++) {
      var source = CancellationSource.create();
      var value =
          Blocking.interruptibly(
              source.token(),
              () -> {
                source.cancel();
                return "value";
              });
      assertEquals("value", value);
      assertTrue(source.isCancelled());
      assertFalse(Thread.interrupted());
    }
  }

  // ---- guards ----

  @Test
  @Conforms("ABT-01")
  void leaving_the_block_that_owns_a_source_ends_the_work() throws Exception {
    Workers.Worker work;
    CancellationToken token;
    try (var guard = CancellationSource.create()) {
      token = guard.token();
      work = Workers.start(guard.token()::await);
      work.awaitBlocked();
    }
    work.finish();
    assertInstanceOf(CancellationReason.Closed.class, token.reason().orElseThrow());
  }

  @Test
  @Conforms("ABT-02")
  void cancelling_inside_the_block_ends_the_work_at_once() throws Exception {
    try (var guard = CancellationSource.create()) {
      var work = Workers.start(guard.token()::await);
      work.awaitBlocked();
      assertFalse(work.isDone());
      assertTrue(guard.cancel());
      work.finish();
      assertTrue(work.isDone());
      assertInstanceOf(CancellationReason.Requested.class, guard.token().reason().orElseThrow());
    }
  }
}
