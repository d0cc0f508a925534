package dev.desist.concurrent;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.support.Seed;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Cancels and interrupts guarded calls at random moments, from another thread, and accounts for
 * every interrupt that is seen. One round is one guarded call (two in the nested mode). {@code
 * -Ddesist.stress=500} makes it 10,000,000 rounds for each kind of thread.
 */
@Tag("stress")
@ExtendWith(Seed.class)
class BlockingStressTest {
  private static final int ROUNDS = 20_000 * Integer.getInteger("desist.stress", 1);

  /** Who does what to the guarded thread. */
  private enum Mode {
    CANCEL,
    FOREIGN,
    FOREIGN_THEN_CANCEL,
    CANCEL_THEN_FOREIGN,
    NESTED
  }

  /** How the guarded body behaves. */
  private enum Body {
    RETURN,
    PARK,
    SLEEP,
    SPIN,
    RESTORE,
    SWALLOW,
    BLOCK
  }

  private static final List<Mode> MODES = List.of(Mode.values());
  private static final List<Body> BODIES = List.of(Body.values());

  private enum Count {
    ROUNDS,
    CANCELLED,
    STRAY,
    FOREIGN_LOST,
    OUTER_LOST,
    MERGED
  }

  /** How often what happened. */
  private static final class Tally {
    private final Map<Count, Long> counts = new EnumMap<>(Count.class);

    synchronized void add(Count count) {
      counts.merge(count, 1L, Long::sum);
    }

    synchronized long of(Count count) {
      return counts.getOrDefault(count, 0L);
    }

    @Override
    public synchronized String toString() {
      return counts.toString();
    }
  }

  private record Job(Runnable first, @Nullable Runnable second, long delayNanos, AtomicLong done) {}

  @Test
  void promise18_no_stray_and_no_lost_interrupt_on_platform_threads() throws Exception {
    check(run(Thread.ofPlatform().factory()));
  }

  @Test
  void promise18_no_stray_and_no_lost_interrupt_on_virtual_threads() throws Exception {
    check(run(Thread.ofVirtual().factory()));
  }

  private static void check(Tally counts) {
    System.out.println("BlockingStressTest: " + counts);
    assertAll(
        () -> assertEquals(ROUNDS, counts.of(Count.ROUNDS)),
        () -> assertEquals(0, counts.of(Count.STRAY), "stray interrupts"),
        () -> assertEquals(0, counts.of(Count.FOREIGN_LOST), "lost foreign interrupts"),
        () -> assertEquals(0, counts.of(Count.OUTER_LOST), "lost outer cancellations"),
        () -> assertTrue(counts.of(Count.CANCELLED) > 0, "nothing was ever cancelled"));
  }

  private static Tally run(ThreadFactory factory) throws Exception {
    var counts = new Tally();
    var failures = new AtomicReference<@Nullable Throwable>();
    Thread thread =
        factory.newThread(
            () -> {
              try {
                new Worker(counts).work();
              } catch (Throwable e) {
                failures.set(e);
              }
            });
    thread.start();
    thread.join();
    if (failures.get() != null) {
      throw new AssertionError("a worker failed", failures.get());
    }
    return counts;
  }

  private static final class Worker {
    private final Tally counts;
    private final SplittableRandom random = Seed.random(18);
    private final Thread me = Thread.currentThread();
    private final AtomicReference<@Nullable Job> box = new AtomicReference<>();
    private volatile boolean over;
    private Thread other = me;

    Worker(Tally counts) {
      this.counts = counts;
    }

    private void count(Count count) {
      counts.add(count);
    }

    void work() throws Exception {
      other = Thread.ofPlatform().daemon().start(this::disturb);
      for (int i = 0; i < ROUNDS; i++) {
        round(MODES.get(random.nextInt(MODES.size())), BODIES.get(random.nextInt(BODIES.size())));
        count(Count.ROUNDS);
      }
      over = true;
      LockSupport.unpark(other);
      other.join();
    }

    /** The other thread: does what it is given, after a moment. */
    private void disturb() {
      for (int idle = 0; !over; idle++) {
        Job job = box.getAndSet(null);
        if (job == null) {
          if (idle > 200) {
            LockSupport.parkNanos(1_000_000);
          }
          continue;
        }
        idle = 0;
        spin(job.delayNanos);
        job.first.run();
        if (job.second != null) {
          job.second.run();
        }
        job.done.set(1);
      }
    }

