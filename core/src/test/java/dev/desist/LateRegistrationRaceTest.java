package dev.desist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A callback that is registered late flags the whole tree before it runs. Here it does so at the
 * one moment when the canceller has cancelled its source and not yet begun its own walk: the
 * cancelled deadline is a hook by which a test gets in between. What the canceller has to do must
 * still be done.
 */
@ExtendWith(Hygiene.class)
class LateRegistrationRaceTest {
  private final HookedTime time = new HookedTime();
  private final CancellationSource source = time.source();
  private final CancellationToken token = source.token();

  @Test
  void promise6_a_parked_thread_is_woken() throws Exception {
    var waiter =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  try {
                    token.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
    while (waiter.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    registerLateDuringCancel();
    source.cancel();
    boolean woken = waiter.join(Duration.ofSeconds(5));
    waiter.interrupt();
    assertTrue(woken, "the waiting thread was not woken");
  }

  @Test
  void promise7_whenCancelled_completes() throws Exception {
    var future = token.whenCancelled().toCompletableFuture();
    registerLateDuringCancel();
    source.cancel("asked");
    assertEquals("asked", future.get(5, TimeUnit.SECONDS).message());
  }

  @Test
  void promise7_the_callback_of_a_linked_source_runs() {
    var other = CancellationSource.create();
    var linked = CancellationSource.linkedTo(token, other.token());
    var runs = new AtomicInteger();
    linked.token().onCancel(runs::incrementAndGet);
    registerLateDuringCancel();
    source.cancel();
    assertTrue(linked.isCancelled());
    assertEquals(1, runs.get());
  }

  @Test
  void promise9_the_timer_hands_over_what_a_child_has_to_call() {
    var child = token.child();
    var runs = new AtomicInteger();
    child.token().onCancel(runs::incrementAndGet);
    registerLateDuringCancel();
    time.manual.advance(Duration.ofHours(1));
    assertTrue(child.isCancelled());
    assertEquals(0, runs.get(), "a callback ran on the timer's thread");
    time.runDispatched();
    assertEquals(1, runs.get());
  }

  @Test
  void cancelAsync_calls_nothing_on_the_thread_that_cancels() throws Exception {
    var child = token.child();
    var caller = new AtomicReference<Thread>();
    child.token().onCancel(() -> caller.set(Thread.currentThread()));
    registerLateDuringCancel();
    assertTrue(
        source
            .cancelAsync(CancellationReason.requested())
            .toCompletableFuture()
            .get(5, TimeUnit.SECONDS));
    assertFalse(caller.get() == Thread.currentThread(), "a callback ran on the canceller's thread");
  }

  private void registerLateDuringCancel() {
    source.cancelAfter(Duration.ofHours(1));
    time.hook =
        () -> {
          try {
            Thread.ofPlatform().start(() -> token.onCancel(() -> {})).join();
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
        };
  }

  /** Manual time that calls a hook when an entry is cancelled, and keeps what is handed over. */
  private static final class HookedTime implements TimeSource {
    final ManualTime manual = new ManualTime();
    private final ArrayDeque<Runnable> dispatched = new ArrayDeque<>();
    Runnable hook = () -> {};

    CancellationSource source() {
      try {
        return TimeSource.callWith(this, CancellationSource::create);
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }

    void runDispatched() {
      while (!dispatched.isEmpty()) {
        dispatched.remove().run();
      }
    }

    @Override
    public long nanoTime() {
      return manual.nanoTime();
    }

    @Override
    public Instant instant() {
      return manual.instant();
    }

    @Override
    public Timer schedule(long nanoTime, Runnable task) {
      Timer entry = manual.schedule(nanoTime, task);
      return () -> {
        hook.run();
        return entry.cancel();
      };
    }

    @Override
    public void dispatch(Runnable task) {
      dispatched.add(task);
    }

    @Override
    public void parkUntil(Object blocker, long nanoTime) {
      manual.parkUntil(blocker, nanoTime);
    }
  }
}
