package dev.desist.conformance;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationReason;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.testkit.Hygiene;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Registrations, as the tests of .NET see them. */
@ExtendWith(Hygiene.class)
class DotNetRegistrationConformanceTest {
  /**
   * Three callbacks of one source, of which the first to run stands still until it is let go: the
   * order is unspecified, so which one that is shows only then.
   */
  private static final class Three {
    final CancellationSource source = CancellationSource.create();
    final List<CancellationRegistration> registrations = new ArrayList<>();
    final List<AtomicInteger> runs = new ArrayList<>();
    final CountDownLatch leave = new CountDownLatch(1);
    private final AtomicInteger first = new AtomicInteger(-1);
    private final CountDownLatch entered = new CountDownLatch(1);
    private final Workers.Worker canceller;

    Three() {
      for (int i = 0; i < 3; i++) {
        int me = i;
        runs.add(new AtomicInteger());
        registrations.add(source.token().onCancel(() -> run(me)));
      }
      canceller = Workers.start(source::cancel);
      Workers.pass(entered);
    }

    private void run(int me) {
      runs.get(me).incrementAndGet();
      if (first.compareAndSet(-1, me)) {
        entered.countDown();
        Workers.pass(leave);
      }
    }

    int running() {
      return first.get();
    }

    /** The {@code n}th of those that have not begun. */
    int pending(int n) {
      return (first.get() + 1 + n) % 3;
    }

    void finish() throws Exception {
      leave.countDown();
      canceller.finish();
    }
  }

  @Test
  @Conforms("NET-38")
  void closing_twice_is_harmless() {
    var source = CancellationSource.create();
    var runs = new AtomicInteger();
    var registration = source.token().onCancel(runs::incrementAndGet);
    registration.close();
    assertDoesNotThrow(registration::close);
    source.cancel();
    assertDoesNotThrow(registration::close);
    assertEquals(0, runs.get());
  }

  @Test
  @Conforms("NET-39")
  void registrations_on_the_token_that_never_cancels_are_one_and_the_same() {
    var one = CancellationToken.none().onCancel(() -> {});
    var other = CancellationToken.none().onCancel(Runnable::run, () -> {});
    assertSame(one, other);
    assertFalse(one.unregister());
    assertDoesNotThrow(one::close);
  }

  @Test
  @Conforms("NET-40")
  void registrations_made_too_late_are_over_but_keep_their_identity() {
    var token = CancellationToken.cancelled(CancellationReason.requested());
    var one = token.onCancel(() -> {});
    var other = token.onCancel(() -> {});
    assertNotEquals(one, other);
    assertFalse(one.unregister());
    assertFalse(other.unregister());
    assertSame(token, one.token());
  }

  @Test
  @Conforms({"NET-41", "NET-42"})
  void live_registrations_differ() {
    var source = CancellationSource.create();
    Runnable callback = () -> {};
    var one = source.token().onCancel(callback);
    var other = source.token().onCancel(callback);
    var elsewhere = CancellationSource.create().token().onCancel(callback);
    var same = one;
    assertEquals(one, same);
    assertEquals(one.hashCode(), same.hashCode());
    assertNotEquals(one, other);
    assertNotEquals(one, elsewhere);
  }

  @Test
  @Conforms("NET-46")
  void a_callback_may_close_one_that_has_not_run_yet() throws Exception {
    var source = CancellationSource.create();
    var registrations = new ArrayList<CancellationRegistration>();
    var runs = new AtomicInteger();
    for (int i = 0; i < 2; i++) {
      int other = 1 - i;
      registrations.add(
          source
              .token()
              .onCancel(
                  () -> {
                    runs.incrementAndGet();
                    registrations.get(other).close();
                  }));
    }
    Workers.runBounded(source::cancel);
    assertEquals(1, runs.get());
  }

  @Test
  @Conforms("NET-71")
  void one_closed_while_another_runs_never_runs_and_the_third_does() throws Exception {
    var three = new Three();
    Workers.runBounded(three.registrations.get(three.pending(0))::close);
    three.finish();
    assertEquals(0, three.runs.get(three.pending(0)).get());
    assertEquals(1, three.runs.get(three.pending(1)).get());
    assertEquals(1, three.runs.get(three.running()).get());
  }

