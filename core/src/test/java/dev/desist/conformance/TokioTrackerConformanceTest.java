package dev.desist.conformance;

import static dev.desist.CancellationToken.none;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationToken;
import dev.desist.shutdown.Participant;
import dev.desist.shutdown.Shutdown;
import dev.desist.testkit.Hygiene;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The task tracker of tokio-util is here what a shutdown waits for: to close it is to initiate the
 * shutdown, to wait for it is to await that.
 */
@ExtendWith(Hygiene.class)
@Timeout(60)
class TokioTrackerConformanceTest {
  private final Shutdown tracker =
      Shutdown.create(
          "tracker", options -> options.withDrainLimit(Duration.ofHours(1)).withReporter(_ -> {}));

  private void close() {
    tracker.initiate("the tracker is closed");
  }

  @Test
  @Conforms("TRK-02")
  void the_length_is_that_of_what_is_in_flight() {
    var work = new ArrayList<Participant>();
    for (int i = 1; i <= 10; i++) {
      work.add(tracker.track("work"));
      assertEquals(i, tracker.progress().left());
    }
    for (int i = 9; i >= 0; i--) {
      work.get(i).close();
      assertEquals(i, tracker.progress().left());
    }
  }

  @Test
  @Conforms("TRK-03")
  void a_wait_for_one_that_was_closed_while_empty_ends() throws Exception {
    close();
    assertTrue(tracker.await(none()).isClean());
  }

  @Test
  @Conforms("TRK-06")
  void the_end_of_the_last_ends_the_wait() throws Exception {
    Participant first = tracker.track("first");
    Participant last = tracker.track("last");
    close();
    first.close();
    assertTrue(tracker.await(none(), Duration.ZERO).isEmpty());
    last.close();
    assertEquals(2, tracker.await(none()).drained());
  }

  @Test
  @Conforms("TRK-08")
  void an_open_one_that_becomes_empty_ends_no_wait() throws Exception {
    Thread waiter = waiter(new AtomicInteger());
    tracker.track("first").close();
    tracker.track("second").close();
    assertTrue(waiter.isAlive());
    assertTrue(tracker.await(none(), Duration.ZERO).isEmpty());
    close();
    waiter.join();
  }

  @Test
  @Conforms("TRK-09")
  void it_may_be_closed_at_any_moment_of_the_ends() throws Exception {
    for (int round = 0; round < 200; round++) {
      var each =
          Shutdown.create(
              "tracker",
              options -> options.withDrainLimit(Duration.ofHours(1)).withReporter(_ -> {}));
      Participant first = each.track("first");
      Participant last = each.track("last");
      Thread closer = Thread.startVirtualThread(() -> each.initiate("closed"));
      Thread ender = Thread.startVirtualThread(first::close);
      closer.join();
      ender.join();
      assertTrue(each.await(none(), Duration.ZERO).isEmpty());
      last.close();
      assertTrue(each.await(none()).isClean());
    }
  }

  @Test
  @Conforms("TRK-10")
  void ten_that_wait_are_all_released() throws Exception {
    var released = new AtomicInteger();
    var waiters = new ArrayList<Thread>();
    for (int i = 0; i < 10; i++) {
      waiters.add(waiter(released));
    }
    close();
    for (Thread waiter : waiters) {
      waiter.join();
    }
    assertEquals(10, released.get());
  }

  private Thread waiter(AtomicInteger released) {
    return Thread.startVirtualThread(
        () -> {
          try {
            tracker.await(none());
            released.incrementAndGet();
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
        });
  }

  @Test
  @Conforms("TRK-12")
  void to_forget_it_ends_no_work() {
    var forgotten = Shutdown.create("forgotten");
    CancellationToken soft = forgotten.soft();
    CancellationToken hard = forgotten.hard();
    var gone = new WeakReference<>(forgotten);
    forgotten = null;
    Workers.awaitCollected(gone);
    assertFalse(soft.isCancelled());
    assertFalse(hard.isCancelled());
  }
}
