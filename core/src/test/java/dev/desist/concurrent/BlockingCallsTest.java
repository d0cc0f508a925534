package dev.desist.concurrent;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.testkit.Hygiene;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The calls of the JDK that listen to an interrupt, and those that do not. */
@ExtendWith(Hygiene.class)
@Timeout(30)
class BlockingCallsTest {
  /** A call that waits until it is let. */
  record Wait(Callable<Object> call, Callable<?> let) {}

  /** Calls that listen. */
  enum Listening {
    TAKE,
    PUT,
    LOCK,
    LATCH,
    SEMAPHORE,
    MONITOR,
    JOIN,
    FUTURE;

    Wait begin() {
      return switch (this) {
        case TAKE -> {
          var queue = new ArrayBlockingQueue<String>(1);
          yield new Wait(queue::take, () -> queue.add("got"));
        }
        case PUT -> {
          var queue = new ArrayBlockingQueue<String>(1, false, List.of("full"));
          yield new Wait(
              () -> {
                queue.put("mine");
                return queue.poll() + " alone: " + queue.isEmpty();
              },
              queue::take);
        }
        case LOCK -> {
          var lock = new ReentrantLock();
          lock.lock();
          yield new Wait(
              () -> {
                lock.lockInterruptibly();
                return lock.getHoldCount();
              },
              () -> {
                lock.unlock();
                return lock;
              });
        }
        case LATCH -> {
          var latch = new CountDownLatch(1);
          yield new Wait(
              () -> {
                latch.await();
                return latch.getCount();
              },
              () -> {
                latch.countDown();
                return latch;
              });
        }
        case SEMAPHORE -> {
          var semaphore = new Semaphore(0);
          yield new Wait(
              () -> {
                semaphore.acquire();
                return semaphore.availablePermits();
              },
              () -> {
                semaphore.release();
                return semaphore;
              });
        }
        case MONITOR -> {
          var open = new AtomicBoolean();
          yield new Wait(
              () -> {
                synchronized (open) {
                  while (!open.get()) {
                    open.wait();
                  }
                }
                return open.get();
              },
              () -> {
                synchronized (open) {
                  open.set(true);
                  open.notifyAll();
                }
                return open;
              });
        }
        case JOIN -> {
          var end = new CountDownLatch(1);
          Thread joined = Thread.startVirtualThread(() -> awaitQuietly(end));
          yield new Wait(
              () -> {
                joined.join();
                return joined.isAlive();
              },
              () -> {
                end.countDown();
                return end;
              });
        }
        case FUTURE -> {
          var future = new CompletableFuture<Object>();
          yield new Wait(future::get, () -> future.complete("got"));
        }
      };
    }

    /** What the call gives if it is the first and only one that was let. */
    Object result() {
      return switch (this) {
        case TAKE, FUTURE -> "got";
        case PUT -> "mine alone: true";
        case LOCK -> 1;
        case LATCH -> 0L;
        case SEMAPHORE -> 0;
        case MONITOR -> true;
        case JOIN -> false;
      };
    }
  }

  static Stream<Arguments> listening() {
    return Stream.of(Listening.values())
        .flatMap(each -> Stream.of(Arguments.of(each, false), Arguments.of(each, true)));
  }

  /** Each of them ends with the token, and leaves what it waited for to the next. */
  @ParameterizedTest
  @MethodSource("listening")
  void promise20_what_listens_to_an_interrupt_ends_and_has_taken_nothing(
      Listening operation, boolean virtual) throws Exception {
    Wait wait = operation.begin();
    var source = CancellationSource.create("reader");
    var interrupted = new CompletableFuture<Boolean>();
    FutureTask<Object> first =
        startWaiting(
            virtual,
            () -> {
              try {
                return Blocking.interruptibly(source.token(), wait.call::call);
              } finally {
                interrupted.complete(Thread.currentThread().isInterrupted());
              }
            });
    source.cancel("enough");
    var thrown = assertThrows(ExecutionException.class, () -> get(first));
    var cancelled = assertInstanceOf(CancelledException.class, thrown.getCause());
    assertEquals("enough", cancelled.reason().message());
    assertFalse(interrupted.get(), "no interrupt is left behind");
    FutureTask<Object> second =
        startWaiting(
            virtual, () -> Blocking.interruptibly(CancellationToken.none(), wait.call::call));
    wait.let.call();
    assertEquals(operation.result(), get(second));
  }

  /** A thread has one flag: whoever sets it as well cannot be told from us. */
  @Test
  void a_foreign_interrupt_that_comes_while_ours_is_pending_merges_with_it() {
    var source = CancellationSource.create();
    Thread guarded = Thread.currentThread();
    assertThrows(
        CancelledException.class,
        () ->
            Blocking.interruptibly(
                source.token(),
                () -> {
                  source.cancel();
                  awaitInterrupt();
                  Thread foreign = Thread.ofPlatform().start(guarded::interrupt);
                  while (foreign.isAlive()) {
                    Thread.onSpinWait(); // join would take the interrupt
                  }
                  return new ArrayBlockingQueue<String>(1).take();
                }));
    assertFalse(Thread.currentThread().isInterrupted(), "the second one is gone");
  }

