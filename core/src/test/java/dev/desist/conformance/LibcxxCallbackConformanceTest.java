package dev.desist.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationRegistration;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.testkit.Hygiene;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collections;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Callbacks, as the tests of libc++ for C++20 stop tokens see them. */
@ExtendWith(Hygiene.class)
class LibcxxCallbackConformanceTest {
  @Test
  @Conforms("LCX-05")
  void a_callback_of_the_token_without_a_source_never_runs() {
    var runs = new AtomicInteger();
    var registration = CancellationToken.none().onCancel(runs::incrementAndGet);
    CancellationSource.linkedTo(CancellationToken.none()).cancel();
    registration.close();
    assertEquals(0, runs.get());
  }

  @Test
  @Conforms("LCX-06")
  void ten_threads_cancel_and_the_callback_runs_once() throws Exception {
    Race.run(
        200,
        () -> {
          var source = CancellationSource.create();
          var runs = new AtomicInteger();
          var winners = new AtomicInteger();
          source.token().onCancel(runs::incrementAndGet);
          var cancellers =
              Collections.nCopies(
                  10,
                  (Workers.Body)
                      () -> {
                        if (source.cancel()) {
                          winners.incrementAndGet();
                        }
                      });
          return new Race.Round(
              cancellers,
              () -> {
                assertEquals(1, runs.get());
                assertEquals(1, winners.get());
              });
        });
  }

  @Test
  @Conforms("LCX-07")
  void a_callback_registered_while_others_run_runs_too() throws Exception {
    var source = CancellationSource.create();
    var entered = new CountDownLatch(1);
    var leave = new CountDownLatch(1);
    source
        .token()
        .onCancel(
            () -> {
              entered.countDown();
              Workers.pass(leave);
            });
    var canceller = Workers.start(source::cancel);
    Workers.pass(entered);
    var runs = new AtomicInteger();
    Workers.start(() -> source.token().onCancel(runs::incrementAndGet)).finish();
    assertEquals(1, runs.get()); // without waiting for the one that stands still
    assertFalse(canceller.isDone());
    leave.countDown();
    canceller.finish();
    assertEquals(1, runs.get());
  }

  @Test
  @Conforms("LCX-08")
  void callbacks_registered_around_a_cancel_all_run_once() throws Exception {
    Race.run(
        200,
        () -> {
          var source = CancellationSource.create();
          var runs = new ArrayList<AtomicInteger>();
          var steps = new ArrayList<Workers.Body>();
          for (int i = 0; i < 10; i++) {
            var count = new AtomicInteger();
            runs.add(count);
            steps.add(() -> source.token().onCancel(count::incrementAndGet));
          }
          steps.add(5, source::cancel);
          return new Race.Round(steps, () -> runs.forEach(count -> assertEquals(1, count.get())));
        });
  }

  @Test
  @Conforms("LCX-11")
  void a_registration_cannot_be_copied() {
    var type = CancellationRegistration.class;
    assertTrue(Modifier.isFinal(type.getModifiers()));
    assertFalse(Cloneable.class.isAssignableFrom(type));
    assertEquals(0, type.getConstructors().length);
    var registration = CancellationSource.create().token().onCancel(() -> {});
    assertEquals(System.identityHashCode(registration), registration.hashCode());
  }

  @Test
  @Conforms("LCX-14")
  void closing_does_not_wait_for_another_callback() throws Exception {
    var source = CancellationSource.create();
    var registrations = new ArrayList<CancellationRegistration>();
    var first = new AtomicInteger(-1);
    var entered = new CountDownLatch(1);
    var leave = new CountDownLatch(1);
    for (int i = 0; i < 2; i++) {
      int me = i;
      registrations.add(
          source
              .token()
              .onCancel(
                  () -> {
                    assertTrue(first.compareAndSet(-1, me));
                    entered.countDown();
                    Workers.pass(leave);
                  }));
    }
    var canceller = Workers.start(source::cancel);
    Workers.pass(entered);
    Workers.start(registrations.get(1 - first.get())::close).finish();
    assertFalse(canceller.isDone());
    leave.countDown();
    canceller.finish();
  }

  @Test
  @Conforms("LCX-15")
  void closing_waits_for_its_own_callback_and_sees_what_it_did() throws Exception {
    var source = CancellationSource.create();
    var entered = new CountDownLatch(1);
    var leave = new CountDownLatch(1);
    int[] plain = {0}; // without any synchronisation of its own
    var registration =
        source
            .token()
            .onCancel(
                () -> {
                  entered.countDown();
                  Workers.pass(leave);
                  plain[0] = 1;
                });
    var canceller = Workers.start(source::cancel);
    Workers.pass(entered);
    var seen = new AtomicInteger();
    var closer =
        Workers.start(
            () -> {
              registration.close();
              seen.set(plain[0]);
            });
    closer.awaitBlocked();
    assertFalse(closer.isDone());
    leave.countDown();
    closer.finish();
    assertEquals(1, seen.get());
    canceller.finish();
  }

  @Test
  @Conforms("LCX-16")
  void a_callback_may_close_its_own_registration() throws Exception {
    var source = CancellationSource.create();
    var registrations = new ArrayList<CancellationRegistration>();
    var runs = new AtomicInteger();
    registrations.add(
        source
            .token()
            .onCancel(
                () -> {
                  registrations.getFirst().close();
                  runs.incrementAndGet();
                }));
    Workers.runBounded(source::cancel);
    assertEquals(1, runs.get());
  }
}
