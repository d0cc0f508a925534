package dev.desist.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Submits from several threads at once, to tasks that listen and tasks that do not, and accounts
 * for every result. {@code -Ddesist.stress=100} makes it 2,000,000 submissions for each kind.
 */
@Tag("stress")
@Timeout(600)
class LatestStressTest {
  private static final int SUBMITTERS = 4;
  private static final int EACH = 5_000 * Integer.getInteger("desist.stress", 1);

  @Test
  void promise20_each_result_is_shown_or_disposed_of_once_and_only_the_newest_is_shown()
      throws Exception {
    new Round(false).run();
  }

  @Test
  void promise20_the_same_one_at_a_time() throws Exception {
    new Round(true).run();
  }

  private static final class Round {
    private final AtomicIntegerArray made = new AtomicIntegerArray(SUBMITTERS * EACH);
    private final AtomicIntegerArray shown = new AtomicIntegerArray(SUBMITTERS * EACH);
    private final AtomicIntegerArray disposed = new AtomicIntegerArray(SUBMITTERS * EACH);
    private final AtomicInteger inside = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();

    /** Of the thread that shows: what was shown last from each submitter. */
    private final int[] last = new int[SUBMITTERS];

    private final AtomicReference<@Nullable String> wrong = new AtomicReference<>();
    private final boolean oneAtATime;

    Round(boolean oneAtATime) {
      this.oneAtATime = oneAtATime;
    }

    void run() throws Exception {
      try (var workers = Executors.newFixedThreadPool(3);
          var screen = Executors.newSingleThreadExecutor();
          var slot = slot(workers, screen)) {
        var all = new ArrayList<CompletableFuture<List<CompletionStage<Outcome<Integer>>>>>();
        for (int i = 0; i < SUBMITTERS; i++) {
          int submitter = i;
          var handed = new CompletableFuture<List<CompletionStage<Outcome<Integer>>>>();
          all.add(handed);
          Thread.startVirtualThread(() -> handed.complete(submitAll(slot, submitter)));
        }
        int successes = 0;
        int index = 0;
        for (var handed : all) {
          for (CompletionStage<Outcome<Integer>> stage : handed.get()) {
            var outcome = stage.toCompletableFuture().get();
            boolean success = outcome instanceof Outcome.Success<Integer>;
            successes += success ? 1 : 0;
            assertEquals(success ? 1 : 0, shown.get(index), "shown");
            assertEquals(made.get(index), shown.get(index) + disposed.get(index), "accounted for");
            index++;
          }
        }
        System.out.println(
            "LatestStressTest: "
                + index
                + " submitted, "
                + count(made)
                + " begun, "
                + successes
                + " shown, at most "
                + most
                + " at once");
        assertTrue(successes > 0, "the last one at least is shown");
      }
      assertEquals(null, wrong.get());
      assertTrue(!oneAtATime || most.get() == 1);
    }

    private Latest<Integer> slot(Executor workers, Executor screen) {
      var builder =
          Latest.<Integer>builder(screen, this::show, e -> wrong.set("failed: " + e))
              .executor(workers)
              .disposer(disposed::incrementAndGet);
      return oneAtATime ? builder.oneAtATime().build() : builder.build();
    }

    private List<CompletionStage<Outcome<Integer>>> submitAll(Latest<Integer> slot, int submitter) {
      var random = new SplittableRandom(submitter);
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

    private void show(int number) {
      shown.incrementAndGet(number);
      int submitter = number / EACH;
      int place = number % EACH + 1;
      if (place <= last[submitter]) {
        wrong.set(place + " was shown after " + last[submitter]);
      }
      last[submitter] = place;
    }

    private static int count(AtomicIntegerArray array) {
      int sum = 0;
      for (int i = 0; i < array.length(); i++) {
        sum += array.get(i);
      }
      return sum;
    }

    private static void spin(int times) {
      for (int i = 0; i < times; i++) {
        Thread.onSpinWait();
      }
    }
  }
}
