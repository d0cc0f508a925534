package dev.desist.conformance;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationCallbackException;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.testkit.Hygiene;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Linked sources, as the tests of .NET see them. */
@ExtendWith(Hygiene.class)
class DotNetLinkingConformanceTest {
  @Test
  @Conforms("NET-23")
  void a_source_linked_to_one_token_follows_it() {
    var parent = CancellationSource.create();
    var linked = CancellationSource.linkedTo(parent.token());
    assertFalse(linked.isCancelled());
    parent.cancel();
    assertTrue(linked.isCancelled());
    assertSame(parent.token().reason().orElseThrow(), linked.token().reason().orElseThrow());
  }

  @Test
  @Conforms("NET-24")
  void cancelling_a_linked_source_leaves_its_parents_alone() {
    var one = CancellationSource.create();
    var other = CancellationSource.create();
    var ofOne = CancellationSource.linkedTo(one.token());
    var ofBoth = CancellationSource.linkedTo(one.token(), other.token());
    ofOne.cancel();
    ofBoth.cancel();
    assertFalse(one.isCancelled());
    assertFalse(other.isCancelled());
  }

  @Test
  @Conforms("NET-25")
  void closing_a_parent_cancels_what_is_linked_to_it() {
    var one = CancellationSource.create();
    var other = CancellationSource.create();
    var ofOne = CancellationSource.linkedTo(one.token());
    var ofBoth = CancellationSource.linkedTo(other.token(), one.token());
    one.close();
    for (var linked : new CancellationSource[] {ofOne, ofBoth}) {
      var reason = linked.token().reason().orElseThrow();
      assertInstanceOf(CancellationReason.Closed.class, reason);
    }
    assertFalse(other.isCancelled());
  }

  @Test
  @Conforms({"NET-26", "NET-27"})
  void any_of_several_parents_cancels() {
    for (int count = 2; count <= 3; count++) {
      for (int chosen = 0; chosen < count; chosen++) {
        var parents = new ArrayList<CancellationSource>();
        for (int i = 0; i < count; i++) {
          parents.add(CancellationSource.create());
        }
        var linked = linkedTo(parents);
        assertFalse(linked.isCancelled());
        parents.get(chosen).cancel("parent " + chosen);
        assertTrue(linked.isCancelled());
        assertEquals("parent " + chosen, linked.token().reason().orElseThrow().message());
        for (int i = 0; i < count; i++) {
          assertEquals(i == chosen, parents.get(i).isCancelled());
        }
      }
    }
  }

  @Test
  @Conforms({"NET-28", "NET-29"})
  void linking_to_a_cancelled_token_gives_a_cancelled_source() {
    var live = CancellationSource.create().token();
    var gone = CancellationToken.cancelled(CancellationReason.requested("before"));
    for (var linked :
        new CancellationSource[] {
          CancellationSource.linkedTo(gone),
          CancellationSource.linkedTo(gone, live),
          CancellationSource.linkedTo(live, gone)
        }) {
      assertTrue(linked.isCancelled());
      assertEquals("before", linked.token().reason().orElseThrow().message());
    }
    assertFalse(live.isCancelled());
  }

  @Test
  @Conforms("NET-30")
  void a_link_of_a_link_sees_a_grandparent_that_is_cancelled() {
    var one = CancellationSource.create();
    var other = CancellationSource.create();
    one.cancel("grandparent");
    var middle = CancellationSource.linkedTo(one.token(), other.token());
    var third = CancellationSource.create();
    var last = CancellationSource.linkedTo(third.token(), middle.token());
    assertTrue(last.isCancelled());
    assertEquals("grandparent", last.token().reason().orElseThrow().message());
  }

  @Test
  @Conforms("NET-43")
  void failures_below_reach_whoever_cancelled_above() {
    var parent = CancellationSource.create();
    var other = CancellationSource.create();
    var child = parent.token().child();
    var linked = CancellationSource.linkedTo(other.token(), parent.token());
    var inChild = new IllegalStateException("in the child");
    var inLinked = new AssertionError("in the linked source");
    var runs = new AtomicInteger();
    child
        .token()
        .onCancel(
            () -> {
              throw inChild;
            });
    linked
        .token()
        .onCancel(
            () -> {
              throw inLinked;
            });
    child.token().onCancel(runs::incrementAndGet);
    linked.token().onCancel(runs::incrementAndGet);
    var thrown = assertThrows(CancellationCallbackException.class, parent::cancel);
    var failures = new ArrayList<Throwable>();
    failures.add(thrown.getCause());
    failures.addAll(List.of(thrown.getSuppressed()));
    assertEquals(2, failures.size());
    assertTrue(failures.contains(inChild));
    assertTrue(failures.contains(inLinked));
    assertEquals(2, runs.get());
  }

  @Test
  @Conforms("NET-47")
  void a_linked_source_may_be_closed_after_its_parents() {
    var one = CancellationSource.create();
    var other = CancellationSource.create();
    var linked = CancellationSource.linkedTo(one.token(), other.token());
    one.cancel();
    one.close();
    other.close();
    assertDoesNotThrow(linked::close);
    assertInstanceOf(CancellationReason.Requested.class, linked.token().reason().orElseThrow());
  }

  @Test
  @Conforms("NET-49")
  void a_callback_of_a_derived_source_runs_once() {
    var one = CancellationSource.create();
    var other = CancellationSource.create();
    var derived = CancellationSource.linkedTo(one.token(), other.token());
    var runs = new AtomicInteger();
    derived.token().onCancel(runs::incrementAndGet);
    assertTrue(one.cancel());
    assertTrue(other.cancel());
    assertFalse(derived.cancel());
    derived.close();
    assertEquals(1, runs.get());
  }

  private static CancellationSource linkedTo(List<CancellationSource> parents) {
    return CancellationSource.linkedTo(
        parents.stream().map(CancellationSource::token).toArray(CancellationToken[]::new));
  }
}
