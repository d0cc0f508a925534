package dev.desist.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.testkit.Hygiene;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The interrupt bridge, one case at a time; BlockingStressTest has the races. */
@ExtendWith(Hygiene.class)
@Timeout(20)
class BlockingTest {
  @Test
  void a_blocked_call_ends_with_the_reason() throws Exception {
    var source = CancellationSource.create("reader");
    var inside = new CountDownLatch(1);
    Thread.startVirtualThread(
        () -> {
          awaitQuietly(inside);
          source.cancel("enough");
        });
    var thrown =
        assertThrows(
            CancelledException.class,
            () ->
                Blocking.interruptibly(
                    source.token(),
                    () -> {
                      inside.countDown();
                      return new ArrayBlockingQueue<String>(1).take();
                    }));
    assertEquals("enough", thrown.reason().message());
    assertInstanceOf(InterruptedException.class, thrown.getCause());
  }

  @Test
  void a_value_beats_the_cancellation() throws Exception {
    var source = CancellationSource.create();
    String value =
        Blocking.interruptibly(
            source.token(),
            () -> {
              source.cancel();
              awaitInterrupt();
              return "made";
            });
    assertEquals("made", value);
    assertFalse(Thread.currentThread().isInterrupted(), "our interrupt must be taken back");
  }

  @Test
  void on_a_cancelled_token_the_body_is_not_called() {
    var called = new AtomicBoolean();
    var token = CancellationToken.cancelled(CancellationReason.requested("before"));
    assertThrows(
        CancelledException.class,
        () ->
            Blocking.interruptibly(
                token,
                () -> {
                  called.set(true);
                  return 1;
                }));
    assertFalse(called.get());
  }

  @Test
  void promise18_a_foreign_interrupt_stays_one() {
    var source = CancellationSource.create();
    Thread.currentThread().interrupt();
    assertThrows(
        InterruptedException.class,
        () ->
            Blocking.interruptibly(
                source.token(),
                () -> {
                  new CountDownLatch(1).await();
                  return 1;
                }));
    assertFalse(source.isCancelled());
  }

  @Test
  void promise18_a_foreign_interrupt_that_is_only_flagged_is_still_there_afterwards()
      throws Exception {
    var source = CancellationSource.create();
    Thread.currentThread().interrupt();
    int value = Blocking.interruptibly(source.token(), () -> 7);
    assertEquals(7, value);
    assertTrue(Thread.interrupted());
  }

  @Test
  void promise18_a_cancel_is_delivered_after_a_swallowed_foreign_interrupt() {
    var source = CancellationSource.create();
    Thread.currentThread().interrupt();
    source.token().onCancel(() -> {});
    assertThrows(
        CancelledException.class,
        () ->
            Blocking.interruptibly(
                source.token(),
                () -> {
                  source.cancel(); // while the foreign interrupt is pending
                  assertThrows(InterruptedException.class, () -> new CountDownLatch(1).await());
                  new CountDownLatch(1).await(); // goes on all the same
                  return 1;
                }));
  }

  @Test
  void promise18_the_canceller_never_interrupts() throws Exception {
    var interrupter = new AtomicReference<Thread>();
    var source = CancellationSource.create();
    var inside = new CountDownLatch(1);
    var victim = new AtomicReference<Throwable>();
    var thread =
        new Thread(
            () -> {
              try {
                Blocking.interruptibly(
                    source.token(),
                    () -> {
                      inside.countDown();
                      new CountDownLatch(1).await();
                      return 1;
                    });
              } catch (Exception e) {
                victim.set(e);
              }
            }) {
          @Override
          public void interrupt() {
            interrupter.set(Thread.currentThread());
            super.interrupt();
          }
        };
    thread.start();
    inside.await();
    source.cancel();
    thread.join();
    assertInstanceOf(CancelledException.class, victim.get());
    assertNotSame(Thread.currentThread(), interrupter.get());
    assertNotSame(thread, interrupter.get());
    assertTrue(interrupter.get().getName().startsWith("desist-signal-"));
  }