  @Test
  @Conforms("NET-72")
  void a_registration_knows_its_token() {
    var source = CancellationSource.create();
    assertSame(source.token(), source.token().onCancel(() -> {}).token());
    var none = CancellationToken.none();
    assertSame(none, none.onCancel(() -> {}).token());
  }

  @Test
  @Conforms("NET-73")
  void a_registration_knows_its_token_when_all_is_over() {
    var source = CancellationSource.create();
    var kept = source.token().onCancel(() -> {});
    var closed = source.token().onCancel(() -> {});
    closed.close();
    source.close();
    kept.close();
    assertSame(source.token(), kept.token());
    assertSame(source.token(), closed.token());
  }

  @Test
  @Conforms("NET-74")
  void there_is_nothing_to_unregister_where_nothing_can_happen() {
    var registration = CancellationToken.none().onCancel(() -> {});
    assertFalse(registration.unregister());
    assertFalse(registration.unregister());
  }

  @Test
  @Conforms({"NET-75", "LCX-13"})
  void unregistering_is_true_once_and_the_callback_never_runs() {
    var source = CancellationSource.create();
    var runs = new AtomicInteger();
    var unregistered = source.token().onCancel(runs::incrementAndGet);
    var closed = source.token().onCancel(runs::incrementAndGet);
    assertTrue(unregistered.unregister());
    assertFalse(unregistered.unregister());
    closed.close();
    assertFalse(closed.unregister());
    source.cancel();
    assertEquals(0, runs.get());
  }

  @Test
  @Conforms("NET-76")
  void unregistering_does_not_wait_for_a_running_callback() throws Exception {
    var three = new Three();
    var answer = new AtomicBoolean(true);
    Workers.runBounded(() -> answer.set(three.registrations.get(three.running()).unregister()));
    assertFalse(answer.get());
    three.finish();
    assertEquals(1, three.runs.get(three.running()).get());
  }

  @Test
  @Conforms("NET-77")
  void unregistering_says_whether_it_came_in_time() throws Exception {
    var three = new Three();
    assertFalse(three.registrations.get(three.running()).unregister());
    assertTrue(three.registrations.get(three.pending(0)).unregister());
    assertFalse(three.registrations.get(three.pending(0)).unregister());
    three.finish();
    assertFalse(three.registrations.get(three.running()).unregister());
    assertFalse(three.registrations.get(three.pending(1)).unregister());
    assertEquals(0, three.runs.get(three.pending(0)).get());
    assertEquals(1, three.runs.get(three.pending(1)).get());
  }

  @Test
  @Conforms("NET-78")
  void either_unregistering_came_in_time_or_the_callback_ran() throws Exception {
    Race.run(
        10_000,
        () -> {
          var source = CancellationSource.create();
          var ran = new AtomicBoolean();
          var removed = new AtomicBoolean();
          var registration = source.token().onCancel(() -> ran.set(true));
          return Race.Round.of(
              () -> assertTrue(ran.get() ^ removed.get()),
              source::cancel,
              () -> removed.set(registration.unregister()));
        });
  }

  @Test
  @Conforms("NET-79")
  void many_threads_may_close_what_another_registers_again_and_again() throws Exception {
    int registrations = 20_000;
    var source = CancellationSource.create();
    var runs = new AtomicInteger();
    var removed = new AtomicInteger();
    var current = new AtomicReference<>(source.token().onCancel(runs::incrementAndGet));
    var over = new AtomicBoolean();
    var closers = new ArrayList<Workers.Worker>();
    for (int i = 0; i < 4; i++) {
      boolean waits = i % 2 == 0;
      closers.add(
          Workers.start(
              () -> {
                while (!over.get()) {
                  var seen = current.get();
                  if (seen.unregister()) {
                    removed.incrementAndGet();
                  }
                  if (waits) {
                    seen.close();
                  }
                }
              }));
    }
    var register =
        Workers.start(
            () -> {
              for (int i = 1; i < registrations; i++) {
                var last = current.getAndSet(source.token().onCancel(runs::incrementAndGet));
                if (last.unregister()) {
                  removed.incrementAndGet();
                }
              }
            });
    register.finish();
    over.set(true);
    for (var closer : closers) {
      closer.finish();
    }
    if (current.get().unregister()) {
      removed.incrementAndGet();
    }
    source.cancel();
    assertEquals(registrations, removed.get());
    assertEquals(0, runs.get());
  }
}
