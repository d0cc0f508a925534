package dev.desist.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.testkit.Hygiene;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Trees of tokens, as the tests of tokio-util see them. */
@ExtendWith(Hygiene.class)
class TokioTreeConformanceTest {
  @Test
  @Conforms("TOK-04")
  void cancelling_a_parent_wakes_both_once() throws Exception {
    var parent = CancellationSource.create();
    var child = parent.token().child();
    var above = new Listener(parent.token());
    var below = new Listener(child.token());
    above.assertAsleep();
    below.assertAsleep();
    parent.cancel();
    above.assertWokenOnce();
    below.assertWokenOnce();
  }

  @Test
  @Conforms("TOK-05")
  void a_grandchild_is_reached_over_a_child_that_nobody_holds() {
    var root = CancellationSource.create("root");
    var family = family(root.token());
    Workers.awaitCollected(family.middle);
    root.token().child().close(); // whoever makes a child also clears away the forgotten ones
    assertFalse(family.last.isCancelled());
    root.cancel();
    assertTrue(family.last.isCancelled());
    assertEquals(List.of("root", "middle", "last"), family.last.token().path());
  }

  /** A source, and the token between it and the root. */
  private record Family(CancellationSource last, WeakReference<CancellationToken> middle) {}

  private static Family family(CancellationToken root) {
    var middle = root.child("middle");
    return new Family(middle.token().child("last"), new WeakReference<>(middle.token()));
  }

  @Test
  @Conforms("TOK-06")
  void cancelling_a_child_wakes_the_child_alone() throws Exception {
    var parent = CancellationSource.create();
    var child = parent.token().child();
    var above = new Listener(parent.token());
    var below = new Listener(child.token());
    child.cancel();
    below.assertWokenOnce();
    above.assertAsleep();
    parent.cancel();
    above.assertWokenOnce();
    below.assertWokenOnce();
  }

  @Test
  @Conforms("TOK-07")
  void a_child_made_after_another_was_cancelled_is_live() throws Exception {
    var parent = CancellationSource.create();
    parent.token().child().cancel();
    var fresh = parent.token().child();
    var below = new Listener(fresh.token());
    below.assertAsleep();
    parent.cancel("parent");
    below.assertWokenOnce();
    assertEquals("parent", fresh.token().reason().orElseThrow().message());
  }

  @Test
  @Conforms("TOK-08")
  void a_child_of_a_cancelled_parent_is_born_cancelled() throws Exception {
    for (boolean parentFirst : new boolean[] {true, false}) {
      var parent = CancellationSource.create();
      parent.cancel("early");
      var child = parent.token().child();
      assertTrue(child.isCancelled());
      assertEquals("early", child.token().reason().orElseThrow().message());
      Workers.runBounded(() -> assertTrue(child.token().await()));
      (parentFirst ? parent : child).close();
      (parentFirst ? child : parent).close();
      assertEquals("early", child.token().reason().orElseThrow().message());
    }
  }

  @Test
  @Conforms("TOK-09")
  void closing_children_in_any_order_cancels_nobody_else() {
    for (boolean forwards : new boolean[] {true, false}) {
      var parent = CancellationSource.create();
      var children = new ArrayList<CancellationSource>();
      for (int i = 0; i < 5; i++) {
        children.add(parent.token().child());
      }
      var order = forwards ? children : children.reversed();
      for (int i = 0; i < order.size(); i++) {
        order.get(i).close();
        assertFalse(parent.isCancelled());
        for (int j = 0; j < order.size(); j++) {
          assertEquals(j <= i, order.get(j).isCancelled());
        }
      }
      var last = parent.token().child();
      parent.cancel();
      assertTrue(last.isCancelled());
    }
  }

