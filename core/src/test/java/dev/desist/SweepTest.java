package dev.desist;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.testkit.Hygiene;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A canceller that stands still after its verdict, before its sweep, while others come by. The
 * tests are the slow canceller: they take the two steps of {@code cancel} one by one.
 */
@ExtendWith(Hygiene.class)
@Timeout(30)
class SweepTest {
  private final CancellationSource source = CancellationSource.create("slow");
  private final CancellationToken token = source.token();
  private final AtomicInteger runs = new AtomicInteger();

  private static Sweep begin(CancellationSource source) {
    Node node = Objects.requireNonNull(source.token().node());
    return Objects.requireNonNull(node.begin(CancellationReason.requested("slowly"), null));
  }

  @Test
  void a_late_callback_waits_for_nobody_and_finds_the_whole_tree_cancelled() {
    CancellationSource below = token.child().token().child();
    Sweep sweep = begin(source);
    assertFalse(below.isCancelled());
    token.onCancel(() -> assertTrue(below.isCancelled()));
    assertTrue(below.isCancelled());
    sweep.prepare();
    sweep.run();
  }

  @Test
  void a_late_callback_costs_no_waiter_its_wake_up() throws Exception {
    var woken = new CountDownLatch(1);
    Thread waiter =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    token.await();
                    woken.countDown();
                  } catch (InterruptedException e) {
                    throw new AssertionError(e);
                  }
                });
    await().until(() -> waiter.getState() == Thread.State.WAITING);
    Sweep sweep = begin(source);
    token.onCancel(() -> {});
    sweep.prepare();
    sweep.run();
    woken.await();
  }

  @Test
  void a_late_callback_costs_no_linked_source_its_callbacks() {
    var linked = CancellationSource.linkedTo(token, CancellationSource.create().token(), token);
    linked.token().onCancel(runs::incrementAndGet);
    Sweep sweep = begin(source);
    token.onCancel(() -> {});
    assertTrue(linked.isCancelled());
    sweep.prepare();
    sweep.run();
    assertEquals(1, runs.get());
  }

  @Test
  void a_parent_that_comes_by_sets_verdicts_and_leaves_the_callbacks_to_their_owner() {
    CancellationSource child = token.child("child");
    CancellationSource grandchild = child.token().child("grandchild");
    grandchild.token().onCancel(runs::incrementAndGet);
    Sweep sweep = begin(child);
    source.cancel("the whole");
    assertEquals("slowly", grandchild.token().reason().orElseThrow().message());
    assertEquals(List.of("child", "grandchild"), grandchild.token().path());
    assertEquals(0, runs.get());
    sweep.prepare();
    assertTrue(sweep.concernsUsers(), "the owner must know of the callback whoever convicted it");
    sweep.run();
    assertEquals(1, runs.get());
  }

  @Test
  void promise3_holds_for_a_parent_whose_child_is_being_cancelled() {
    CancellationSource child = token.child();
    CancellationSource grandchild = child.token().child();
    Sweep slow = begin(child);
    token.onCancel(() -> assertTrue(grandchild.isCancelled()));
    source.cancel();
    slow.prepare();
    slow.run();
  }

  @Test
  void promise3_holds_for_wakers_where_two_cancellations_meet_in_a_linked_tree() {
    var other = CancellationSource.create("other");
    CancellationSource beside = other.token().child();
    var linked = CancellationSource.linkedTo(token, other.token());
    CancellationSource below = linked.token().child();
    var early = new AtomicBoolean();
    below.token().onCancel(Cancellation.dispatcher(), () -> early.set(!beside.isCancelled()));
    Sweep slow = begin(other);
    // It has come as far as the linked node, and no further.
    assertTrue(Objects.requireNonNull(linked.token().node()).convict(verdictOf(other), null));
    source.cancel();
    assertTrue(below.isCancelled());
    assertFalse(beside.isCancelled());
    slow.prepare();
    slow.run();
    assertTrue(beside.isCancelled());
    assertFalse(early.get(), "a callback of a verdict ran before all of its tree was cancelled");
  }

  private static Verdict verdictOf(CancellationSource cancelled) {
    return Objects.requireNonNull(Objects.requireNonNull(cancelled.token().node()).verdict());
  }

  @Test
  void a_token_tells_before_anything_follows_from_its_verdict() {
    // The canceller has set the node's verdict and not yet told the token.
    Node node = Objects.requireNonNull(token.node());
    Sweep sweep = begin(source);
    assertNotNull(node.verdict());
    token.onCancel(() -> assertTrue(token.isCancelled()));
    sweep.prepare();
    sweep.run();
  }

  @Test
  void a_deadline_runs_no_callback_on_the_timers_thread() throws Exception {
    var on = new AtomicReference<@Nullable Thread>();
    var ran = new CountDownLatch(1);
    CancellationSource child = token.child();
    child
        .token()
        .child()
        .token()
        .onCancel(
            () -> {
              on.set(Thread.currentThread());
              ran.countDown();
            });
    child.cancelAfter(java.time.Duration.ofMillis(1));
    ran.await();
    String name = Objects.requireNonNull(on.get()).getName();
    assertTrue(name.startsWith("desist-canceller-"), name);
    assertNotSame(Thread.currentThread(), on.get());
  }

  @Test
  void a_stack_overflow_leaves_no_lock_behind() throws Exception {
    Thread deep =
        Thread.ofPlatform()
            .unstarted(
                () -> {
                  try {
                    descend(Integer.MAX_VALUE);
                  } catch (StackOverflowError e) {
                    runs.incrementAndGet();
                  }
                });
    deep.start();
    deep.join();
    assertEquals(1, runs.get());
    Thread user =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  token.onCancel(runs::incrementAndGet);
                  source.cancel();
                });
    assertTrue(user.join(java.time.Duration.ofSeconds(10)), "a lock was left behind");
    assertEquals(2, runs.get());
  }

  private void descend(int levels) {
    CancellationRegistration registration = token.onCancel(() -> {});
    try {
      token.child().close();
      if (levels > 0) {
        descend(levels - 1);
      }
    } finally {
      registration.unregister();
    }
  }

  @Test
  void promise14_a_child_made_while_its_parents_token_dies_is_attached_all_the_same()
      throws Exception {
    var over = new AtomicBoolean();
    Thread collector =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!over.get()) {
                    System.gc();
                    Forgotten.release();
                  }
                });
    try {
      var leaves = new ArrayList<CancellationToken>();
      for (int i = 0; i < 20_000; i++) {
        leaves.add(token.child().token().child().token());
      }
      source.cancel();
      assertTrue(leaves.stream().allMatch(CancellationToken::isCancelled));
    } finally {
      over.set(true);
      collector.join();
    }
  }
}
