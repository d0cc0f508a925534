package dev.desist.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.support.Seed;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Three producers and three consumers at one queue, each of whom has a new token for each attempt,
 * one of eight of which another thread cancels at a random moment. Every element is accounted for:
 * a put that was cancelled puts the same element again, so a lost or doubled one shows in the sums.
 * {@code -Ddesist.stress=500} makes it more than 10,000,000 elements for all queues and kinds of
 * thread.
 */
@Tag("stress")
@ExtendWith(Seed.class)
class QueuesStressTest {
  private static final int SIDE = 3;
  private static final int EACH = 1_200 * Integer.getInteger("desist.stress", 1);

  @Test
  void promise20_no_element_is_lost_or_doubled() throws Exception {
    for (ThreadFactory factory :
        List.of(Thread.ofPlatform().factory(), Thread.ofVirtual().factory())) {
      for (BlockingQueue<Integer> queue :
          List.of(
              new ArrayBlockingQueue<Integer>(1),
              new LinkedBlockingQueue<Integer>(2),
              new SynchronousQueue<Integer>())) {
        run(factory, queue);
      }
    }
  }

  private static void run(ThreadFactory factory, BlockingQueue<Integer> queue) throws Exception {
    var takesCancelled = new AtomicInteger();
    var putsCancelled = new AtomicInteger();
    long sum = 0;
    try (ExecutorService executor = Executors.newThreadPerTaskExecutor(factory);
        Canceller canceller = new Canceller()) {
      var producers = new ArrayList<Future<?>>();
      var consumers = new ArrayList<Future<Long>>();
      for (int i = 0; i < SIDE; i++) {
        int seed = i;
        producers.add(
            executor.submit(
                () -> {
                  SplittableRandom random = Seed.random(seed);
                  for (int n = 1; n <= EACH; n++) {
                    while (!put(queue, n, canceller, random)) {
                      putsCancelled.incrementAndGet();
                    }
                  }
                  return null;
                }));
        consumers.add(
            executor.submit(
                () -> {
                  var random = Seed.random(seed + 100);
                  long taken = 0;
                  for (int n = 1; n <= EACH; ) {
                    int element = take(queue, canceller, random);
                    if (element > 0) {
                      taken += element;
                      n++;
                    } else {
                      takesCancelled.incrementAndGet();
                    }
                  }
                  return taken;
                }));
      }
      for (Future<?> each : producers) {
        each.get();
      }
      for (Future<Long> each : consumers) {
        sum += each.get();
      }
    }
    System.out.println(
        "QueuesStressTest: "
            + queue.getClass().getSimpleName()
            + ", "
            + SIDE * EACH
            + " elements, cancelled takes "
            + takesCancelled
            + ", puts "
            + putsCancelled);
    assertEquals((long) SIDE * EACH * (EACH + 1) / 2, sum);
    assertTrue(queue.isEmpty());
    assertTrue(takesCancelled.get() > 0 && putsCancelled.get() > 0, "nothing was ever cancelled");
  }

  private static boolean put(
      BlockingQueue<Integer> queue, int element, Canceller canceller, SplittableRandom random)
      throws InterruptedException {
    CancellationSource source = CancellationSource.create();
    canceller.cancelSoon(source, random);
    try {
      Queues.put(source.token(), queue, element);
      return true;
    } catch (CancelledException e) {
      return false;
    }
  }

  /** Returns 0 if it was cancelled. */
  private static int take(
      BlockingQueue<Integer> queue, Canceller canceller, SplittableRandom random)
      throws InterruptedException {
    CancellationSource source = CancellationSource.create();
    canceller.cancelSoon(source, random);
    try {
      return Queues.take(source.token(), queue);
    } catch (CancelledException e) {
      return 0;
    }
  }

  /** Cancels what it is given, after a moment. */
  private static final class Canceller implements AutoCloseable {
    private final BlockingQueue<CancellationSource> sources = new SynchronousQueue<>();
    private final Thread thread = Thread.ofPlatform().daemon().start(this::run);
    private volatile boolean over;

    /** One of eight: comes back just before it is cancelled. */
    void cancelSoon(CancellationSource source, SplittableRandom random)
        throws InterruptedException {
      if (random.nextInt(8) == 0) {
        sources.put(source);
      }
    }

    private void run() {
      SplittableRandom random = Seed.random(7);
      while (!over) {
        try {
          CancellationSource source = sources.take();
          long end = System.nanoTime() + random.nextInt(5_000);
          while (System.nanoTime() - end < 0) {
            Thread.onSpinWait();
          }
          source.cancel();
        } catch (InterruptedException e) {
          return;
        }
      }
    }

    @Override
    public void close() {
      over = true;
      thread.interrupt();
    }
  }
}
