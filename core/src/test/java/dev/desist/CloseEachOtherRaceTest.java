package dev.desist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.desist.testkit.Hygiene;
import java.util.ArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Promise 10: callbacks that close each other's registration, each on a thread of its own. */
@ExtendWith(Hygiene.class)
class CloseEachOtherRaceTest {
  private static final int STRESS = Integer.getInteger("desist.stress", 1);

  /** As it comes: often one of the two is closed before it begins. */
  @Test
  void promise10_two_callbacks_that_close_each_other_come_to_an_end() throws Exception {
    run(2, 20_000, false);
  }

  /**
   * All of them are running when the first close is called, so somebody would have to wait for
   * ever.
   */
  @Test
  void promise10_running_callbacks_that_close_each_other_come_to_an_end() throws Exception {
    run(2, 5_000, true);
  }

  @Test
  void promise10_three_running_callbacks_that_close_in_a_ring_come_to_an_end() throws Exception {
    run(3, 3_000, true);
  }

  private static void run(int size, int rounds, boolean together) throws Exception {
    try (var threads =
        Executors.newFixedThreadPool(
            size, Thread.ofPlatform().daemon().name("ring-", 1).factory())) {
      try {
        for (int round = 0; round < rounds * STRESS; round++) {
          var ring = new Ring(size, together);
          var done = new ArrayList<Future<?>>();
          for (int i = 0; i < size; i++) {
            int me = i;
            done.add(threads.submit(() -> ring.cancel(me)));
          }
          for (var each : done) {
            finish(each, round);
          }
          ring.check();
        }
      } finally {
        threads.shutdownNow();
      }
    }
  }

  private static void finish(Future<?> work, int round)
      throws InterruptedException, ExecutionException {
    try {
      work.get(30, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      var dump = new StringBuilder("round " + round + " hangs");
      Thread.getAllStackTraces()
          .forEach(
              (thread, frames) -> {
                dump.append("\n").append(thread);
                for (var frame : frames) {
                  dump.append("\n    at ").append(frame);
                }
              });
      fail(dump.toString());
    }
  }

  /** Each member's callback closes the registration of the next. */
  private static final class Ring {
    private final int size;
    private final CyclicBarrier start;
    private final CancellationSource[] sources;
    private final CancellationRegistration[] registrations;
    private final AtomicInteger[] runs;
    private final boolean[] finished; // each written by the thread that runs the callback
    private final AtomicInteger unfinished = new AtomicInteger();
    private final boolean together;

    Ring(int size, boolean together) {
      this.size = size;
      this.together = together;
      start = new CyclicBarrier(size);
      sources = new CancellationSource[size];
      registrations = new CancellationRegistration[size];
      runs = new AtomicInteger[size];
      finished = new boolean[size];
      for (int i = 0; i < size; i++) {
        int me = i;
        runs[i] = new AtomicInteger();
        sources[i] = CancellationSource.create();
        registrations[i] = sources[i].token().onCancel(() -> call(me));
      }
    }

    void cancel(int me) {
      if (!together) {
        meet();
      }
      sources[me].cancel();
    }

    private void call(int me) {
      runs[me].incrementAndGet();
      if (together) {
        meet();
      }
      int next = (me + 1) % size;
      registrations[next].close();
      if (runs[next].get() != 0 && !finished[next]) {
        unfinished.incrementAndGet();
      }
      finished[me] = true;
    }

    private void meet() {
      try {
        start.await(30, TimeUnit.SECONDS);
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }

    void check() {
      int ran = 0;
      for (int i = 0; i < size; i++) {
        assertTrue(runs[i].get() <= 1, "a callback ran twice");
        ran += runs[i].get();
      }
      assertTrue(together ? ran == size : ran >= 1, "ran: " + ran);
      // One gives way, so that the others come free; they did wait.
      int gaveWay = unfinished.get();
      assertTrue(
          gaveWay <= 1, "came back from close() before the callback had finished: " + gaveWay);
      if (together) {
        assertEquals(1, gaveWay);
      }
    }
  }
}