  // ---- what does not listen ----

  /** Calls that do not listen. */
  enum Deaf {
    MONITOR,
    LOCK,
    CLASS
  }

  /** Is initialized by whoever comes first, and that takes until it is let. */
  private static final class Slow {
    static final CountDownLatch BEGUN = Gate.BEGUN;
    static final Thread BY;

    static {
      BEGUN.countDown();
      awaitQuietly(Gate.LET);
      BY = Thread.currentThread();
    }
  }

  private static final class Gate {
    static final CountDownLatch BEGUN = new CountDownLatch(1);
    static final CountDownLatch LET = new CountDownLatch(1);
  }

  /** Whoever holds what the call waits for, and lets go of it. */
  private static Wait holding(Deaf operation) throws InterruptedException {
    var held = new CountDownLatch(1);
    var let = new CountDownLatch(1);
    return switch (operation) {
      case MONITOR -> {
        var monitor = new Object();
        Thread.ofPlatform()
            .start(
                () -> {
                  synchronized (monitor) {
                    held.countDown();
                    awaitQuietly(let);
                  }
                });
        held.await();
        yield new Wait(
            () -> {
              synchronized (monitor) {
                return let.getCount();
              }
            },
            release(let));
      }
      case LOCK -> {
        var lock = new ReentrantLock();
        Thread.ofPlatform()
            .start(
                () -> {
                  lock.lock();
                  try {
                    held.countDown();
                    awaitQuietly(let);
                  } finally {
                    lock.unlock();
                  }
                });
        held.await();
        yield new Wait(
            () -> {
              lock.lock();
              try {
                return let.getCount();
              } finally {
                lock.unlock();
              }
            },
            release(let));
      }
      case CLASS -> {
        Thread.ofPlatform().start(() -> Objects.requireNonNull(Slow.BY));
        Gate.BEGUN.await();
        yield new Wait(
            () -> {
              Objects.requireNonNull(Slow.BY);
              return Gate.LET.getCount();
            },
            release(Gate.LET));
      }
    };
  }

  private static Callable<?> release(CountDownLatch latch) {
    return () -> {
      latch.countDown();
      return latch;
    };
  }

  /** The interrupt arrives, and ends none of them: each goes on when it gets what it waits for. */
  @ParameterizedTest
  @EnumSource
  void what_does_not_listen_to_an_interrupt_cannot_be_ended(Deaf operation) throws Exception {
    Wait wait = holding(operation);
    var source = CancellationSource.create();
    var interrupted = new CountDownLatch(1);
    var inside = new CountDownLatch(1);
    var task =
        new FutureTask<>(
            () -> {
              Object got =
                  Blocking.interruptibly(
                      source.token(),
                      () -> {
                        inside.countDown();
                        return wait.call.call();
                      });
              assertFalse(Thread.currentThread().isInterrupted());
              return got;
            });
    var thread =
        new Thread(task) {
          @Override
          public void interrupt() {
            super.interrupt();
            interrupted.countDown();
          }
        };
    thread.start();
    inside.await();
    source.cancel();
    interrupted.await();
    assertFalse(task.isDone());
    wait.let.call();
    assertEquals(0L, get(task), "it has waited until it was let");
  }

  // ---- what an interrupt harms ----

  /** The write of an interrupted thread closes the channel for all; a mask keeps it open. */
  @Test
  void a_file_channel_that_others_share_is_kept_from_our_interrupt(@TempDir Path folder)
      throws Exception {
    try (var channel =
        FileChannel.open(
            folder.resolve("log"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      var first = CancellationSource.create();
      assertThrows(
          CancelledException.class,
          () ->
              Blocking.interruptibly(
                  first.token(),
                  () -> {
                    first.cancel();
                    awaitInterrupt();
                    Blocking.uninterruptibly(() -> channel.write(ByteBuffer.allocate(7)));
                    return new ArrayBlockingQueue<String>(1).take();
                  }));
      assertTrue(channel.isOpen());
      assertEquals(7, channel.size());

      var second = CancellationSource.create();
      var thrown =
          assertThrows(
              CancelledException.class,
              () ->
                  Blocking.interruptibly(
                      second.token(),
                      () -> {
                        second.cancel();
                        awaitInterrupt();
                        return channel.write(ByteBuffer.allocate(7));
                      }));
      assertInstanceOf(ClosedByInterruptException.class, thrown.getCause());
      assertFalse(channel.isOpen());
    }
  }

  // ---- helpers ----

  /** Comes back when the call waits. */
  private static <T> FutureTask<T> startWaiting(boolean virtual, Callable<T> body) {
    var task = new FutureTask<T>(body);
    Thread thread =
        virtual ? Thread.startVirtualThread(task) : Thread.ofPlatform().daemon().start(task);
    await().until(() -> thread.getState() == Thread.State.WAITING);
    return task;
  }

  private static <T> T get(FutureTask<T> task) throws Exception {
    return task.get(20, TimeUnit.SECONDS);
  }

  private static void awaitInterrupt() {
    while (!Thread.currentThread().isInterrupted()) {
      Thread.onSpinWait();
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
