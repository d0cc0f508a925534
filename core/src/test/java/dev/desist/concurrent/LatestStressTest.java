package dev.desist.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.Outcome;
import dev.desist.support.Seed;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Submits from several threads at once, to tasks that listen and tasks that do not, and accounts
 * for every value. {@code -Ddesist.stress=100} makes it 2,000,000 submissions for each kind.
 */
@Tag("stress")
@Timeout(600)
@ExtendWith(Seed.class)
class LatestStressTest {
  private static final int SUBMITTERS = 4;
  private static final int EACH = 5_000 * Integer.getInteger("desist.stress", 1);

  @Test
  void promise20_each_value_is_delivered_or_disposed_of_once_and_nothing_old_after_new()
      throws Exception {
    new Round(false).run();
  }

  @Test
  void promise20_the_same_one_at_a_time() throws Exception {
    new Round(true).run();
  }

  private static final class Round {
    private final AtomicIntegerArray made = new AtomicIntegerArray(SUBMITTERS * EACH);
    private final AtomicIntegerArray delivered = new AtomicIntegerArray(SUBMITTERS * EACH);
    private final AtomicIntegerArray disposed = new AtomicIntegerArray(SUBMITTERS * EACH);
    private final AtomicInteger inside = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private final List<String> wrong = new CopyOnWriteArrayList<>();
    private final boolean oneAtATime;

    /** What was delivered last of each submitter. Of the thread that delivers. */
    private final int[] last = new int[SUBMITTERS];

    Round(boolean oneAtATime) {
      this.oneAtATime = oneAtATime;
    }

    void run() throws Exception {
      try (var workers = Executors.newFixedThreadPool(3);
          var screen = Executors.newSingleThreadExecutor();
          var slot = slot(workers, screen)) {
        var submitters =
            new ArrayList<CompletableFuture<List<CompletionStage<Outcome<Integer>>>>>();
        for (int i = 0; i < SUBMITTERS; i++) {
          int submitter = i;
          submitters.add(
              Futures.submit(
                  CancellationToken.none(),
                  Thread::startVirtualThread,
                  () -> submitAll(slot, submitter)));
        }
        var ends = new ArrayList<Outcome<Integer>>();
        for (var submitter : submitters) {
          for (CompletionStage<Outcome<Integer>> stage : submitter.get()) {
            ends.add(stage.toCompletableFuture().get());
          }
        }
        screen.submit(() -> {}).get();
        account(ends);
      }
      assertEquals(List.of(), wrong);
      assertTrue(!oneAtATime || most.get() == 1, "at once: " + most);
    }

    private void account(List<Outcome<Integer>> ends) {
      int values = 0;
      for (int i = 0; i < ends.size(); i++) {
        boolean value = ends.get(i) instanceof Outcome.Success;
        assertEquals(value ? 1 : 0, made.get(i), "made");
        assertEquals(made.get(i), delivered.get(i) + disposed.get(i), "accounted for");
        values += delivered.get(i);
      }
      assertTrue(values > 0, "nothing was delivered");
    }

    private Latest<Integer> slot(Executor workers, Executor screen) {
      return Latest.open(
          CancellationToken.none(),
          screen,
          this::deliver,
          o -> {
            var options = o.withExecutor(workers).withDisposer(disposed::incrementAndGet);
            return oneAtATime ? options.withOneAtATime() : options;
          });
    }

    private List<CompletionStage<Outcome<Integer>>> submitAll(Latest<Integer> slot, int submitter) {
      SplittableRandom random = Seed.random(submitter);
      var stages = new ArrayList<CompletionStage<Outcome<Integer>>>();
      for (int i = 0; i < EACH; i++) {
        int number = submitter * EACH + i;
        boolean listens = random.nextBoolean();
        int work = random.nextInt(2_000);
        stages.add(slot.submit(() -> work(number, work, listens)));
        spin(random.nextInt(4_000));
      }
      return stages;
    }

    private int work(int number, int work, boolean listens) {
      most.accumulateAndGet(inside.incrementAndGet(), Math::max);
      try {
        spin(work);
        if (listens) {
          Cancellation.checkpoint();
        }
        made.incrementAndGet(number);
        return number;
      } finally {
        inside.decrementAndGet();
      }
    }

    private void deliver(Outcome<Integer> outcome) {
      if (!(outcome instanceof Outcome.Success<Integer>(Integer number))) {
        wrong.add("delivered: " + outcome);
        return;
      }
      delivered.incrementAndGet(number);
      int place = number % EACH + 1;
      int submitter = number / EACH;
      if (place <= last[submitter]) {
        wrong.add(place + " was delivered after " + last[submitter]);
      }
      last[submitter] = place;
    }

    private static void spin(int times) {
      for (int i = 0; i < times; i++) {
        Thread.onSpinWait();
      }
    }
  }
}
