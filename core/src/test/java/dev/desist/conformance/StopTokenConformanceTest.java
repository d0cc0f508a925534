package dev.desist.conformance;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Deadline;
import dev.desist.concurrent.Blocking;
import dev.desist.stream.UntilCancelled;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Work that goes from item to item, as the tests of stop-token see it; the items come from a queue.
 */
@ExtendWith(Hygiene.class)
class StopTokenConformanceTest {
  /** Takes items from a queue until its token ends that, and stands still in the middle of 3. */
  private static final class Consumer {
    final BlockingQueue<Integer> queue = new LinkedBlockingQueue<>(List.of(1, 2, 3));
    final List<Integer> begun = Collections.synchronizedList(new ArrayList<>());
    final List<Integer> processed = Collections.synchronizedList(new ArrayList<>());
    final CountDownLatch entered = new CountDownLatch(1);
    final CountDownLatch leave = new CountDownLatch(1);
    private final Workers.Worker worker;

    Consumer(CancellationToken token) {
      worker = Workers.start(() -> consume(token));
    }

    private void consume(CancellationToken token) throws Exception {
      try {
        while (true) {
          int item = Blocking.interruptibly(token, queue::take);
          begun.add(item);
          if (item == 3) {
            entered.countDown();
            Workers.pass(leave);
          }
          processed.add(item);
        }
      } catch (CancelledException e) {
        assertSame(token.reason().orElseThrow(), e.reason());
      }
    }

    /** Ends while the consumer is in the middle of 3: that is processed, and 4 and 5 stay. */
    void assertEndsBetweenItems(Runnable end) throws Exception {
      Workers.pass(entered);
      end.run();
      queue.addAll(List.of(4, 5));
      leave.countDown();
      worker.finish();
      assertEquals(List.of(1, 2, 3), processed);
      assertEquals(processed, begun);
      assertEquals(List.of(4, 5), List.copyOf(queue));
    }

    /** Ends while the consumer waits for 4, which comes too late. */
    void assertEndsWhileWaiting(Runnable end) throws Exception {
      leave.countDown();
      await().atMost(Workers.PATIENCE).until(() -> processed.size() == 3);
      worker.awaitBlocked();
      end.run();
      worker.finish();
      queue.add(4);
      assertEquals(List.of(1, 2, 3), processed);
      assertEquals(List.of(4), List.copyOf(queue));
    }
  }

  @Test
  @Conforms({"STK-01", "STK-05"})
  void closing_the_source_ends_it_between_two_items_and_loses_none() throws Exception {
    var during = CancellationSource.create();
    new Consumer(during.token()).assertEndsBetweenItems(during::close);
    var waiting = CancellationSource.create();
    new Consumer(waiting.token()).assertEndsWhileWaiting(waiting::close);
    assertInstanceOf(CancellationReason.Closed.class, waiting.token().reason().orElseThrow());
  }

  @Test
  @Conforms("STK-02")
  void an_instant_ends_it_as_a_source_does() throws Exception {
    var time = new ManualTime();
    var parent = time.call(CancellationSource::create);
    Callable<CancellationToken> limited =
        () -> parent.token().childWithDeadline(Deadline.at(time.instant().plusSeconds(10))).token();
    Runnable pass = () -> time.advance(Duration.ofSeconds(10));
    new Consumer(time.call(limited::call)).assertEndsBetweenItems(pass);
    var token = time.call(limited::call);
    new Consumer(token).assertEndsWhileWaiting(pass);
    assertInstanceOf(CancellationReason.DeadlineExceeded.class, token.reason().orElseThrow());
    assertFalse(parent.isCancelled());
  }

  @Test
  @Conforms("STK-03")
  void a_deadline_that_has_passed_comes_before_an_item_that_is_ready() throws Exception {
    var time = new ManualTime();
    var limited = time.call(() -> CancellationToken.none().childWithTimeout(Duration.ofSeconds(1)));
    var queue = new LinkedBlockingQueue<>(List.of(1, 2));
    assertEquals(1, Blocking.interruptibly(limited.token(), queue::take));
    time.advance(Duration.ofSeconds(1));
    assertThrows(
        CancelledException.class, () -> Blocking.interruptibly(limited.token(), queue::take));
    assertEquals(List.of(2), List.copyOf(queue));
  }

  @Test
  @Conforms({"STK-01", "STK-05"})
  void an_iterator_ends_between_two_items_and_the_rest_can_be_taken_back() {
    var source = CancellationSource.create();
    var all = List.of(1, 2, 3, 4, 5).iterator();
    var delivered = new ArrayList<Integer>();
    Iterator<Integer> items = UntilCancelled.thenEnd(source.token()).iterator(all);
    while (items.hasNext()) {
      int item = items.next();
      if (item == 3) {
        source.close();
      }
      delivered.add(item);
    }
    assertEquals(List.of(1, 2, 3), delivered);
    assertEquals(4, all.next());
  }

  @Test
  @Conforms({"STK-02", "STK-03"})
  void a_stream_ends_at_an_instant_though_items_are_ready() throws Exception {
    var time = new ManualTime();
    var limited =
        time.call(
            () ->
                CancellationToken.none()
                    .childWithDeadline(Deadline.at(time.instant().plusSeconds(2))));
    var delivered = new ArrayList<Integer>();
    UntilCancelled.thenEnd(limited.token()).stream(Stream.of(1, 2, 3, 4))
        .forEach(
            item -> {
              time.advance(Duration.ofSeconds(1));
              delivered.add(item);
            });
    assertEquals(List.of(1, 2), delivered);
  }
}