  @Test
  void promise18_an_inner_call_leaves_the_outer_ones_interrupt_alone() {
    var outer = CancellationSource.create("outer");
    var inner = CancellationSource.create("inner");
    var thrown =
        assertThrows(
            CancelledException.class,
            () ->
                Blocking.interruptibly(
                    outer.token(),
                    () -> {
                      assertThrows(
                          CancelledException.class,
                          () ->
                              Blocking.interruptibly(
                                  inner.token(),
                                  () -> {
                                    inner.cancel();
                                    new CountDownLatch(1).await();
                                    return 1;
                                  }));
                      outer.cancel("outer");
                      new CountDownLatch(1).await();
                      return 1;
                    }));
    assertEquals("outer", thrown.reason().message());
  }

  @Test
  void a_failure_of_the_body_passes_unchanged() {
    var source = CancellationSource.create();
    var failure = new IllegalStateException("own");
    var thrown =
        assertThrows(
            IllegalStateException.class,
            () ->
                Blocking.interruptibly(
                    source.token(),
                    () -> {
                      source.cancel();
                      awaitInterrupt();
                      throw failure;
                    }));
    assertEquals(failure, thrown);
    assertFalse(Thread.currentThread().isInterrupted());
  }

  @Test
  void a_body_that_throws_and_sets_the_flag_too_looks_interrupted_twice() {
    var source = CancellationSource.create();
    Thread guarded = Thread.currentThread();
    Thread.startVirtualThread(
        () -> {
          while (guarded.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
          }
          source.cancel();
        });
    assertThrows(
        CancelledException.class,
        () ->
            Blocking.interruptibly(
                source.token(),
                () -> {
                  try {
                    new CountDownLatch(1).await();
                  } catch (InterruptedException e) {
                    guarded.interrupt();
                    throw e;
                  }
                  return 1;
                }));
    assertTrue(Thread.interrupted(), "one of the two may be somebody else's");
  }

  private static void awaitInterrupt() {
    while (!Thread.currentThread().isInterrupted()) {
      Thread.onSpinWait();
    }
  }

  // ---- closing ----

