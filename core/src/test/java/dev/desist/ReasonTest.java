package dev.desist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.snippets.CallSites;
import dev.desist.testkit.ManualTime;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;

/** Promise 24: every cancellation can be explained. */
class ReasonTest {
  private final ManualTime time = new ManualTime();

  @Test
  void promise24_reason_origin_and_path() throws Exception {
    var server = CancellationSource.create("server");
    var session = server.token().child("session-3");
    var request = session.token().child("request-17");
    Thread canceller =
        Thread.ofPlatform()
            .name("event-loop-1")
            .start(() -> session.cancel(CancellationReason.superseded("a newer request came in")));
    canceller.join();
    CancellationReason reason = request.token().reason().orElseThrow();
    assertEquals("superseded", reason.kind());
    assertEquals("a newer request came in", reason.message());
    assertEquals("event-loop-1", reason.origin().thread());
    assertNull(reason.origin().callSite());
    assertEquals(List.of("session-3", "request-17"), request.token().path());
    assertSame(reason, session.token().reason().orElseThrow());
    assertEquals(List.of(), server.token().path());
  }

  @Test
  void the_message_is_a_sentence_for_three_in_the_morning() throws Exception {
    var request =
        time.call(
            () -> {
              var session = CancellationSource.create("session-3");
              var child = session.token().child("request-17");
              Thread.currentThread().setName("main");
              session.cancel(CancellationReason.disconnected("the browser went away"));
              return child;
            });
    var thrown = assertThrows(CancelledException.class, request.token()::throwIfCancelled);
    assertEquals(
        "\"request-17\" was cancelled because the browser went away. This came from thread main at"
            + " 2030-01-01T00:00:00Z, and reached it by way of session-3 > request-17.",
        thrown.getMessage());
    assertEquals(List.of("session-3", "request-17"), thrown.path());
  }

  @Test
  void the_message_for_a_deadline_names_owner_and_length() throws Exception {
    var source = time.call(() -> CancellationSource.create("lookup"));
    source.cancelAfter(Duration.ofMillis(1_500));
    time.advance(Duration.ofMillis(1_500));
    var thrown = new CancelledException(source.token());
    assertTrue(
        String.valueOf(thrown.getMessage())
            .startsWith(
                "\"lookup\" was cancelled because the 1.5 s deadline of \"lookup\" passed."),
        thrown.getMessage());
  }

  @Test
  void it_is_a_CancellationException_and_keeps_its_cause() {
    var cause = new IllegalStateException("driver");
    CancellationException thrown =
        new CancelledException(CancellationToken.cancelled(CancellationReason.closed()), cause);
    assertSame(cause, thrown.getCause());
    assertThrows(
        IllegalArgumentException.class, () -> new CancelledException(CancellationToken.none()));
  }

  @Test
  void every_kind_says_what_it_is() {
    var deadline = Deadline.after(Duration.ofMillis(5));
    for (CancellationReason reason :
        List.of(
            CancellationReason.requested("m"),
            CancellationReason.closed("m"),
            CancellationReason.siblingFailed("m"),
            CancellationReason.raceLost("m"),
            CancellationReason.superseded("m"),
            CancellationReason.shutdown("m"),
            CancellationReason.disconnected("m"),
            CancellationReason.interrupted("m"),
            CancellationReason.remote("peer", "m"))) {
      String text = reason.toString();
      assertTrue(
          text.contains("message=m") && text.contains(reason.getClass().getSimpleName()), text);
      assertEquals(reason, reason);
      assertEquals(Origin.nameOf(Thread.currentThread()), reason.origin().thread());
    }
    assertEquals("race lost", CancellationReason.raceLost("m").kind());
    assertEquals("deadline exceeded", CancellationReason.deadlineExceeded(null, deadline).kind());
    assertEquals(
        "the 5 ms deadline passed", CancellationReason.deadlineExceeded(null, deadline).message());
  }

  @Test
  void a_reason_notes_the_time_of_the_time_source_in_use() throws Exception {
    time.advance(Duration.ofSeconds(3));
    assertEquals(
        Instant.parse("2030-01-01T00:00:03Z"),
        time.call(() -> CancellationReason.requested().origin().time()));
  }

  @Test
  void an_unnamed_virtual_thread_is_told_by_its_number() throws Exception {
    var source = CancellationSource.create();
    Thread thread = Thread.startVirtualThread(source::cancel);
    thread.join();
    assertEquals(
        "virtual thread " + thread.threadId(),
        source.token().reason().orElseThrow().origin().thread());
  }

  @Test
  void promise24_the_call_site_when_switched_on() {
    Diagnostics.recordCallSites(true);
    try {
      var source = CancellationSource.create();
      CallSites.cancel(source);
      var site = Objects.requireNonNull(source.token().reason().orElseThrow().origin().callSite());
      assertEquals(CallSites.class.getName(), site.getClassName());
      assertEquals("cancel", site.getMethodName());
    } finally {
      Diagnostics.recordCallSites(false);
    }
  }

  @Test
  void an_exception_keeps_reason_and_path_across_serialization() throws Exception {
    var parent = CancellationSource.create("parent");
    var child = parent.token().child("child");
    parent.cancelAfter(Duration.ZERO);
    var thrown = new CancelledException(child.token());
    var bytes = new ByteArrayOutputStream();
    try (var out = new ObjectOutputStream(bytes)) {
      out.writeObject(thrown);
    }
    try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      var read = (CancelledException) in.readObject();
      assertEquals(thrown.getMessage(), read.getMessage());
      assertEquals(thrown.path(), read.path());
      assertEquals(thrown.reason().message(), read.reason().message());
      assertEquals(thrown.reason().origin(), read.reason().origin());
      assertTrue(((CancellationReason.DeadlineExceeded) read.reason()).deadline().isPassed());
    }
  }
}
