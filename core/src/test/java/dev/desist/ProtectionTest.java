package dev.desist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.desist.concurrent.Blocking;
import dev.desist.concurrent.Event;
import dev.desist.concurrent.Queues;
import dev.desist.net.CancellablePipe;
import dev.desist.scope.Grace;
import dev.desist.scope.Joiner;
import dev.desist.scope.Subtask;
import dev.desist.scope.TaskScope;
import dev.desist.scope.Tasks;
import dev.desist.testkit.Hygiene;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Exchanger;
import java.util.concurrent.Phaser;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Promises 18 and 22: every way in which the library interrupts, against every way to keep that
 * out, around every call that blocks. Clean-up that is protected is not cut short; and the
 * interrupt is not lost, if what it is for goes on afterwards.
 */
@ExtendWith(Hygiene.class)
class ProtectionTest {
  /** How long the protected calls block; an interrupt takes some tens of microseconds. */
  private static final Duration MOMENT = Duration.ofMillis(3);

  private static final int ROUNDS = 20;

  private static final Logger LOG = Logger.getLogger("dev.desist");

  @BeforeAll
  static void hush() { // a report for each task that a grace interrupts
    LOG.setLevel(Level.OFF);
  }

  @AfterAll
  static void speak() {
    LOG.setLevel(null);
  }

  /** What makes the library interrupt a task. */
  private enum Stop {
    SUBTASK_ABORT {
      @Override
      void run(Callable<Object> task, CountDownLatch inside) throws Exception {
        try (var scope = TaskScope.open(Joiner.<Object>awaitAll())) {
          Subtask<Object> subtask = scope.fork(task);
          inside.await();
          subtask.abort();
          subtask.await();
          scope.join();
        }
      }
    },
    SCOPE_ABORT {
      @Override
      void run(Callable<Object> task, CountDownLatch inside) throws Exception {
        try (var scope = TaskScope.open(Joiner.<Object>awaitAll())) {
          scope.fork(task);
          inside.await();
          scope.abort();
          scope.await();
          assertThrows(CancelledException.class, scope::join);
        }
      }
    },
    GRACE {
      @Override
      void run(Callable<Object> task, CountDownLatch inside) throws Exception {
        try (var scope =
            TaskScope.open(
                Joiner.<Object>awaitAll(), c -> c.withGrace(Grace.interruptAfter(Duration.ZERO)))) {
          scope.fork(task);
          inside.await();
          scope.cancel();
        } catch (IllegalStateException e) {
          // it was not joined, but closed at once
        }
      }
    },
    HANDED_DOWN {
      @Override
      void run(Callable<Object> task, CountDownLatch inside) throws Exception {
        Thread owner =
            Thread.ofVirtual()
                .start(
                    () -> {
                      try (var scope = TaskScope.open(Joiner.<Object>awaitAll())) {
                        scope.fork(task);
                        scope.join();
                      } catch (Exception e) {
                        // interrupted
                      }
                    });
        inside.await();
        owner.interrupt();
        owner.join();
      }
    },
    OUTER_ABORT {
      @Override
      void run(Callable<Object> task, CountDownLatch inside) throws Exception {
        SUBTASK_ABORT.run(
            () -> {
              try (var scope = TaskScope.open(Joiner.<Object>awaitAll())) {
                scope.fork(task);
                return scope.join();
              }
            },
            inside);
      }
    },
    GUARDED_CALL {
      @Override
      void run(Callable<Object> task, CountDownLatch inside) throws Exception {
        var source = CancellationSource.create();
        Thread caller =
            Thread.ofVirtual()
                .start(
                    () -> {
                      try {
                        Blocking.interruptibly(source.token(), task::call);
                      } catch (Exception e) {
                        // cancelled
                      }
                    });
        inside.await();
        source.cancel();
        caller.join();
      }
    };

    /** Runs {@code task}, stops it when it has counted down, and waits until it has ended. */
    abstract void run(Callable<Object> task, CountDownLatch inside) throws Exception;
  }

  /** What keeps an interrupt out. */
  private enum Protection {
    SHIELD {
      @Override
      <T> T call(Callable<T> body) throws Exception {
        return Cancellation.shielded(body::call);
      }
    },
    MASK {
      @Override
      <T> T call(Callable<T> body) throws Exception {
        return Blocking.uninterruptibly(body::call);
      }
    },
    MASK_IN_SHIELD {
      @Override
      <T> T call(Callable<T> body) throws Exception {
        return Cancellation.shielded(() -> Blocking.uninterruptibly(body::call));
      }
    },
    SHIELD_IN_MASK {
      @Override
      <T> T call(Callable<T> body) throws Exception {
        return Blocking.uninterruptibly(() -> Cancellation.shielded(body::call));
      }
    },
    SHIELD_IN_A_GUARDED_CALL {
      @Override
      <T> T call(Callable<T> body) throws Exception {
        try (var own = CancellationSource.create()) {
          return Blocking.interruptibly(own.token(), () -> Cancellation.shielded(body::call));
        }
      }
    },
    SHIELD_UNDER_ANOTHER_TOKEN {
      @Override
      <T> T call(Callable<T> body) throws Exception {
        try (var own = CancellationSource.create()) {
          return Cancellation.call(own.token(), () -> Cancellation.shielded(body::call));
        }
      }
    };

