package dev.desist.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.testkit.Hygiene;
import java.io.IOException;
import java.io.StringReader;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * That each form of a guarded call takes each kind of lambda and method reference, and asks its
 * caller to catch what that throws, and nothing else: mostly a matter for the compiler.
 */
@ExtendWith(Hygiene.class)
@Timeout(20)
class BlockingFormsTest {
  private static final Duration DAY = Duration.ofDays(1);

  private final CancellationToken token = CancellationSource.create().token();
  private final BlockingQueue<String> queue = new ArrayBlockingQueue<>(1, false, List.of("a"));
  private final AtomicInteger count = new AtomicInteger();
  private final ReentrantLock lock = new ReentrantLock();
  private final CountDownLatch open = new CountDownLatch(0);
  private final CompletableFuture<String> future = CompletableFuture.completedFuture("f");

  private static String read(boolean fails) throws IOException {
    if (fails) {
      throw new IOException("broken");
    }
    return "read";
  }

  private static void write(boolean fails) throws IOException {
    read(fails);
  }

  // What declares nothing has nothing to catch.

  @Test
  void lambdas_that_throw_nothing() {
    assertEquals("v", Blocking.interruptibly(token, () -> "v"));
    Blocking.interruptibly(token, () -> count.set(1));
    Blocking.interruptibly(token, () -> {});
    assertEquals(Optional.of("v"), Blocking.interruptibly(token, DAY, () -> "v"));
    assertTrue(Blocking.interruptibly(token, DAY, () -> count.set(2)));
    assertEquals("v", Blocking.closing(token, () -> {}, () -> "v"));
    Blocking.closing(token, () -> {}, () -> count.set(3));
    assertEquals("v", Blocking.closing(token, () -> {}, () -> "v", String::isEmpty));
    assertEquals("v", Blocking.uninterruptibly(() -> "v"));
    Blocking.uninterruptibly(() -> count.set(4));
    assertEquals(4, count.get());
  }

  @Test
  void method_references_that_throw_nothing() {
    assertEquals(1, Blocking.interruptibly(token, count::incrementAndGet));
    Blocking.interruptibly(token, lock::lock);
    assertEquals(Optional.of(2), Blocking.interruptibly(token, DAY, count::incrementAndGet));
    assertTrue(Blocking.interruptibly(token, DAY, lock::unlock));
    assertEquals(3, Blocking.closing(token, () -> {}, count::incrementAndGet));
    Blocking.closing(token, () -> {}, open::countDown);
    assertEquals(4, Blocking.closing(token, () -> {}, count::incrementAndGet, _ -> true));
    assertEquals(5, Blocking.uninterruptibly(count::incrementAndGet));
    Blocking.uninterruptibly(open::countDown);
    assertFalse(lock.isLocked());
  }

  // What declares one class has that one to catch.

  @Test
  void what_throws_one_class() throws IOException {
    assertEquals("read", Blocking.interruptibly(token, () -> read(false)));
    Blocking.interruptibly(token, () -> write(false));
    assertEquals(Optional.of("read"), Blocking.interruptibly(token, DAY, () -> read(false)));
    assertTrue(Blocking.interruptibly(token, DAY, () -> write(false)));
    assertEquals("read", Blocking.closing(token, () -> {}, () -> read(false)));
    Blocking.closing(token, () -> {}, () -> write(false));
    assertEquals("read", Blocking.closing(token, () -> {}, () -> read(false), _ -> true));
    assertEquals("read", Blocking.uninterruptibly(() -> read(false)));
    Blocking.uninterruptibly(() -> write(false));
    var reader = new StringReader("r");
    assertEquals('r', Blocking.closing(token, reader, () -> reader.read()));
  }

  @Test
  void waiting_throws_nothing_but_an_interrupt() throws InterruptedException {
    assertEquals("a", Blocking.interruptibly(token, queue::take));
    Blocking.interruptibly(token, lock::lockInterruptibly);
    Blocking.interruptibly(token, () -> open.await());
    queue.add("b");
    assertEquals(Optional.of("b"), Blocking.interruptibly(token, DAY, queue::take));
    assertTrue(Blocking.interruptibly(token, DAY, lock::lockInterruptibly));
    assertTrue(Blocking.interruptibly(token, DAY, () -> open.await()));
    queue.add("c");
    assertEquals("c", Blocking.uninterruptibly(queue::take));
  }

  // What declares two classes throws what is above both, whatever else is made of it.

  @Test
  void what_throws_two_classes() throws Exception {
    assertEquals("f", Blocking.interruptibly(token, future::get));
    assertEquals(Optional.of("f"), Blocking.interruptibly(token, DAY, future::get));
    var barrier = new CyclicBarrier(1);
    Blocking.interruptibly(token, () -> barrier.await());
    Blocking.<Exception>interruptibly(token, () -> awaitBoth(barrier));
    assertEquals("f", Blocking.closing(token, () -> {}, future::get));
    assertEquals("f", Blocking.uninterruptibly(future::get));
    Callable<String> callable = () -> "called";
    assertEquals("called", Blocking.interruptibly(token, callable::call));
  }

  private static void awaitBoth(CyclicBarrier barrier)
      throws InterruptedException, BrokenBarrierException {
    int _ = barrier.await();
  }

  @Test
  void what_a_body_throws_comes_as_it_is() {
    assertThrows(IOException.class, () -> Blocking.interruptibly(token, () -> read(true)));
    assertThrows(IOException.class, () -> Blocking.interruptibly(token, () -> write(true)));
    assertThrows(IOException.class, () -> Blocking.interruptibly(token, DAY, () -> read(true)));
    assertThrows(IOException.class, () -> Blocking.interruptibly(token, DAY, () -> write(true)));
    assertThrows(IOException.class, () -> Blocking.closing(token, () -> {}, () -> read(true)));
    assertThrows(IOException.class, () -> Blocking.closing(token, () -> {}, () -> write(true)));
    assertThrows(IOException.class, () -> Blocking.uninterruptibly(() -> read(true)));
    assertThrows(IOException.class, () -> Blocking.uninterruptibly(() -> write(true)));
    assertThrows(
        ExecutionException.class,
        () ->
            Blocking.interruptibly(
                token, CompletableFuture.failedFuture(new IOException("failed"))::get));
  }
}
