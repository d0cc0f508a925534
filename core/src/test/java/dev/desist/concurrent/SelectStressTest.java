package dev.desist.concurrent;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.support.Seed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Several threads put elements into two queues while several select from both, and are cancelled
 * and interrupted at random moments; every element is accounted for. {@code -Ddesist.stress=100}
 * makes it 50,000 rounds for each test and each kind of thread.
 */
@Tag("stress")
@ExtendWith(Seed.class)
class SelectStressTest {
  private static final int ROUNDS = 500 * Integer.getInteger("desist.stress", 1);
  private static final int PRODUCERS = 3;
  private static final int EACH = 8;
  private static final int CONSUMERS = 4;

  private static final AtomicInteger LEFT = new AtomicInteger();
  private static final AtomicInteger RECEIVED = new AtomicInteger();

  @Test
  void promise20_every_element_is_received_once_or_still_there() throws Exception {
    for (ThreadFactory factory : factories()) {
      for (int i = 0; i < ROUNDS; i++) {
        new Round(i, factory, SelectableQueue.unbounded()).withEverybodyLeaving();
      }
    }
    System.out.println(
        "SelectStressTest: " + LEFT + " waits ended early, " + RECEIVED + " elements received");
    assertTrue(LEFT.get() > 0 && RECEIVED.get() > 0, "waits ended early, and elements came");
  }

  @Test
  void promise20_who_stays_receives_everything_whoever_leaves() throws Exception {
    for (ThreadFactory factory : factories()) {
      for (int i = 0; i < ROUNDS; i++) {
        new Round(i, factory, SelectableQueue.bounded(2)).withOneStaying();
      }
    }
  }

  private static List<ThreadFactory> factories() {
    return List.of(Thread.ofPlatform().factory(), Thread.ofVirtual().factory());
  }

  private static final class Round {
    private final SplittableRandom random;
    private final ThreadFactory factory;
    private final SelectableQueue<Integer> one;
    private final SelectableQueue<Integer> two = SelectableQueue.unbounded();
    private final List<Integer> received = Collections.synchronizedList(new ArrayList<>());
    private final List<CancellationSource> sources =
        Stream.generate(CancellationSource::create).limit(CONSUMERS).toList();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final List<Thread> consumers;
    private final List<Thread> producers;

    Round(int seed, ThreadFactory factory, SelectableQueue<Integer> one) {
      this.random = Seed.random(seed);
      this.factory = factory;
      this.one = one;
      this.consumers = IntStream.range(0, CONSUMERS).mapToObj(this::consumer).toList();
      this.producers = IntStream.range(0, PRODUCERS).mapToObj(this::producer).toList();
    }

    private Thread thread(Body body) {
      return factory.newThread(
          () -> {
            try {
              body.run();
            } catch (Throwable e) {
              failure.set(e);
            }
          });
    }

    private interface Body {
      void run() throws Exception;
    }

    private Thread consumer(int index) {
      var clauses = List.of(Clause.taken(one, received::add), Clause.taken(two, received::add));
      var select = random.nextBoolean() ? Select.fair(clauses) : Select.biased(clauses);
      return thread(
          () -> {
            try {
              while (true) {
                select.await(sources.get(index).token());
              }
            } catch (CancelledException | InterruptedException e) {
              LEFT.incrementAndGet();
            }
          });
    }

    private Thread producer(int index) {
      long seed = random.nextLong();
      return thread(
          () -> {
            SplittableRandom mine = Seed.random(seed);
            for (int i = 0; i < EACH; i++) {
              spin(mine.nextInt(8_000));
              (mine.nextBoolean() ? one : two).put(index * EACH + i);
            }
          });
    }

    /** Everybody who selects is told to leave some time. */
    void withEverybodyLeaving() throws Exception {
      start();
      leave(CONSUMERS);
      join(producers);
      join(consumers);
      RECEIVED.addAndGet(received.size());
      received.addAll(one);
      received.addAll(two);
      check();
    }

    /**
     * All but one are told to leave; nothing that happens later could make up for a lost wake-up.
     */
    void withOneStaying() throws Exception {
      start();
      leave(CONSUMERS - 1);
      join(producers);
      await()
          .pollDelay(Duration.ZERO)
          .pollInterval(Duration.ofMillis(1))
          .until(() -> received.size() == PRODUCERS * EACH);
      sources.forEach(CancellationSource::cancel);
      join(consumers);
      check();
    }

    private void start() {
      consumers.forEach(Thread::start);
      producers.forEach(Thread::start);
    }

    private void leave(int count) {
      for (int i = 0; i < count; i++) {
        spin(random.nextInt(40_000));
        if (random.nextBoolean()) {
          sources.get(i).cancel();
        } else {
          consumers.get(i).interrupt();
        }
      }
    }

    private static void join(List<Thread> threads) throws InterruptedException {
      for (Thread thread : threads) {
        thread.join();
      }
    }

    private void check() {
      if (failure.get() != null) {
        throw new AssertionError("a thread failed", failure.get());
      }
      Collections.sort(received);
      assertEquals(IntStream.range(0, PRODUCERS * EACH).boxed().toList(), received);
    }

    private static void spin(long nanos) {
      long end = System.nanoTime() + nanos;
      while (System.nanoTime() - end < 0) {
        Thread.onSpinWait();
      }
    }
  }
}
