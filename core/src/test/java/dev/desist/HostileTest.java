package dev.desist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Objects of others whose methods fail where the values of the root package deal with them. */
@ExtendWith(Hygiene.class)
@Timeout(20)
class HostileTest {
  /** What of a clock fails. */
  enum Part {
    NANO_TIME,
    INSTANT,
    NULL_INSTANT
  }

  /** Manual time, parts of which fail from some moment on. */
  private static final class HostileTime implements TimeSource {
    final ManualTime time = new ManualTime();
    final Set<Part> broken = EnumSet.noneOf(Part.class);

    private void fail(Part part) {
      if (broken.contains(part)) {
        throw new IllegalStateException(part + " fails");
      }
    }

    @Override
    public long nanoTime() {
      fail(Part.NANO_TIME);
      return time.nanoTime();
    }

    @Override
    @SuppressWarnings("NullAway") // against its contract
    public Instant instant() {
      fail(Part.INSTANT);
      return broken.contains(Part.NULL_INSTANT) ? null : time.instant();
    }

    @Override
    public Timer schedule(long nanoTime, Runnable task) {
      return time.schedule(nanoTime, task);
    }

    @Override
    public void dispatch(Runnable task) {
      task.run();
    }

    @Override
    public void parkUntil(Object blocker, long nanoTime) {
      time.parkUntil(blocker, nanoTime);
    }

    @Override
    public String toString() {
      throw new IllegalStateException("has no name");
    }
  }

  private final HostileTime time = new HostileTime();

  @ParameterizedTest
  @EnumSource
  void a_clock_that_fails_keeps_nobody_from_cancelling(Part part) throws Exception {
    var runs = new AtomicInteger();
    var source = TimeSource.callWith(time, () -> CancellationSource.create("on a bad clock"));
    var child = source.token().childWithTimeout(Duration.ofSeconds(1));
    child.token().onCancel(runs::incrementAndGet);
    time.broken.add(part);
    assertTrue(source.cancel());
    assertTrue(child.isCancelled());
    assertEquals(1, runs.get());
    assertTrue(child.token().toString().contains("cancelled"), child.token().toString());
  }

  @ParameterizedTest
  @EnumSource
  void nor_a_deadline_from_passing(Part part) throws Exception {
    var source = TimeSource.callWith(time, () -> CancellationSource.create("on a bad clock"));
    source.cancelAfter(Duration.ofSeconds(1));
    time.broken.add(part);
    time.time.advance(Duration.ofSeconds(1));
    assertInstanceOf(
        CancellationReason.DeadlineExceeded.class, source.token().reason().orElseThrow());
  }

  @ParameterizedTest
  @EnumSource
  void and_all_that_is_said_can_be_said(Part part) throws Exception {
    Deadline deadline = TimeSource.callWith(time, () -> Deadline.after(Duration.ofMillis(5)));
    var source = TimeSource.callWith(time, () -> CancellationSource.create("on a bad clock"));
    source.cancelAfter(Duration.ofMinutes(1));
    time.broken.add(part);
    assertTrue(deadline.toString().contains("5 ms"), deadline.toString());
    assertTrue(source.toString().contains("live"), source.toString());
    assertTrue(source.token().toString().contains("live"), source.token().toString());
    CancellationReason reason = CancellationReason.deadlineExceeded("owner", deadline);
    assertTrue(reason.toString().contains("5 ms"), reason.toString());
    assertEquals(deadline, deadline);
    assertEquals(deadline.hashCode(), deadline.hashCode());
  }

  /** Nothing that can be asked of it does not fail. */
  @SuppressWarnings({"ThrowableEqualsHashCode", "UnsynchronizedOverridesSynchronized"}) // hostile
  private static final class HostileException extends RuntimeException {
    private static final long serialVersionUID = 1;

    @Override
    public @Nullable String getMessage() {
      throw new IllegalStateException("no message");
    }

    @Override
    public @Nullable Throwable getCause() {
      throw new IllegalStateException("no cause");
    }

    @Override
    public String toString() {
      throw new IllegalStateException("no name");
    }

    @Override
    public boolean equals(@Nullable Object other) {
      throw new IllegalStateException("not equal");
    }

    @Override
    public int hashCode() {
      throw new IllegalStateException("no hash");
    }
  }

  @Test
  void an_exception_that_cannot_speak_is_a_failure_and_hides_no_cancellation() throws Exception {
    var hostile = new HostileException();
    assertSame(hostile, CancelledException.unwrap(hostile));
    assertTrue(CancelledException.find(hostile).isEmpty());
    Outcome<Object> outcome =
        Outcome.of(
            () -> {
              throw hostile;
            });
    assertSame(hostile, assertInstanceOf(Outcome.Failure.class, outcome).exception());
    var source = CancellationSource.create();
    source.cancel();
    var cancelled = new CancelledException(source.token(), hostile);
    assertTrue(cancelled.getMessage().contains("cancellation was requested"));
    hostile.addSuppressed(cancelled);
    assertTrue(CancelledException.find(hostile).isEmpty(), "it was not made from it");
    assertTrue(source.token().caused(hostile));
  }

  @Test
  void callbacks_that_fail_with_it_are_reported_and_the_others_run() {
    var source = CancellationSource.create();
    var runs = new AtomicInteger();
    source.token().onCancel(runs::incrementAndGet);
    source
        .token()
        .onCancel(
            () -> {
              throw new HostileException();
            });
    source.token().onCancel(runs::incrementAndGet);
    var failed = assertThrows(CancellationCallbackException.class, source::cancel);
    String message = String.valueOf(failed.getMessage());
    assertTrue(message.contains(HostileException.class.getName()), message);
    assertEquals(2, runs.get());
  }

  @Test
  void what_is_carried_throws_what_the_task_threw_also_if_it_was_not_declared() {
    Runnable sneaky = () -> HostileTest.<RuntimeException>sneak(new IOException("disk"));
    for (Runnable carried :
        new Runnable[] {
          () -> Cancellation.carrier().call(sneaky::run),
          () -> Cancellation.run(CancellationToken.none(), sneaky),
          () -> assertEquals(1, Cancellation.carrier().call(() -> sneak(sneaky))),
          () -> Cancellation.carrier().executor(Runnable::run).execute(sneaky),
          () -> Cancellation.propagatingExecutor(Runnable::run).execute(sneaky)
        }) {
      assertEquals("disk", assertThrows(IOException.class, carried::run).getMessage());
    }
  }

  private static int sneak(Runnable task) {
    task.run();
    return 1;
  }

  @SuppressWarnings("unchecked")
  private static <X extends Throwable> void sneak(Throwable thrown) throws X {
    throw (X) thrown;
  }

  @Test
  void a_null_task_is_refused_where_it_is_handed_over() {
    var runs = new AtomicInteger();
    for (var executor :
        new java.util.concurrent.Executor[] {
          Cancellation.carrier().executor(_ -> runs.incrementAndGet()),
          Cancellation.propagatingExecutor(_ -> runs.incrementAndGet())
        }) {
      @SuppressWarnings("NullAway")
      var thrown = assertThrows(NullPointerException.class, () -> executor.execute(null));
      assertEquals("task", thrown.getMessage());
    }
    assertEquals(0, runs.get());
  }

  @Test
  void threads_without_a_name_are_told_by_kind_and_number() throws Exception {
    var source = CancellationSource.create();
    Thread thread = Thread.ofPlatform().name("").start(source::cancel);
    thread.join();
    assertEquals(
        "platform thread " + thread.threadId(),
        source.token().reason().orElseThrow().origin().thread());
  }
}