  @Test
  @Conforms("TOK-10")
  void cancelling_in_the_middle_reaches_everything_below_and_nothing_else() throws Exception {
    var root = CancellationSource.create();
    var middle = root.token().child();
    var sibling = root.token().child();
    var below = List.of(middle.token().child(), middle.token().child(), middle.token().child());
    var deepest = below.get(1).token().child();
    var sleepers = List.of(new Listener(root.token()), new Listener(sibling.token()));
    var woken = new ArrayList<Listener>();
    woken.add(new Listener(middle.token()));
    below.forEach(source -> woken.add(new Listener(source.token())));
    woken.add(new Listener(deepest.token()));
    middle.cancel();
    for (var listener : woken) {
      listener.assertWokenOnce();
    }
    sleepers.forEach(Listener::assertAsleep);
    root.cancel();
    for (var listener : sleepers) {
      listener.assertWokenOnce();
    }
    for (var listener : woken) {
      listener.assertWokenOnce();
    }
  }

  @Test
  @Conforms("TOK-11")
  void closing_a_parent_cancels_its_children() throws Exception {
    var parent = CancellationSource.create();
    var child = parent.token().child();
    var below = new Listener(child.token());
    parent.close();
    below.assertWokenOnce();
    assertInstanceOf(CancellationReason.Closed.class, child.token().reason().orElseThrow());
  }

  @Test
  @Conforms("TOK-18")
  void handles_of_one_token_are_equal() {
    var source = CancellationSource.create();
    var one = source.token();
    var other = source.token();
    assertEquals(one, other);
    assertEquals(one.hashCode(), other.hashCode());
  }

  @Test
  @Conforms({"TOK-19", "TOK-20"})
  void a_child_differs_from_its_parent_and_from_strangers() {
    var parent = CancellationSource.create();
    var child = parent.token().child();
    var stranger = CancellationSource.create();
    assertNotEquals(parent.token(), child.token());
    assertNotEquals(child.token(), parent.token());
    assertNotEquals(parent.token(), stranger.token());
    assertNotEquals(child.token(), parent.token().child().token());
    // Identity hashes: two may be alike by chance, a hundred may not.
    long hashes =
        java.util.stream.Stream.generate(CancellationSource::create)
            .limit(100)
            .mapToInt(source -> source.token().hashCode())
            .distinct()
            .count();
    assertTrue(hashes > 1);
  }

  @Test
  @Conforms("TOK-24")
  void parents_and_children_may_be_closed_and_cancelled_at_once() throws Exception {
    Race.run(
        2_000,
        () -> {
          var parent = CancellationSource.create();
          var one = parent.token().child();
          var other = parent.token().child();
          var grandchild = one.token().child();
          var runs = new AtomicInteger();
          for (var source : List.of(parent, one, other, grandchild)) {
            source.token().onCancel(runs::incrementAndGet);
          }
          return Race.Round.of(
              () -> {
                assertTrue(grandchild.isCancelled());
                assertTrue(other.isCancelled());
                assertEquals(4, runs.get());
              },
              parent::cancel,
              one::close,
              () -> {
                grandchild.close();
                other.cancel();
              },
              () -> {
                parent.token().child().close();
                parent.close();
              });
        });
  }

  @Test
  @Conforms("TOK-25")
  void no_callback_runs_and_cancel_does_not_return_before_the_whole_tree_is_cancelled()
      throws Exception {
    var root = CancellationSource.create();
    var all = new ArrayList<CancellationSource>();
    for (int i = 0; i < 10; i++) {
      var child = root.token().child();
      all.add(child);
      all.add(child.token().child());
    }
    var first = new AtomicBoolean(true);
    var entered = new CountDownLatch(1);
    var leave = new CountDownLatch(1);
    for (var source : all) {
      source
          .token()
          .onCancel(
              () -> {
                if (first.compareAndSet(true, false)) {
                  entered.countDown();
                  Workers.pass(leave);
                }
              });
    }
    var canceller = Workers.start(root::cancel);
    Workers.pass(entered);
    assertTrue(all.stream().allMatch(CancellationSource::isCancelled));
    leave.countDown();
    canceller.finish();
    assertTrue(all.stream().allMatch(CancellationSource::isCancelled));
  }
}