    private void round(Mode mode, Body body) throws Exception {
      var source = CancellationSource.create();
      var outer = CancellationSource.create();
      Runnable cancel = source::cancel;
      Runnable interrupt = me::interrupt;
      var done = new AtomicLong();
      long delay = random.nextInt(20_000);
      box.set(
          switch (mode) {
            case CANCEL -> new Job(cancel, null, delay, done);
            case FOREIGN -> new Job(interrupt, null, delay, done);
            case FOREIGN_THEN_CANCEL -> new Job(interrupt, cancel, delay, done);
            case CANCEL_THEN_FOREIGN -> new Job(cancel, interrupt, delay, done);
            case NESTED -> new Job(cancel, outer::cancel, delay, done);
          });
      LockSupport.unpark(other);
      boolean thrown = false;
      try {
        if (mode == Mode.NESTED) {
          nested(outer, source, body, done);
        } else {
          Blocking.interruptibly(source.token(), () -> block(body));
        }
      } catch (CancelledException e) {
        count(Count.CANCELLED);
      } catch (InterruptedException e) {
        thrown = true;
      }
      boolean flagged = me.isInterrupted();
      awaitDone(done);
      boolean late = Thread.interrupted();
      boolean seen = thrown || flagged || late;
      switch (mode) {
        case CANCEL, NESTED -> {
          if (seen) {
            count(Count.STRAY);
          }
        }
        case FOREIGN -> {
          if (!seen && body != Body.SWALLOW) {
            count(Count.FOREIGN_LOST);
          }
        }
        case FOREIGN_THEN_CANCEL -> {
          if (!seen && body == Body.RESTORE) {
            count(Count.MERGED); // documented: the body set the flag again just when ours was due
          } else if (!seen && body != Body.SWALLOW) {
            count(Count.FOREIGN_LOST);
          }
        }
        case CANCEL_THEN_FOREIGN -> {
          if (!seen) {
            count(Count.MERGED); // documented: two interrupts, one flag
          }
        }
      }
    }

    private void nested(
        CancellationSource outer, CancellationSource inner, Body body, AtomicLong done)
        throws Exception {
      try {
        Blocking.interruptibly(
            outer.token(),
            () -> {
              try {
                Blocking.interruptibly(inner.token(), () -> block(body));
              } catch (CancelledException e) {
                count(Count.CANCELLED);
              }
              Thread.sleep(60_000); // only the outer cancellation can end this
              return true;
            });
        count(Count.OUTER_LOST);
      } catch (CancelledException e) {
        if (e.reason() != outer.token().reason().orElseThrow()) {
          count(Count.OUTER_LOST);
        }
      } finally {
        awaitDone(done);
      }
    }

    private boolean block(Body body) throws InterruptedException {
      switch (body) {
        case RETURN -> {}
        case PARK -> LockSupport.parkNanos(random.nextInt(40_000));
        case SLEEP -> Thread.sleep(0, random.nextInt(40_000));
        case BLOCK -> Thread.sleep(60_000);
        case SPIN -> spin(random.nextInt(20_000));
        case RESTORE -> {
          try {
            Thread.sleep(0, random.nextInt(40_000));
          } catch (InterruptedException e) {
            me.interrupt();
          }
        }
        case SWALLOW -> {
          try {
            Thread.sleep(0, random.nextInt(40_000));
          } catch (InterruptedException e) {
            return false;
          }
        }
      }
      return true;
    }

    /** Without a look at the flag, which may be set. */
    @SuppressWarnings("ThreadPriorityCheck") // leaves the core to whom it waits for
    private static void awaitDone(AtomicLong done) {
      for (int i = 0; done.get() == 0; i++) {
        if (i < 100) {
          Thread.onSpinWait();
        } else {
          Thread.yield();
        }
      }
    }

    private static void spin(long nanos) {
      long end = System.nanoTime() + nanos;
      while (System.nanoTime() - end < 0) {
        Thread.onSpinWait();
      }
    }
  }
}
