package dev.desist.examples.searchdesk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancelledException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

class WorkTest {
  private final Queue<Runnable> queue = new ArrayDeque<>();
  private final List<Object> ends = new ArrayList<>();
  private final Work work = Work.root("server").child("request 1", "");

  private String state() {
    return work.toJson().getString("state");
  }

  /** By the time somebody is told, the picture shows it. */
  private void told(String value, Throwable failure) {
    ends.add(failure == null ? value : failure);
    ends.add(state());
  }

  @Test
  void whatIsCancelledWhileItWaitsIsOverAtOnceAndNeverStarts() throws Exception {
    work.run(queue::add, () -> "found", this::told);
    assertEquals("waiting", state());
    assertTrue(work.isGoingOn());
    work.cancel(CancellationReason.superseded("request 2 took its place"));
    work.over().get(); // although the executor has not come to it
    queue.remove().run();
    var why = assertInstanceOf(CancelledException.class, ends.getFirst());
    assertEquals("request 2 took its place", why.reason().message());
    assertEquals(List.of(why, "cancelled"), ends);
  }

  @Test
  void whatRunsStopsAtACheckpoint() {
    work.run(
        queue::add,
        () -> {
          assertEquals("running", state());
          work.cancel(CancellationReason.requested("enough"));
          assertEquals("stopping", state());
          assertTrue(work.isGoingOn());
          Cancellation.checkpoint();
          return "found";
        },
        this::told);
    queue.remove().run();
    assertInstanceOf(CancelledException.class, ends.getFirst());
    assertEquals("cancelled", ends.getLast());
    assertFalse(work.isGoingOn());
  }

  /** Completion beats a cancellation that came late. */
  @Test
  void aValueCountsAlthoughItWasCancelled() {
    work.run(
        queue::add,
        () -> {
          work.cancel(CancellationReason.requested("too late"));
          return "found";
        },
        this::told);
    queue.remove().run();
    assertEquals(List.of("found", "complete"), ends);
  }

  @Test
  void aFailureIsToldWithoutItsWrapper() {
    var failure = new IOException("no space");
    work.run(
        queue::add,
        () -> {
          throw new ExecutionException(failure);
        },
        this::told);
    queue.remove().run();
    assertEquals(List.of(failure, "failed"), ends);
    assertFalse(work.isGoingOn());
  }
}