    abstract <T> T call(Callable<T> body) throws Exception;

    boolean hidesTheToken() {
      return this != MASK;
    }
  }

  /** A call that blocks for a moment, unless it is interrupted. */
  private record Call(String name, boolean ours, Callable<?> body) {}

  @SuppressWarnings("WaitNotInLoop") // for a moment, whatever comes
  private static List<Call> calls() {
    var calls = new ArrayList<Call>();
    calls.add(new Call("Thread.sleep", false, () -> sleep()));
    calls.add(
        new Call(
            "Object.wait",
            false,
            () -> {
              var monitor = new Object();
              synchronized (monitor) {
                monitor.wait(MOMENT.toMillis());
              }
              return true;
            }));
    calls.add(new Call("Thread.join", false, () -> held(thread -> thread.join(MOMENT))));
    calls.add(
        new Call(
            "LockSupport.parkNanos",
            false,
            () -> {
              long end = System.nanoTime() + MOMENT.toNanos();
              while (System.nanoTime() < end) {
                LockSupport.parkNanos(end - System.nanoTime());
                if (Thread.currentThread().isInterrupted()) {
                  throw new InterruptedException("parked");
                }
              }
              return true;
            }));
    calls.add(
        new Call(
            "BlockingQueue.poll",
            false,
            () -> new ArrayBlockingQueue<String>(1).poll(MOMENT.toNanos(), TimeUnit.NANOSECONDS)));
    calls.add(
        new Call(
            "CountDownLatch.await",
            false,
            () -> new CountDownLatch(1).await(MOMENT.toNanos(), TimeUnit.NANOSECONDS)));
    calls.add(
        new Call(
            "Semaphore.tryAcquire",
            false,
            () -> new Semaphore(0).tryAcquire(MOMENT.toNanos(), TimeUnit.NANOSECONDS)));
    calls.add(
        new Call(
            "Future.get",
            false,
            () ->
                timed(
                    () -> new CompletableFuture<>().get(MOMENT.toNanos(), TimeUnit.NANOSECONDS))));
    calls.add(
        new Call(
            "CyclicBarrier.await",
            false,
            () -> timed(() -> new CyclicBarrier(2).await(MOMENT.toNanos(), TimeUnit.NANOSECONDS))));
    calls.add(
        new Call(
            "Exchanger.exchange",
            false,
            () ->
                timed(
                    () ->
                        new Exchanger<String>()
                            .exchange("", MOMENT.toNanos(), TimeUnit.NANOSECONDS))));
    calls.add(
        new Call(
            "Phaser.awaitAdvanceInterruptibly",
            false,
            () ->
                timed(
                    () ->
                        new Phaser(1)
                            .awaitAdvanceInterruptibly(
                                0, MOMENT.toNanos(), TimeUnit.NANOSECONDS))));
    calls.add(
        new Call(
            "Condition.await",
            false,
            () -> {
              var lock = new ReentrantLock();
              lock.lock();
              try {
                return lock.newCondition().await(MOMENT.toNanos(), TimeUnit.NANOSECONDS);
              } finally {
                lock.unlock();
              }
            }));
    calls.add(
        new Call(
            "Pipe.read",
            false,
            () -> {
              Pipe pipe = Pipe.open();
              try (var source = pipe.source();
                  var sink = pipe.sink()) {
                after(() -> sink.write(ByteBuffer.wrap(new byte[1])));
                return source.read(ByteBuffer.allocate(1));
              }
            }));
    calls.add(
        new Call(
            "Selector.select",
            false,
            () -> {
              try (Selector selector = Selector.open()) {
                selector.select(MOMENT.toMillis());
                assertFalse(Thread.currentThread().isInterrupted());
                return true;
              }
            }));
    calls.add(new Call("Cancellation.sleep", true, () -> ours(() -> Cancellation.sleep(MOMENT))));
    calls.add(
        new Call(
            "Queues.poll",
            true,
            () -> Queues.poll(Cancellation.current(), new ArrayBlockingQueue<String>(1), MOMENT)));
    calls.add(
        new Call(
            "Blocking.interruptibly",
            true,
            () ->
                Blocking.interruptibly(
                    CancellationToken.none(), MOMENT, () -> new CountDownLatch(1).await())));
    calls.add(
        new Call(
            "Event.await", true, () -> Event.create().await(CancellationToken.none(), MOMENT)));
    calls.add(
        new Call(
            "CancellablePipe.read",
            true,
            () -> {
              try (var pipe = CancellablePipe.open()) {
                after(() -> pipe.sink().write(ByteBuffer.wrap(new byte[1])));
                return pipe.source().read(ByteBuffer.allocate(1));
              }
            }));
    calls.add(new Call("TaskScope.join", true, () -> Tasks.all(() -> sleep(), () -> sleep())));
    calls.add(
        new Call(
            "Tasks.within",
            true,
            () ->
                timed(
                    () ->
                        Tasks.within(
                            MOMENT, () -> ours(() -> Cancellation.sleep(Duration.ofMinutes(1)))))));
    return calls;
  }

