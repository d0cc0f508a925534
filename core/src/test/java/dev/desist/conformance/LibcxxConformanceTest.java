package dev.desist.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Sources and tokens, as the tests of libc++ for C++20 stop tokens see them. */
@ExtendWith(Hygiene.class)
class LibcxxConformanceTest {
  // ---- sources ----

  @Test
  @Conforms("LCX-17")
  void a_fresh_source_can_be_cancelled_and_is_not() {
    var source = CancellationSource.create();
    assertFalse(source.isCancelled());
    assertFalse(source.token().isCancelled());
    assertTrue(source.token().canBeCancelled());
  }

  @Test
  @Conforms("LCX-18")
  void whoever_holds_a_source_acts_on_the_same_one() throws Exception {
    var source = CancellationSource.create();
    var handed = new AtomicReference<>(source);
    Workers.start(() -> assertTrue(handed.get().cancel())).finish();
    assertTrue(source.isCancelled());
    assertFalse(source.cancel());
  }

  @Test
  @Conforms("LCX-21")
  void nothing_can_cancel_the_token_without_a_source() {
    var none = CancellationToken.none();
    var child = none.child();
    CancellationSource.linkedTo(none).close();
    child.cancel();
    assertFalse(none.isCancelled());
    assertFalse(none.canBeCancelled());
  }

  @Test
  @Conforms("LCX-22")
  void a_source_equals_itself_alone() {
    var one = CancellationSource.create("name");
    var other = CancellationSource.create("name");
    var same = one;
    assertEquals(one, same);
    assertEquals(one.hashCode(), same.hashCode());
    assertNotEquals(one, other);
    one.cancel();
    other.cancel();
    assertNotEquals(one, other);
    assertNotEquals(one, one.token().child());
  }

  @Test
  @Conforms("LCX-24")
  void a_token_can_be_cancelled_and_tells_when_it_is() {
    var source = CancellationSource.create();
    var token = source.token();
    assertTrue(token.canBeCancelled());
    assertFalse(token.isCancelled());
    source.cancel();
    assertTrue(token.canBeCancelled());
    assertTrue(token.isCancelled());
  }

  @Test
  @Conforms({"LCX-26", "LCX-27"})
  void only_the_first_cancel_is_told_that_it_was() {
    var source = CancellationSource.create();
    assertTrue(source.cancel());
    assertTrue(source.isCancelled());
    assertFalse(source.cancel());
    assertFalse(source.cancel("again"));
    assertFalse(source.cancel(CancellationReason.superseded("by another")));
    assertTrue(source.isCancelled());
  }

  @Test
  @Conforms("LCX-28")
  void all_callbacks_have_run_here_when_cancel_returns() {
    var source = CancellationSource.create();
    var threads = new ArrayList<Thread>();
    for (int i = 0; i < 3; i++) {
      source.token().onCancel(() -> threads.add(Thread.currentThread()));
    }
    source.cancel();
    var here = Thread.currentThread();
    assertEquals(List.of(here, here, here), threads);
  }

  @Test
  @Conforms({"LCX-29", "LCX-44"})
  void a_cancel_is_seen_through_every_reference_and_by_no_other_source() {
    var source = CancellationSource.create();
    var other = CancellationSource.create();
    var same = List.of(source).getFirst();
    source.cancel();
    assertTrue(same.isCancelled());
    assertTrue(same.token().isCancelled());
    assertFalse(other.isCancelled());
    assertFalse(other.token().isCancelled());
  }

  @Test
  @Conforms("LCX-30")
  void a_cancel_on_another_thread_is_seen_after_joining_it() throws Exception {
    var source = CancellationSource.create();
    Workers.start(source::cancel).finish();
    assertTrue(source.isCancelled());
  }

