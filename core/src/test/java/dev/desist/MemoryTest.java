package dev.desist;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.snippets.CallSites;
import dev.desist.testkit.ManualTime;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.openjdk.jol.info.ClassLayout;

/** What is kept, and what is not. */
@Timeout(120)
class MemoryTest {
  private final CancellationSource root = CancellationSource.create("long-lived");

  @Test
  void promise5_none_stores_nothing() {
    CancellationToken none = CancellationToken.none();
    assertFalse(none.canBeCancelled());
    assertTrue(root.token().canBeCancelled());
    CancellationRegistration registration = none.onCancel(() -> {});
    assertSame(registration, none.onCancel(Runnable::run, () -> {}));
    assertFalse(registration.unregister());
    assertSame(none, registration.token());
  }

  @Test
  void promise14_a_closed_child_a_closed_registration_and_a_cancelled_deadline_leave_nothing() {
    for (int i = 0; i < 1_000; i++) {
      try (var child = root.token().child()) {
        child.cancelAfter(Duration.ofHours(1));
        child.token().onCancel(() -> {});
        root.token().onCancel(() -> {}).close();
        CancellationSource.linkedTo(root.token(), child.token()).close();
      }
    }
    assertEquals(new Census(0, 0), Census.of(root));
  }

  @Test
  void promise14_a_cancelled_deadline_leaves_nothing_in_the_timer() throws Exception {
    var time = new ManualTime();
    var source = time.call(CancellationSource::create);
    for (int i = 0; i < 10; i++) {
      source.cancelAfter(Duration.ofMinutes(i + 1));
      source.token().childWithTimeout(Duration.ofSeconds(1)).close();
    }
    assertEquals(1, time.pending());
    source.close();
    assertEquals(0, time.pending());
  }

  @Test
  void promise14_a_cancelled_parent_lets_go_of_its_tree() {
    var child = new WeakReference<>(root.token().child());
    Objects.requireNonNull(child.get()).token().onCancel(() -> {});
    CancellationSource kept = root.token().child();
    root.cancel();
    awaitCollected(child);
    assertTrue(kept.isCancelled());
  }

  @Test
  void promise14_a_forgotten_child_is_collected() {
    var forgotten = new ArrayList<WeakReference<CancellationSource>>();
    for (int i = 0; i < 100; i++) {
      forgotten.add(new WeakReference<>(root.token().child().token().child()));
      forgotten.add(
          new WeakReference<>(
              CancellationSource.linkedTo(root.token(), root.token().child().token())));
    }
    awaitCollected(forgotten);
    awaitReleased();
    assertFalse(root.isCancelled());
  }

  @Test
  void promise14_a_forgotten_chain_goes_at_once() {
    var end = new WeakReference<>(chainBelow(root.token(), 10_000));
    awaitCollected(end);
    awaitReleased();
  }

  @Test
  void promise14_a_forgotten_child_with_a_deadline_leaves_the_timer() throws Exception {
    var time = new ManualTime();
    var parent = time.call(CancellationSource::create);
    var forgotten = new WeakReference<>(parent.token().childWithTimeout(Duration.ofHours(1)));
    awaitCollected(forgotten);
    await()
        .until(
            () -> {
              System.gc();
              parent.token().child().close();
              return time.pending() == 0;
            });
  }

  @Test
  void promise14_a_child_with_a_callback_is_kept_and_told() {
    var runs = new AtomicInteger();
    var child = new WeakReference<>(root.token().child());
    Objects.requireNonNull(child.get()).token().child().token().onCancel(runs::incrementAndGet);
    awaitCollected(child); // the source may go; what it stands for stays
    root.cancel();
    assertEquals(1, runs.get());
  }

  @Test
  void promise14_only_a_deadline_can_fire_a_forgotten_tree_and_does() throws Exception {
    var time = new ManualTime();
    var runs = new AtomicInteger();
    var source = new WeakReference<>(time.call(CancellationSource::create));
    Objects.requireNonNull(source.get()).cancelAfter(Duration.ofSeconds(1));
    Objects.requireNonNull(source.get()).token().onCancel(runs::incrementAndGet);
    awaitCollected(source);
    time.advance(Duration.ofSeconds(1));
    assertEquals(1, runs.get());
  }

  @Test
  void promise14_garbage_collection_cancels_nothing() {
    CancellationToken token = root.token().child().token();
    var runs = new AtomicInteger();
    token.onCancel(runs::incrementAndGet);
    for (int i = 0; i < 3; i++) {
      System.gc();
      root.token().child();
    }
    assertFalse(token.isCancelled());
    assertEquals(0, runs.get());
  }

  @Test
  void promise14_a_forgotten_child_is_reported_with_the_place_that_made_it() {
    var reported = new CopyOnWriteArrayList<LogRecord>();
    var handler =
        new Handler() {
          @Override
          public void publish(LogRecord record) {
            reported.add(record);
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger logger = Logger.getLogger("dev.desist");
    logger.addHandler(handler);
    logger.setUseParentHandlers(false);
    Diagnostics.reportForgotten(true);
    try {
      var forgotten = new WeakReference<>(CallSites.child(root.token(), "leaky"));
      CallSites.child(root.token(), "closed").close();
      awaitCollected(forgotten);
      await()
          .until(
              () -> {
                System.gc();
                return !reported.isEmpty();
              });
      assertEquals(1, reported.size());
      assertTrue(reported.getFirst().getMessage().contains("\"leaky\""));
      Throwable created = reported.getFirst().getThrown();
      assertNotNull(created);
      assertTrue(
          Arrays.stream(created.getStackTrace())
              .anyMatch(frame -> frame.getClassName().equals(MemoryTest.class.getName())));
    } finally {
      Diagnostics.reportForgotten(false);
      logger.removeHandler(handler);
    }
  }

  /**
   * Bytes, with 64-bit object headers and compressed references: the figures of
   * docs/performance.md.
   */
  @Test
  void footprint() {
    CancellationToken token = root.token();
    assertEquals(16, bytesOf(root), "source");
    assertEquals(24, bytesOf(token), "token");
    assertEquals(72, bytesOf(Objects.requireNonNull(token.node())), "node");
    assertEquals(32, bytesOf(token.onCancel(() -> {})), "registration");
    assertEquals(24, bytesOf(new Verdict(CancellationReason.requested())), "verdict");
  }

  private static long bytesOf(Object object) {
    return ClassLayout.parseInstance(object).instanceSize();
  }

  private static CancellationSource chainBelow(CancellationToken top, int length) {
    CancellationSource last = top.child();
    for (int i = 1; i < length; i++) {
      last = last.token().child();
    }
    return last;
  }

  private static void awaitCollected(WeakReference<?> reference) {
    awaitCollected(List.of(reference));
  }

  private static void awaitCollected(List<? extends WeakReference<?>> references) {
    await()
        .until(
            () -> {
              System.gc();
              return references.stream().allMatch(reference -> reference.refersTo(null));
            });
  }

  /**
   * Until the nodes that were forgotten have been taken out, which happens when others are made.
   */
  private void awaitReleased() {
    await()
        .until(
            () -> {
              System.gc();
              root.token().child().close();
              return Census.of(root).nodes() == 0;
            });
  }

  @Test
  void promise14_forgotten_sources_without_parents_leave_the_timer() throws Exception {
    var time = new ManualTime();
    for (int i = 0; i < 100; i++) {
      time.call(CancellationSource::create).cancelAfter(Duration.ofHours(1));
    }
    await()
        .until(
            () -> {
              System.gc();
              CancellationSource.create();
              return time.pending() == 0;
            });
  }
}
