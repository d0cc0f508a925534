package dev.desist.concurrent;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.Leftover;
import dev.desist.Leftovers;
import dev.desist.TimeSource;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** The work of futures and slots that goes on after it was cancelled is found. */
@ExtendWith(Hygiene.class)
@Timeout(30)
class DeafWorkTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final ManualTime time = new ManualTime();
  private final CancellationSource source = CancellationSource.create("search");
  private final CountDownLatch inside = new CountDownLatch(1);
  private final CountDownLatch release = new CountDownLatch(1);
  private final List<Leftover> reports = new CopyOnWriteArrayList<>();
  private final Leftovers.Registration listening = Leftovers.onReport(reports::add);
  private final LogProbe log = new LogProbe();

  @AfterEach
  void nothing_is_left() {
    release.countDown();
    soon(() -> Leftovers.list().isEmpty());
    soon(() -> time.pending() == 0);
    listening.close();
    log.close();
    source.close();
    Leftovers.reportAfter(PATIENCE);
  }

  private String deaf() {
    inside.countDown();
    while (true) {
      try {
        release.await();
        return "late";
      } catch (InterruptedException e) {
        // deaf to that, too
      }
    }
  }

  /** A way to start work, and one to cancel it. */
  record Way(String name, Begin begin) {
    @Override
    public String toString() {
      return name;
    }
  }

  @FunctionalInterface
  interface Begin {
    /** Begins the work, and gives what cancels it. */
    Runnable begin(DeafWorkTest test) throws Exception;
  }

  static final List<Way> WAYS =
      List.of(
          new Way(
              "the token of submit",
              test -> {
                var _ = Futures.submit(test.source.token(), Thread::startVirtualThread, test::deaf);
                return test.source::cancel;
              }),
          new Way(
              "the future of submit",
              test -> {
                var future =
                    Futures.submit(test.source.token(), Thread::startVirtualThread, test::deaf);
                return () -> future.cancel(true);
              }),
          new Way(
              "a future made from that of submit",
              test -> {
                var future =
                    Futures.submit(test.source.token(), Thread::startVirtualThread, test::deaf)
                        .thenApply(String::length);
                return () -> future.complete(3);
              }),
          new Way(
              "a timeout of the future",
              test -> {
                var _ =
                    Futures.submit(test.source.token(), Thread::startVirtualThread, test::deaf)
                        .orTimeout(1, TimeUnit.SECONDS);
                return () -> test.time.advance(Duration.ofSeconds(1));
              }),
          new Way(
              "the token of an executor",
              test -> {
                var pool = Executors.newVirtualThreadPerTaskExecutor();
                var _ = Futures.executor(test.source.token(), pool).submit(test::deaf);
                pool.shutdown();
                return test.source::cancel;
              }),
          new Way(
              "the next submission to a slot",
              test -> {
                var slot = Latest.<String>open(CancellationToken.none(), Runnable::run, _ -> {});
                var _ = slot.submit(test::deaf);
                return () -> slot.submit(() -> "next");
              }));

  @ParameterizedTest
  @FieldSource("WAYS")
  void work_that_goes_on_is_listed_and_told_until_it_ends(Way way) throws Exception {
    Runnable cancel = time.call(() -> way.begin().begin(this));
    inside.await();
    assertEquals(way.name().startsWith("a timeout") ? 1 : 0, time.pending(), "timers before");
    cancel.run();
    soon(() -> time.pending() == 1);
    time.advance(PATIENCE.minusNanos(1));
    assertEquals(List.of(), Leftovers.list());
    time.advance(Duration.ofNanos(1));
    soon(() -> reports.size() == 1);
    Leftover leftover = reports.getFirst();
    assertNull(leftover.scope());
    assertTrue(leftover.leftBehind());
    assertTrue(
        leftover.stack().stream().anyMatch(frame -> frame.getMethodName().equals("deaf")),
        leftover::toString);
    assertFalse(leftover.deafFor().compareTo(PATIENCE) < 0, leftover::toString);
    assertEquals(leftover.task(), Leftovers.list().getFirst().task());
    assertEquals(1, warnings().count());
    assertTrue(warnings().allMatch(line -> line.contains("DeafWorkTest.deaf")));
    time.advance(PATIENCE);
    release.countDown();
    soon(() -> Leftovers.list().isEmpty());
    soon(() -> lines("INFO left behind, and ended at last").count() == 1);
    assertEquals(1, reports.size());
  }

  @Test
  void it_is_named_after_its_token_and_says_why() throws Exception {
    var _ = time.call(() -> Futures.submit(source.token(), Thread::startVirtualThread, this::deaf));
    inside.await();
    source.cancel("the user went away");
    soon(() -> time.pending() == 1);
    time.advance(PATIENCE);
    soon(() -> reports.size() == 1);
    String sentence = reports.getFirst().sentence();
    assertTrue(sentence.startsWith("work \"search\" on virtual thread "), sentence);
    assertTrue(
        sentence.endsWith(" ms ago because the user went away, and goes on; it is left behind"),
        sentence);
    assertEquals(source.token().reason().orElseThrow(), reports.getFirst().reason());
  }

  @Test
  void work_that_listens_leaves_no_timer_and_is_never_listed() throws Exception {
    var ended = new CountDownLatch(1);
    var future =
        time.call(
            () ->
                Futures.submit(
                    source.token(),
                    Thread::startVirtualThread,
                    () -> {
                      inside.countDown();
                      Cancellation.current().await();
                      ended.countDown();
                      Cancellation.checkpoint();
                      return 1;
                    }));
    inside.await();
    source.cancel();
    ended.await();
    soon(future::isDone);
    soon(() -> time.pending() == 0);
    time.advance(PATIENCE);
    assertEquals(List.of(), reports);
    assertEquals(0, warnings().count());
  }

  @Test
  void of_many_of_a_name_the_stack_of_one_is_logged() throws Exception {
    var begun = new AtomicInteger();
    Object _ =
        time.call(
            () -> {
              for (int i = 0; i < 30; i++) {
                var _ =
                    Futures.submit(
                        source.token(),
                        Thread::startVirtualThread,
                        () -> {
                          begun.incrementAndGet();
                          return deaf();
                        });
              }
              return null;
            });
    soon(() -> begun.get() == 30);
    source.cancel();
    soon(() -> time.pending() == 30);
    time.advance(PATIENCE);
    soon(() -> reports.size() == 30);
    assertEquals(30, Leftovers.list().size());
    soon(() -> warnings().count() == 30);
    long stacks = warnings().filter(line -> line.contains("\tat ")).count();
    assertTrue(stacks >= 1 && stacks < 30, () -> stacks + " stacks"); // some report side by side
  }

  @Test
  void the_patience_can_be_set() throws Exception {
    Leftovers.reportAfter(Duration.ofMillis(5));
    var _ = time.call(() -> Futures.submit(source.token(), Thread::startVirtualThread, this::deaf));
    inside.await();
    source.cancel();
    soon(() -> time.pending() == 1);
    time.advance(Duration.ofMillis(5));
    soon(() -> reports.size() == 1);
    assertEquals(
        "patience must not be negative: PT-1S",
        assertThrows(
                IllegalArgumentException.class, () -> Leftovers.reportAfter(Duration.ofSeconds(-1)))
            .getMessage());
  }

  @Test
  void a_clock_that_fails_is_logged_and_keeps_nobody_from_anything() throws Exception {
    var future =
        TimeSource.callWith(
            new NoTimers(time),
            () -> Futures.submit(source.token(), Thread::startVirtualThread, this::deaf));
    inside.await();
    assertTrue(future.cancel(true));
    soon(() -> lines("SEVERE the time source of work").count() == 1);
    assertEquals(List.of(), reports);
  }

  private record NoTimers(TimeSource time) implements TimeSource {
    @Override
    public long nanoTime() {
      return time.nanoTime();
    }

    @Override
    public Instant instant() {
      return time.instant();
    }

    @Override
    public Timer schedule(long nanoTime, Runnable task) {
      throw new IllegalStateException("no timers");
    }

    @Override
    public void dispatch(Runnable task) {
      time.dispatch(task);
    }

    @Override
    public void parkUntil(Object blocker, long nanoTime) {
      time.parkUntil(blocker, nanoTime);
    }
  }

  private static void soon(Callable<Boolean> condition) {
    await().pollInterval(Duration.ofMillis(1)).until(condition);
  }

  private Stream<String> warnings() {
    return lines("WARNING work ");
  }

  private Stream<String> lines(String begin) {
    return log.lines().stream().filter(line -> line.startsWith(begin));
  }
}
