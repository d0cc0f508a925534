package dev.desist.scope;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.TimeSource;
import dev.desist.testkit.Hygiene;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A scope on a clock that fails, at each of the calls that it gets, once or from then on. */
@ExtendWith(Hygiene.class)
@Timeout(60)
class ScopeClockTest {
  /** The methods of a clock that fail. */
  enum Part {
    NANO_TIME,
    INSTANT,
    SCHEDULE,
    DISPATCH,
    PARK
  }

  /** The time of this machine, of which a part fails at one call, or from one on. */
  private static final class FailingTime implements TimeSource {
    private final Part part;
    private final boolean forever;
    private final Throwable failure;
    private final AtomicInteger left;

    FailingTime(Part part, int calls, boolean forever, Throwable failure) {
      this.part = part;
      this.forever = forever;
      this.failure = failure;
      this.left = new AtomicInteger(calls);
    }

    private void called(Part which) {
      if (which == part) {
        int before = left.getAndDecrement();
        if (before == 0 || (forever && before < 0)) {
          FailingTime.<RuntimeException>sneak(failure);
        }
      }
    }

    boolean hasFailed() {
      return left.get() < 0;
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // erased
    private static <X extends Throwable> void sneak(Throwable failure) throws X {
      throw (X) failure;
    }

    @Override
    public long nanoTime() {
      called(Part.NANO_TIME);
      return TimeSource.system().nanoTime();
    }

    @Override
    public Instant instant() {
      called(Part.INSTANT);
      return TimeSource.system().instant();
    }

    @Override
    public Timer schedule(long nanoTime, Runnable task) {
      called(Part.SCHEDULE);
      return TimeSource.system().schedule(nanoTime, task);
    }

    @Override
    public void dispatch(Runnable task) {
      called(Part.DISPATCH);
      TimeSource.system().dispatch(task);
    }

    @Override
    public void parkUntil(Object blocker, long nanoTime) {
      called(Part.PARK);
      TimeSource.system().parkUntil(blocker, nanoTime);
    }
  }

  /** What a run leaves to look at. */
  private static final class Run {
    final List<Subtask<String>> subtasks = new CopyOnWriteArrayList<>();
    volatile @Nullable TaskScope<String, Void> scope;
    volatile @Nullable Throwable thrown;
  }

  /** A scope that is ended by its timeout; or, if that was lost with the clock, by its user. */
  private static Run use(TimeSource time) throws Exception {
    var run = new Run();
    CancellationSource user =
        TimeSource.callWith(time, () -> CancellationSource.create("the user"));
    var task =
        new FutureTask<>(
            () ->
                TimeSource.callWith(
                    time,
                    () ->
                        Cancellation.call(
                            user.token(),
                            () -> {
                              open(run);
                              return Thread.currentThread().isInterrupted();
                            })));
    Thread owner = Thread.ofVirtual().start(task);
    boolean byItself = owner.join(Duration.ofMillis(300));
    user.cancel(); // runs no callback of ours that could throw here
    assertFalse(task.get(20, TimeUnit.SECONDS), "left interrupted; by itself: " + byItself);
    user.close();
    return run;
  }

  private static void open(Run run) {
    try (var scope =
        TaskScope.open(
            Joiner.<String>awaitAllSuccessfulOrThrow(),
            options ->
                options
                    .withName("on a bad clock")
                    .withTimeout(Duration.ofMillis(5))
                    .withGrace(Grace.interruptAfter(Duration.ofMillis(1))))) {
      run.scope = scope;
      run.subtasks.add(scope.fork("quick", () -> "value"));
      run.subtasks.add(
          scope.fork(
              "waits",
              () -> {
                Cancellation.current().await();
                return "cancelled";
              }));
      run.subtasks.add(
          scope.fork(
              "is interrupted",
              () -> {
                Thread.sleep(60_000);
                return "never";
              }));
      scope.join();
    } catch (Throwable e) {
      run.thrown = e;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "NANO_TIME, false", "NANO_TIME, true",
    "INSTANT, false", "INSTANT, true",
    "SCHEDULE, false", "SCHEDULE, true",
    "DISPATCH, false", "DISPATCH, true",
    "PARK, false", "PARK, true"
  })
  void promise21_every_subtask_ends_whatever_the_clock_does(Part part, boolean forever)
      throws Exception {
    List<Throwable> failures =
        List.of(new IllegalStateException("the clock fails"), new AssertionError("a bad clock"));
    int calls = 0;
    for (FailingTime time; ; calls++) {
      time = new FailingTime(part, calls, forever, failures.get(calls % 2));
      Run run = use(time);
      for (Subtask<String> subtask : run.subtasks) {
        assertTrue(
            subtask.state() != Subtask.State.UNAVAILABLE,
            () -> subtask + " goes on, after " + run.thrown);
      }
      if (run.scope != null) {
        assertTrue(String.valueOf(run.scope).endsWith("0 subtasks]"), String.valueOf(run.scope));
      }
      if (!time.hasFailed()) {
        break; // it has fewer calls than that
      }
      assertTrue(calls < 500, "it never comes to an end");
    }
  }
}
