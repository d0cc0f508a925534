package dev.desist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.testkit.Hygiene;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Children, linked sources, and trees of any size and shape. */
@ExtendWith(Hygiene.class)
@Timeout(60)
class TreeTest {
  private static final int MILLION = 1_000_000;

  private final CancellationSource root = CancellationSource.create("root");

  @Test
  void promise12_a_child_of_a_cancelled_parent_is_born_cancelled() {
    root.cancel("early");
    CancellationSource child = root.token().child("late");
    assertTrue(child.isCancelled());
    assertSame(root.token().reason().orElseThrow(), child.token().reason().orElseThrow());
    assertEquals(List.of("root", "late"), child.token().path());
  }

  @Test
  void promise12_cancelling_a_child_leaves_parent_and_siblings_alone() {
    CancellationSource child = root.token().child();
    CancellationSource sibling = root.token().child();
    CancellationSource grandchild = child.token().child();
    child.cancel();
    assertFalse(root.isCancelled());
    assertFalse(sibling.isCancelled());
    assertTrue(grandchild.isCancelled());
  }

  @Test
  void promise12_a_linked_source_is_cancelled_by_the_first_of_its_parents() {
    for (int first = 0; first < 3; first++) {
      var parents = new ArrayList<CancellationSource>();
      for (int i = 0; i < 3; i++) {
        parents.add(CancellationSource.create("parent-" + i));
      }
      var linked =
          CancellationSource.linkedTo(
              parents.get(0).token(), parents.get(1).token(), parents.get(2).token());
      var child = linked.token().child("child");
      var runs = new AtomicInteger();
      child.token().onCancel(runs::incrementAndGet);
      assertFalse(linked.isCancelled());
      parents.get(first).cancel("number " + first);
      parents.get((first + 1) % 3).cancel("too late");
      assertEquals("number " + first, child.token().reason().orElseThrow().message());
      assertEquals(List.of("parent-" + first, "unnamed", "child"), child.token().path());
      assertEquals(1, runs.get());
      assertFalse(parents.get((first + 2) % 3).isCancelled());
    }
  }

  @Test
  void linked_to_none_one_or_twice_the_same() {
    CancellationToken token = root.token();
    assertFalse(CancellationSource.linkedTo().isCancelled());
    assertFalse(CancellationSource.linkedTo(CancellationToken.none()).isCancelled());
    var one = CancellationSource.linkedTo(token, CancellationToken.none());
    var twice = CancellationSource.linkedTo(token, token);
    root.cancel();
    assertEquals(List.of("root", "unnamed"), one.token().path());
    assertEquals(List.of("root", "unnamed"), twice.token().path());
  }

  @Test
  void linked_to_a_cancelled_parent_takes_the_reason_of_the_first_in_order() {
    var other = CancellationSource.create("other");
    other.cancel("other");
    root.cancel("root");
    var linked =
        CancellationSource.linkedTo(
            CancellationSource.create().token(), other.token(), root.token());
    assertEquals("other", linked.token().reason().orElseThrow().message());
  }

  @Test
  void promise3_flags_reach_through_links_before_any_callback() {
    var other = CancellationSource.create("other");
    var linked = CancellationSource.linkedTo(other.token(), root.token());
    var below = linked.token().child();
    var seen = new ArrayList<Boolean>();
    root.token().onCancel(() -> seen.add(below.isCancelled()));
    root.token().child().token().onCancel(() -> seen.add(below.isCancelled()));
    root.cancel();
    assertEquals(List.of(true, true), seen);
  }

  @Test
  void one_reason_given_to_two_sources_is_still_two_cancellations() {
    var reason = CancellationReason.shutdown("the service goes down");
    CancellationSource child = root.token().child("child");
    CancellationSource grandchild = child.token().child("grandchild");
    child.cancel(reason);
    root.cancel(reason);
    assertEquals(List.of("child", "grandchild"), grandchild.token().path());
  }

  @Test
  void promise13_a_chain_of_a_million() {
    CancellationSource last = root;
    var runs = new AtomicInteger();
    for (int i = 0; i < MILLION; i++) {
      last = last.token().child();
    }
    last.token().onCancel(runs::incrementAndGet);
    root.cancel("deep");
    assertTrue(last.isCancelled());
    assertEquals(1, runs.get());
    assertEquals(MILLION + 1, last.token().path().size());
    assertTrue(
        String.valueOf(new CancelledException(last.token()).getMessage()).length() < 500,
        "a message must stay readable");
  }

  @Test
  void promise13_a_fan_of_a_million() {
    var children = new ArrayList<CancellationSource>(MILLION);
    var runs = new AtomicInteger();
    for (int i = 0; i < MILLION; i++) {
      var child = root.token().child();
      child.token().onCancel(runs::incrementAndGet);
      children.add(child);
    }
    root.cancel("wide");
    assertEquals(MILLION, runs.get());
    assertTrue(children.stream().allMatch(CancellationSource::isCancelled));
  }

  @Test
  void promise13_a_chain_of_linked_sources() {
    CancellationSource last = root;
    var beside = CancellationSource.create();
    for (int i = 0; i < 100_000; i++) {
      last = CancellationSource.linkedTo(last.token(), beside.token());
    }
    root.cancel("linked");
    assertEquals("linked", last.token().reason().orElseThrow().message());
    assertEquals(100_001, last.token().path().size());
    assertFalse(beside.isCancelled());
  }

  @Test
  void links_that_cross_again_and_again_are_walked_once() {
    // 60 diamonds, one below the other: 2^60 ways down, and as many up.
    CancellationSource last = root;
    for (int i = 0; i < 60; i++) {
      var left = last.token().child();
      var right = last.token().child();
      last = CancellationSource.linkedTo(left.token(), right.token());
    }
    assertTrue(last.token().deadline().isNone());
    root.cancel("crossed");
    assertTrue(last.isCancelled());
  }

  @Test
  void promise11_an_old_child_is_closed_as_fast_as_a_new_one() {
    // Not a timing: were closing linear, a million closings in the wrong order would not end within
    // the test's time.
    var children = new ArrayList<CancellationSource>(MILLION);
    var registrations = new ArrayList<CancellationRegistration>(MILLION);
    for (int i = 0; i < MILLION; i++) {
      children.add(root.token().child());
      registrations.add(root.token().onCancel(() -> {}));
    }
    children.forEach(CancellationSource::close);
    assertTrue(registrations.stream().allMatch(CancellationRegistration::unregister));
  }
}
