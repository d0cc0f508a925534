package dev.desist.conformance;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Runs a few steps at the same time, on a thread each, again and again. */
final class Race {
  /** Times the rounds of every race: the system property {@code desist.stress}. */
  private static final double STRESS = Double.parseDouble(System.getProperty("desist.stress", "1"));

  /**
   * One round.
   *
   * @param steps what to do at the same time; as many in every round
   * @param check looks at the result when all steps are done
   */
  record Round(List<Workers.Body> steps, Workers.Body check) {
    static Round of(Workers.Body check, Workers.Body... steps) {
      return new Round(List.of(steps), check);
    }
  }

  /** A round under way. */
  private static final class Heat {
    final Round round;
    final AtomicInteger ready = new AtomicInteger();
    final AtomicInteger done = new AtomicInteger();
    final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    Heat(Round round) {
      this.round = round;
    }

    void run(int lane) {
      int lanes = round.steps().size();
      ready.incrementAndGet();
      spinUntil(() -> ready.get() == lanes);
      try {
        round.steps().get(lane).run();
      } catch (Throwable e) {
        failure.compareAndSet(null, e);
      }
      done.incrementAndGet();
    }
  }

  private Race() {}

  /** Runs {@code rounds} times the stress factor, at least one, made by {@code setup}. */
  static void run(int rounds, Supplier<Round> setup) throws Exception {
    int count = Math.max(1, (int) (rounds * STRESS));
    var current = new AtomicReference<@Nullable Heat>();
    var over = new AtomicReference<>(false);
    var first = setup.get();
    int lanes = first.steps().size();
    var threads = new ArrayList<Workers.Worker>();
    for (int i = 0; i < lanes; i++) {
      int lane = i;
      threads.add(
          Workers.start(
              () -> {
                Heat last = null;
                while (true) {
                  Heat seen = last;
                  spinUntil(() -> current.get() != seen || over.get());
                  last = current.get();
                  if (last == null || over.get()) {
                    return;
                  }
                  last.run(lane);
                }
              }));
    }
    try {
      for (int i = 0; i < count; i++) {
        var heat = new Heat(i == 0 ? first : setup.get());
        current.set(heat);
        long start = System.nanoTime();
        spinUntil(
            () ->
                heat.done.get() == lanes || System.nanoTime() - start > Workers.PATIENCE.toNanos());
        if (heat.done.get() != lanes) {
          fail("round " + i + " hangs");
        }
        if (heat.failure.get() != null) {
          fail("round " + i + " failed", heat.failure.get());
        }
        heat.round.check().run();
      }
    } finally {
      over.set(true);
    }
    for (var thread : threads) {
      thread.finish();
    }
  }

  private static void spinUntil(BooleanSupplier condition) {
    for (int tries = 0; !condition.getAsBoolean(); tries++) {
      if (tries < 2_000) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(20_000);
      }
    }
  }
}
