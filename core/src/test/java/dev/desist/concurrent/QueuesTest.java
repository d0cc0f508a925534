package dev.desist.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
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
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.DelayQueue;
import java.util.concurrent.Delayed;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.PriorityBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Waiting for queues, one law at a time, with every blocking queue of the JDK and ours. */
@ExtendWith(Hygiene.class)
@Timeout(20)
class QueuesTest {
  private static final Duration SOON = Duration.ofSeconds(3);
  private static final CancellationToken CANCELLED =
      CancellationToken.cancelled(CancellationReason.requested("before"));

  private final CancellationSource source = CancellationSource.create();

  private final ManualTime time = new ManualTime();
  private final CancellationSource manual = made(time);

  /** Queues that are empty. */
  static Stream<BlockingQueue<Integer>> empty() {
    return Stream.of(
        new ArrayBlockingQueue<>(2),
        new ArrayBlockingQueue<>(2, true),
        new LinkedBlockingQueue<>(),
        new LinkedBlockingDeque<>(),
        new LinkedTransferQueue<>(),
        new PriorityBlockingQueue<>(),
        new SynchronousQueue<>(),
        new SynchronousQueue<>(true),
        SelectableQueue.unbounded());
  }

  /** Queues that take nothing more: they hold 1, or nothing. */
  static Stream<BlockingQueue<Integer>> full() {
    Stream<Supplier<BlockingQueue<Integer>>> queues =
        Stream.of(
            () -> new ArrayBlockingQueue<>(1),
            () -> new ArrayBlockingQueue<>(1, true),
            () -> new LinkedBlockingQueue<>(1),
            () -> new LinkedBlockingDeque<>(1),
            SynchronousQueue::new,
            () -> SelectableQueue.bounded(1));
    return queues
        .map(Supplier::get)
        .peek(queue -> assertTrue(queue.offer(1) || queue.remainingCapacity() == 0));
  }

  @ParameterizedTest
  @MethodSource("empty")
  void promise20_a_cancelled_take_takes_nothing(BlockingQueue<Integer> queue) throws Exception {
    Parked<Integer> take = Parked.in(() -> Queues.take(source.token(), queue));
    source.cancel("enough");
    var thrown = assertThrows(CancelledException.class, take::get);
    assertEquals("enough", thrown.reason().message());
    Parked<Integer> next = Parked.in(() -> Queues.take(CancellationToken.none(), queue));
    queue.put(7);
    assertEquals(7, next.get(), "the next one gets what comes");
  }

  @ParameterizedTest
  @MethodSource("empty")
  void a_take_that_waits_gets_what_comes(BlockingQueue<Integer> queue) throws Exception {
    Parked<Integer> take = Parked.in(() -> Queues.take(source.token(), queue));
    queue.put(7);
    assertEquals(7, take.get());
    assertTrue(queue.isEmpty());
  }

  @ParameterizedTest
  @MethodSource("full")
  void promise20_a_cancelled_put_puts_nothing(BlockingQueue<Integer> queue) throws Exception {
    Parked<Boolean> put =
        Parked.in(
            () -> {
              Queues.put(source.token(), queue, 2);
              return true;
            });
    source.cancel("enough");
    assertThrows(CancelledException.class, put::get);
    queue.poll();
    assertNull(queue.poll(), "nothing was put");
  }

  @ParameterizedTest
  @MethodSource("full")
  void a_put_that_waits_puts_when_there_is_room(BlockingQueue<Integer> queue) throws Exception {
    boolean holdsOne = !queue.isEmpty();
    Parked<Boolean> put =
        Parked.in(
            () -> {
              Queues.put(source.token(), queue, 2);
              return true;
            });
    if (holdsOne) {
      assertEquals(1, queue.take());
    }
    assertEquals(2, queue.take());
    assertTrue(put.get());
  }

  @Test
  void on_a_cancelled_token_nothing_is_taken_or_put_even_if_it_could_be() {
    BlockingQueue<Integer> queue = new ArrayBlockingQueue<>(3, false, List.of(1));
    assertThrows(CancelledException.class, () -> Queues.take(CANCELLED, queue));
    assertThrows(CancelledException.class, () -> Queues.poll(CANCELLED, queue, SOON));
    assertThrows(CancelledException.class, () -> Queues.drain(CANCELLED, queue, 2));
    assertThrows(CancelledException.class, () -> Queues.put(CANCELLED, queue, 2));
    assertThrows(CancelledException.class, () -> Queues.offer(CANCELLED, queue, 2, SOON));
    assertEquals(List.of(1), List.copyOf(queue));
  }

  @Test
  void a_timeout_is_no_cancellation() throws Exception {
    BlockingQueue<Integer> queue = new ArrayBlockingQueue<>(1);
    Parked<Integer> poll = Parked.in(() -> Queues.poll(manual.token(), queue, SOON));
    time.advance(SOON);
    assertNull(poll.get());
    queue.add(1);
    Parked<Boolean> offer = Parked.in(() -> Queues.offer(manual.token(), queue, 2, SOON));
    time.advance(SOON);
    assertFalse(offer.get());
    assertEquals(List.of(1), List.copyOf(queue));
  }