  @Test
  void a_foreign_socket_is_closed_and_the_read_ends_with_the_reason() throws Exception {
    var source = CancellationSource.create("reader");
    try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        var client = new Socket(InetAddress.getLoopbackAddress(), server.getLocalPort());
        var peer = server.accept()) {
      var inside = new CountDownLatch(1);
      Thread.startVirtualThread(
          () -> {
            awaitQuietly(inside);
            source.cancel("enough");
          });
      var thrown =
          assertThrows(
              CancelledException.class,
              () ->
                  Blocking.closing(
                      source.token(),
                      client,
                      () -> {
                        inside.countDown();
                        return client.getInputStream().read();
                      }));
      assertEquals("enough", thrown.reason().message());
      assertInstanceOf(SocketException.class, thrown.getCause());
      assertTrue(client.isClosed());
      assertEquals(-1, peer.getInputStream().read());
    }
  }

  @Test
  void a_foreign_socket_that_is_only_shut_for_input_can_still_say_goodbye() throws Exception {
    var source = CancellationSource.create("reader");
    try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        var client = new Socket(InetAddress.getLoopbackAddress(), server.getLocalPort());
        var peer = server.accept()) {
      var inside = new CountDownLatch(1);
      InputStream in = client.getInputStream();
      Thread.startVirtualThread(
          () -> {
            awaitQuietly(inside);
            source.cancel("enough");
          });
      assertThrows(
          CancelledException.class,
          () ->
              Blocking.closing(
                  source.token(),
                  client::shutdownInput,
                  () -> {
                    inside.countDown();
                    return in.read();
                  }));
      client.getOutputStream().write('b');
      assertEquals('b', peer.getInputStream().read());
      peer.getOutputStream().write('x');
      assertEquals(-1, in.read(), "the input is over for good");
    }
  }

  @Test
  void promise18_what_ended_before_the_cancel_is_not_closed() throws Exception {
    var source = CancellationSource.create();
    var closed = new AtomicBoolean();
    assertEquals(7, Blocking.closing(source.token(), () -> closed.set(true), () -> 7));
    var own = new IllegalStateException("own");
    assertSame(
        own,
        assertThrows(
            IllegalStateException.class,
            () ->
                Blocking.closing(
                    source.token(),
                    () -> closed.set(true),
                    () -> {
                      throw own;
                    })));
    source.cancel();
    assertFalse(closed.get());
    assertThrows(
        CancelledException.class,
        () -> Blocking.closing(source.token(), () -> closed.set(true), () -> 7));
    assertFalse(closed.get());
  }

  @Test
  void what_closing_throws_is_suppressed() {
    var source = CancellationSource.create();
    var gone = new CountDownLatch(1);
    var thrown =
        assertThrows(
            CancelledException.class,
            () ->
                Blocking.closing(
                    source.token(),
                    () -> {
                      gone.countDown();
                      throw new IllegalStateException("close failed");
                    },
                    () -> {
                      source.cancel();
                      gone.await();
                      throw new IllegalArgumentException("it was closed");
                    }));
    assertEquals(
        "it was closed",
        assertInstanceOf(IllegalArgumentException.class, thrown.getCause()).getMessage());
    assertEquals("close failed", thrown.getSuppressed()[0].getMessage());
  }

  // ---- uninterruptibly ----

  @Test
  void promise18_an_interrupt_is_held_back_and_comes_afterwards() throws Exception {
    var source = CancellationSource.create();
    var flagged = new AtomicBoolean();
    assertThrows(
        CancelledException.class,
        () ->
            Blocking.interruptibly(
                source.token(),
                () -> {
                  Blocking.uninterruptibly(
                      () -> {
                        source.cancel();
                        awaitDispatcher();
                        flagged.set(Thread.currentThread().isInterrupted());
                        return 1;
                      });
                  return new ArrayBlockingQueue<String>(1).take();
                }));
    assertFalse(flagged.get());
  }

  @Test
  void promise18_an_interrupt_that_was_there_before_is_put_aside() throws Exception {
    var source = CancellationSource.create();
    var flagged = new AtomicBoolean();
    assertThrows(
        CancelledException.class,
        () ->
            Blocking.interruptibly(
                source.token(),
                () -> {
                  source.cancel();
                  awaitInterrupt();
                  Blocking.uninterruptibly(
                      () -> {
                        flagged.set(Thread.currentThread().isInterrupted());
                        return 1;
                      });
                  return new ArrayBlockingQueue<String>(1).take();
                }));
    assertFalse(flagged.get());
  }

  @Test
  void a_guarded_call_inside_listens_all_the_same() throws Exception {
    var source = CancellationSource.create();
    assertThrows(
        CancelledException.class,
        () ->
            Blocking.uninterruptibly(
                () ->
                    Blocking.interruptibly(
                        source.token(),
                        () -> {
                          source.cancel();
                          return new ArrayBlockingQueue<String>(1).take();
                        })));
  }

  @Test
  void promise18_a_guarded_call_inside_lets_nothing_in() throws Exception {
    var source = CancellationSource.create();
    var inner = CancellationSource.create();
    var flagged = new AtomicBoolean();
    assertThrows(
        CancelledException.class,
        () ->
            Blocking.interruptibly(
                source.token(),
                () -> {
                  source.cancel();
                  awaitInterrupt();
                  Blocking.uninterruptibly(
                      () -> {
                        Blocking.interruptibly(inner.token(), () -> 1);
                        flagged.set(Thread.currentThread().isInterrupted());
                        return 1;
                      });
                  return new ArrayBlockingQueue<String>(1).take();
                }));
    assertFalse(flagged.get());
  }

  @Test
  void promise18_what_is_held_back_never_comes_if_the_call_around_it_has_ended() throws Exception {
    var source = CancellationSource.create();
    int value =
        Blocking.interruptibly(
            source.token(),
            () ->
                Blocking.uninterruptibly(
                    () -> {
                      source.cancel();
                      awaitDispatcher();
                      return 7;
                    }));
    assertEquals(7, value);
    awaitDispatcher();
    assertFalse(Thread.interrupted());
  }

  @Test
  void promise18_a_foreign_interrupt_is_not_held_back() {
    assertThrows(
        InterruptedException.class,
        () ->
            Blocking.uninterruptibly(
                () -> {
                  Thread.currentThread().interrupt();
                  return new ArrayBlockingQueue<String>(1).take();
                }));
  }

  /** Waits until the dispatcher has run what was handed to it, as far as one can tell. */
  private static void awaitDispatcher() throws InterruptedException {
    for (int i = 0; i < 20; i++) {
      var ran = new CountDownLatch(1);
      Cancellation.dispatcher().execute(ran::countDown);
      ran.await();
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