  @Test
  @Conforms({"LCX-31", "LCX-46"})
  void what_came_before_the_cancel_is_visible_to_whoever_polled_true() throws Exception {
    for (boolean throughToken : new boolean[] {false, true}) {
      Race.run(
          2_000,
          () -> {
            var source = CancellationSource.create();
            var token = source.token();
            int[] plain = {0}; // without any synchronisation of its own
            var seen = new AtomicInteger();
            return Race.Round.of(
                () -> assertEquals(1, seen.get()),
                () -> {
                  plain[0] = 1;
                  source.cancel();
                },
                () -> {
                  while (!(throughToken ? token.isCancelled() : source.isCancelled())) {
                    Thread.onSpinWait();
                  }
                  seen.set(plain[0]);
                });
          });
    }
  }

  // ---- tokens ----

  @Test
  @Conforms("LCX-33")
  void the_token_of_nobody_is_neither_cancelled_nor_can_it_be() {
    assertFalse(CancellationToken.none().canBeCancelled());
    assertFalse(CancellationToken.none().isCancelled());
  }

  @Test
  @Conforms({"LCX-36", "LCX-43"})
  void tokens_are_equal_if_they_are_of_one_source() {
    var source = CancellationSource.create();
    var same = List.of(source).getFirst();
    var one = source.token();
    var other = same.token();
    assertEquals(one, other);
    assertNotEquals(one, CancellationSource.create().token());
    assertNotEquals(one, CancellationToken.none());
    assertNotEquals(CancellationToken.none(), one);
    assertEquals(CancellationToken.none(), CancellationToken.none());
    source.cancel();
    assertTrue(one.isCancelled());
    assertTrue(other.isCancelled());
  }

  @Test
  @Conforms({"LCX-37", "LCX-38"})
  void a_token_can_be_cancelled_for_as_long_as_it_exists() {
    var source = CancellationSource.create();
    var open = source.token();
    assertTrue(open.canBeCancelled());
    source.close();
    assertTrue(open.canBeCancelled());

    var orphan = orphan();
    Workers.awaitCollected(orphan.source);
    assertTrue(orphan.token.canBeCancelled()); // the collector never changes a token
    assertFalse(orphan.token.isCancelled());
  }

  /** A token whose source is out of reach. */
  private record Orphan(CancellationToken token, WeakReference<CancellationSource> source) {}

  private static Orphan orphan() {
    var source = CancellationSource.create();
    return new Orphan(source.token(), new WeakReference<>(source));
  }

  @Test
  @Conforms({"LCX-39", "LCX-42"})
  void a_cancelled_token_stays_so_when_its_source_is_gone() {
    var orphan = cancelledOrphan();
    Workers.awaitCollected(orphan.source);
    assertTrue(orphan.token.canBeCancelled());
    assertTrue(orphan.token.isCancelled());
    assertEquals("before it went", orphan.token.reason().orElseThrow().message());
  }

  private static Orphan cancelledOrphan() {
    var source = CancellationSource.create();
    source.cancel("before it went");
    return new Orphan(source.token(), new WeakReference<>(source));
  }

  @Test
  @Conforms("LCX-40")
  void asking_whether_it_can_be_cancelled_may_race_with_cancel_and_close() throws Exception {
    Race.run(
        2_000,
        () -> {
          var source = CancellationSource.create();
          var token = source.token();
          var possible = new AtomicBoolean();
          return Race.Round.of(
              () -> {
                assertTrue(possible.get());
                assertTrue(token.canBeCancelled());
              },
              () -> {
                source.cancel();
                source.close();
              },
              () -> possible.set(token.canBeCancelled()));
        });
  }

  @Test
  @Conforms("LCX-41")
  void a_token_taken_after_the_cancel_tells_it() {
    var source = CancellationSource.create();
    source.cancel();
    assertTrue(source.token().isCancelled());
  }

  @Test
  @Conforms("LCX-45")
  void a_loop_that_polls_ends() throws Exception {
    var source = CancellationSource.create();
    var token = source.token();
    var turns = new AtomicLong();
    var warm = new CountDownLatch(1);
    var poller =
        Workers.start(
            () -> {
              long count = 0;
              while (!token.isCancelled()) {
                if (++count == 1_000_000) { // long enough to have been compiled
                  warm.countDown();
                }
              }
              turns.set(count);
            });
    Workers.pass(warm);
    source.cancel();
    poller.finish();
    assertTrue(turns.get() >= 1_000_000);
  }
}
