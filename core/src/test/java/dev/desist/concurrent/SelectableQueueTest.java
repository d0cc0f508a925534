package dev.desist.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationToken;
import dev.desist.Deadline;
import dev.desist.testkit.Hygiene;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;

/** A blocking queue like any other, which also tells when an element arrives. */
@ExtendWith(Hygiene.class)
@Timeout(20)
class SelectableQueueTest {
  private final SelectableQueue<String> queue = SelectableQueue.unbounded();

  /** A way to put an element. */
  private interface Put {
    void put(SelectableQueue<String> queue, String element) throws Exception;
  }

  @TestFactory
  Stream<DynamicTest> every_way_to_put_an_element_is_told() {
    return Stream.<Put>of(
            SelectableQueue::put,
            SelectableQueue::offer,
            SelectableQueue::add,
            (queue, element) -> queue.offer(element, 1, TimeUnit.DAYS),
            (queue, element) -> queue.addAll(List.of(element)))
        .map(
            way ->
                DynamicTest.dynamicTest(
                    "told",
                    () -> {
                      SelectableQueue<String> told = SelectableQueue.bounded(1);
                      CancellationToken arrival = told.arrival();
                      assertFalse(arrival.isCancelled());
                      way.put(told, "a");
                      assertTrue(arrival.isCancelled());
                      assertEquals("a", told.poll());
                    }));
  }

  @Test
  void what_was_not_put_is_not_told() throws Exception {
    SelectableQueue<String> full = SelectableQueue.bounded(1);
    full.put("a");
    CancellationToken arrival = full.arrival();
    assertFalse(full.offer("b"));
    assertFalse(full.offer("b", 1, TimeUnit.NANOSECONDS));
    assertThrows(IllegalStateException.class, () -> full.add("b"));
    assertFalse(arrival.isCancelled());
  }

  @Test
  void those_who_wait_at_the_same_time_share_one_token() {
    CancellationToken first = queue.arrival();
    assertSame(first, queue.arrival());
    queue.add("a");
    assertFalse(queue.arrival().isCancelled());
  }

  @Test
  void elements_leave_in_the_order_they_came() throws Exception {
    queue.addAll(List.of("a", "b", "c", "d", "e"));
    assertEquals("a", queue.peek());
    assertEquals("a", queue.take());
    assertEquals("b", queue.poll());
    assertEquals("c", queue.poll(1, TimeUnit.DAYS));
    assertEquals("d", queue.remove());
    assertEquals("e", queue.element());
    assertTrue(queue.remove("e"));
    assertNull(queue.poll());
    assertNull(queue.peek());
    assertNull(queue.poll(1, TimeUnit.NANOSECONDS));
  }

  @Test
  void it_can_be_looked_at_drained_and_cleared() {
    queue.addAll(List.of("a", "b", "c", "d"));
    assertEquals(4, queue.size());
    assertTrue(queue.contains("b"));
    assertEquals(List.of("a", "b", "c", "d"), List.copyOf(queue));
    assertEquals(List.of("a", "b", "c", "d"), queue.stream().toList());
    assertEquals("[a, b, c, d]", queue.toString());
    var drained = new ArrayList<String>();
    assertEquals(2, queue.drainTo(drained, 2));
    assertEquals(List.of("a", "b"), drained);
    assertEquals(2, queue.drainTo(drained));
    queue.add("e");
    queue.clear();
    assertTrue(queue.isEmpty());
    assertEquals(Integer.MAX_VALUE, queue.remainingCapacity());
  }

  @Test
  void a_full_queue_lets_who_puts_wait_until_somebody_selects() throws Exception {
    SelectableQueue<String> full = SelectableQueue.bounded(1);
    full.put("a");
    assertEquals(0, full.remainingCapacity());
    var putting =
        Parked.in(
            () -> {
              full.put("b");
              return true;
            });
    assertEquals(
        "a", Select.biased(Clause.taken(full, element -> element)).await(CancellationToken.none()));
    assertTrue(putting.get());
    assertEquals("b", full.take());
  }

  @Test
  void who_takes_and_who_selects_may_share_it() throws Exception {
    var taking = Parked.in(queue::take);
    var selecting =
        Parked.in(
            () ->
                Select.biased(
                        Clause.taken(queue, element -> element),
                        Clause.passed(Deadline.after(Duration.ofDays(1)), () -> "late"))
                    .await(CancellationToken.none()));
    queue.add("x");
    queue.add("x");
    assertEquals("x", taking.get());
    assertEquals("x", selecting.get());
    assertTrue(queue.isEmpty());
  }

  @Test
  @SuppressWarnings({"NullAway", "DataFlowIssue"}) // passing null is the point
  void misuse_names_the_parameter() {
    refuses("element", () -> queue.put(null));
    refuses("element", () -> queue.offer(null));
    refuses("element", () -> queue.add(null));
    refuses("element", () -> queue.offer(null, 1, TimeUnit.SECONDS));
    refuses("unit", () -> queue.offer("a", 1, null));
    refuses("unit", () -> queue.poll(1, null));
    refuses("target", () -> queue.drainTo(null));
    assertThrows(IllegalArgumentException.class, () -> queue.drainTo(queue));
    assertEquals(
        "capacity must be positive: 0",
        assertThrows(IllegalArgumentException.class, () -> SelectableQueue.bounded(0))
            .getMessage());
    assertTrue(queue.isEmpty());
  }

  private static void refuses(String parameter, Executable call) {
    assertEquals(parameter, assertThrows(NullPointerException.class, call).getMessage());
  }
}