  @Test
  void a_cancellation_during_a_timed_wait_is_one() throws Exception {
    BlockingQueue<Integer> queue = new ArrayBlockingQueue<>(1);
    Parked<Integer> poll = Parked.in(() -> Queues.poll(manual.token(), queue, SOON));
    manual.cancel("enough");
    var thrown = assertThrows(CancelledException.class, poll::get);
    assertEquals("enough", thrown.reason().message());
  }

  @Test
  void in_time_is_in_time() throws Exception {
    BlockingQueue<Integer> queue = new ArrayBlockingQueue<>(1);
    Parked<Integer> poll = Parked.in(() -> Queues.poll(manual.token(), queue, SOON));
    time.advance(SOON.minusNanos(1));
    queue.put(1);
    assertEquals(1, poll.get());
    queue.put(1);
    Parked<Boolean> offer = Parked.in(() -> Queues.offer(manual.token(), queue, 2, SOON));
    queue.take();
    assertTrue(offer.get());
  }

  @Test
  void a_timeout_of_zero_does_not_wait() throws Exception {
    BlockingQueue<Integer> queue = new ArrayBlockingQueue<>(1);
    assertNull(Queues.poll(source.token(), queue, Duration.ZERO));
    assertTrue(Queues.offer(source.token(), queue, 1, Duration.ZERO));
    assertFalse(Queues.offer(source.token(), queue, 2, Duration.ZERO));
    assertEquals(1, Queues.poll(source.token(), queue, Duration.ZERO));
  }

  @Test
  void a_drain_waits_for_the_first_and_takes_no_more_than_its_limit() throws Exception {
    BlockingQueue<Integer> queue = new ArrayBlockingQueue<>(5);
    Parked<List<Integer>> drain = Parked.in(() -> Queues.drain(source.token(), queue, 3));
    queue.put(1);
    assertEquals(List.of(1), drain.get());
    queue.addAll(List.of(2, 3, 4, 5));
    assertEquals(List.of(2, 3, 4), Queues.drain(source.token(), queue, 3));
    assertEquals(List.of(5), Queues.drain(source.token(), queue, 3));
  }

  @Test
  void promise18_an_interrupt_of_others_stays_one_also_if_there_is_an_element() {
    BlockingQueue<Integer> queue = new ArrayBlockingQueue<>(2, false, List.of(1));
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> Queues.take(source.token(), queue));
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> Queues.put(source.token(), queue, 2));
    assertEquals(List.of(1), List.copyOf(queue));
    assertFalse(Thread.currentThread().isInterrupted());
  }

  /** An element that is there, but not yet due, is waited for as the queue does. */
  @Test
  void a_delayed_element_is_taken_when_it_is_due() throws Exception {
    record Due(long nanoTime) implements Delayed {
      @Override
      public long getDelay(TimeUnit unit) {
        return unit.convert(nanoTime - System.nanoTime(), TimeUnit.NANOSECONDS);
      }

      @Override
      public int compareTo(Delayed other) {
        return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
      }
    }

    var queue = new DelayQueue<Due>();
    var due = new Due(System.nanoTime() + 20_000_000);
    queue.add(due);
    assertSame(due, Queues.take(source.token(), queue));
    assertTrue(System.nanoTime() - due.nanoTime >= 0);
  }

  @Test
  void wrong_arguments_are_named_at_once() {
    BlockingQueue<Integer> queue = new ArrayBlockingQueue<>(1);
    var negative = Duration.ofMillis(-1);
    assertMessage(
        "timeout must not be negative: PT-0.001S",
        () -> Queues.poll(source.token(), queue, negative));
    assertMessage(
        "timeout must not be negative: PT-0.001S",
        () -> Queues.offer(source.token(), queue, 1, negative));
    assertMessage("limit must be positive: 0", () -> Queues.drain(source.token(), queue, 0));
    assertNull(queue.peek());
  }

  @Test
  @SuppressWarnings("NullAway") // on purpose
  void null_is_named() {
    BlockingQueue<Integer> queue = new ArrayBlockingQueue<>(1);
    CancellationToken token = CancellationToken.none();
    assertNamed("token", () -> Queues.take(null, queue));
    assertNamed("queue", () -> Queues.take(token, null));
    assertNamed("timeout", () -> Queues.poll(token, queue, null));
    assertNamed("element", () -> Queues.put(token, queue, null));
    assertNamed("queue", () -> Queues.offer(token, null, 1, SOON));
  }

  /** A source to which time belongs. */
  private static CancellationSource made(ManualTime time) {
    try {
      return time.call(() -> CancellationSource.create());
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private interface Body {
    void run() throws Exception;
  }

  private static void assertMessage(String message, Body body) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, body::run).getMessage());
  }

  private static void assertNamed(String parameter, Body body) {
    assertEquals(parameter, assertThrows(NullPointerException.class, body::run).getMessage());
  }
}