  private interface Action {
    void run() throws Exception;
  }

  private interface WithThread {
    Object call(Thread thread) throws Exception;
  }

  private static Object sleep() throws InterruptedException {
    Thread.sleep(MOMENT);
    return true;
  }

  private static Object ours(Action action) throws Exception {
    action.run();
    return true;
  }

  private static Object timed(Callable<?> call) throws Exception {
    try {
      return call.call();
    } catch (TimeoutException e) {
      return e;
    }
  }

  /** Calls with a thread that does not end meanwhile. */
  private static Object held(WithThread body) throws Exception {
    var over = new CountDownLatch(1);
    Thread other =
        Thread.startVirtualThread(
            () -> {
              try {
                over.await();
              } catch (InterruptedException e) {
                // nobody does
              }
            });
    try {
      return body.call(other);
    } finally {
      over.countDown();
    }
  }

  private static void after(Action action) {
    Thread.startVirtualThread(
        () -> {
          try {
            Thread.sleep(MOMENT);
            action.run();
          } catch (Exception e) {
            // then the reader ends by that
          }
        });
  }

  @TestFactory
  List<DynamicTest> promise22_clean_up_that_is_protected_is_not_cut_short() {
    var tests = new ArrayList<DynamicTest>();
    for (Stop stop : Stop.values()) {
      for (Protection protection : Protection.values()) {
        for (Call call : calls()) {
          if (call.ours && !protection.hidesTheToken()) {
            continue; // calls of ours obey the token then, as they should
          }
          tests.add(
              dynamicTest(
                  stop + ", " + protection + ", " + call.name,
                  () -> check(stop, protection, call)));
        }
      }
    }
    return tests;
  }

  private static void check(Stop stop, Protection protection, Call call) throws Exception {
    var inside = new CountDownLatch(1);
    var cleanUp = new AtomicReference<Object>("did not come to its end");
    var rest = new AtomicReference<Object>("was not interrupted");
    stop.run(
        () -> {
          try {
            protection.call(
                () -> {
                  inside.countDown();
                  Object _ = call.body.call();
                  return call.body.call();
                });
            cleanUp.set("done");
          } catch (Throwable e) {
            cleanUp.set(e);
          }
          try { // what comes after it is the deaf rest of the task, which the interrupt is for
            new CountDownLatch(1).await(1, TimeUnit.SECONDS);
          } catch (InterruptedException e) {
            rest.set(e);
          }
          return null;
        },
        inside);
    assertEquals("done", cleanUp.get(), "the clean-up");
    assertInstanceOf(InterruptedException.class, rest.get());
  }

  @Test
  void promise22_a_task_that_has_listened_cleans_up_undisturbed() throws Exception {
    for (Stop stop : List.of(Stop.SUBTASK_ABORT, Stop.SCOPE_ABORT, Stop.GRACE, Stop.OUTER_ABORT)) {
      for (int i = 0; i < ROUNDS; i++) {
        var inside = new CountDownLatch(1);
        var cleanUp = new AtomicReference<Object>("did not come to its end");
        stop.run(
            () -> {
              try {
                inside.countDown();
                return ours(() -> Cancellation.sleep(Duration.ofMinutes(1)));
              } catch (CancelledException e) {
                try {
                  cleanUp.set(sleep());
                } catch (InterruptedException interrupt) {
                  cleanUp.set(interrupt);
                }
                throw e;
              }
            },
            inside);
        // Either may be first: the cancellation, and then no interrupt comes; or the interrupt.
        if (cleanUp.get() != (Object) "did not come to its end") {
          assertEquals(true, cleanUp.get(), stop.toString());
        }
      }
    }
  }
}
