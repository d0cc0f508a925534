package dev.desist.net;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.CancelledIOException;
import dev.desist.Deadline;
import dev.desist.support.Call;
import dev.desist.support.Call.Kind;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.channels.AsynchronousCloseException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for every operation that waits, on both kinds of thread. */
@ExtendWith(Hygiene.class)
@Timeout(60)
class ChannelLawsTest {
  static Stream<Arguments> all() {
    return Stream.of(Operation.values())
        .flatMap(each -> Stream.of(Kind.values()).map(kind -> Arguments.of(each, kind)));
  }

  /** Without those that take a second to go on: what they would show, the other laws show. */
  static Stream<Arguments> quick() {
    return all().filter(each -> each.get()[0] != Operation.CONNECT);
  }

  /** Without sockets on virtual threads, which java.net.Socket itself closes. */
  static Stream<Arguments> interruptible() {
    return Stream.of(Operation.values())
        .flatMap(
            each ->
                Stream.of(Kind.values())
                    .filter(kind -> kind == Kind.PLATFORM || !each.isSocket())
                    .map(kind -> Arguments.of(each, kind)));
  }

  /** Those that can be given a deadline. */
  static Stream<Arguments> timed() {
    return Stream.of(Operation.values())
        .filter(Operation::isTimed)
        .flatMap(each -> Stream.of(Kind.values()).map(kind -> Arguments.of(each, kind)));
  }

  private static void goOn(Rig rig, Kind kind) throws Exception {
    assertTrue(rig.isOpen());
    Call<Object> again = Call.waiting(kind, () -> rig.call(CancellationToken.none()));
    rig.let();
    rig.check(again.get());
  }

  @ParameterizedTest
  @MethodSource("all")
  void promise19_a_cancelled_call_says_why_and_the_next_one_gets_what_it_would_have_got(
      Operation operation, Kind kind) throws Exception {
    try (Rig rig = operation.rig()) {
      var source = CancellationSource.create("tab");
      Call<Object> call = Call.waiting(kind, () -> rig.call(source.token()));
      source.cancel("closed");
      var e = call.failure(CancelledIOException.class);
      assertSame(source.token().reason().orElseThrow(), e.reason());
      assertEquals(List.of("tab"), e.path());
      assertInstanceOf(CancelledException.class, CancelledException.unwrap(e));
      rig.checkBytes(e);
      assertFalse(call.interrupted().get());
      goOn(rig, kind);
    }
  }

  /** The form with a token, called with another one current: see decision 12. */
  @ParameterizedTest
  @MethodSource("quick")
  void promise19_a_call_obeys_the_token_that_it_is_given_and_the_current_one(
      Operation operation, Kind kind) throws Exception {
    try (Rig rig = operation.rig()) {
      for (CancellationToken given :
          new CancellationToken[] {
            CancellationToken.none(), CancellationSource.create("given").token()
          }) {
        var current = CancellationSource.create("current");
        Call<Object> call =
            Call.waiting(kind, () -> Cancellation.call(current.token(), () -> rig.call(given)));
        current.cancel("the caller has gone");
        assertSame(
            current.token().reason().orElseThrow(),
            call.failure(CancelledIOException.class).reason());
        Call.start(kind, () -> Cancellation.call(current.token(), () -> rig.call(given)))
            .failure(CancelledIOException.class); // before it begins, too
        if (given.canBeCancelled()) {
          Call<Object> shielded =
              Call.waiting(
                  kind,
                  () ->
                      Cancellation.call(
                          current.token(), () -> Cancellation.shielded(() -> rig.call(given))));
          rig.let();
          rig.check(shielded.get());
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("quick")
  void promise19_also_if_it_is_cancelled_many_times(Operation operation, Kind kind)
      throws Exception {
    try (Rig rig = operation.rig()) {
      for (int i = 0; i < 20; i++) {
        try (var source = CancellationSource.create()) {
          Call<Object> call = Call.waiting(kind, () -> rig.call(source.token()));
          source.cancel();
          call.failure(CancelledIOException.class);
        }
      }
      goOn(rig, kind);
    }
  }

  @ParameterizedTest
  @MethodSource("timed")
  void a_deadline_that_passes_is_no_cancellation_and_loses_nothing(Operation operation, Kind kind)
      throws Exception {
    try (Rig rig = operation.rig()) {
      var source = CancellationSource.create();
      var e =
          Call.start(kind, () -> rig.call(source.token(), Deadline.after(Duration.ofMillis(20))))
              .failure(SocketTimeoutException.class);
      assertEquals("the timeout has passed", e.getMessage());
      rig.checkBytes(e);
      goOn(rig, kind);
    }
  }

  @ParameterizedTest
  @MethodSource("timed")
  void promise17_a_deadline_goes_by_its_clock(Operation operation, Kind kind) throws Exception {
    try (Rig rig = operation.rig()) {
      var time = new ManualTime();
      Duration hour = Duration.ofHours(1);
      Call<Object> call =
          Call.waiting(
              kind,
              () -> time.call(() -> rig.call(CancellationToken.none(), Deadline.after(hour))));
      time.advance(hour);
      rig.checkBytes(call.failure(SocketTimeoutException.class));
      goOn(rig, kind);
    }
  }

  @ParameterizedTest
  @MethodSource("timed")
  void before_its_deadline_a_call_is_as_any_other(Operation operation, Kind kind) throws Exception {
    try (Rig rig = operation.rig()) {
      Deadline deadline = Deadline.after(Duration.ofMinutes(1));
      var source = CancellationSource.create();
      Call<Object> cancelled = Call.waiting(kind, () -> rig.call(source.token(), deadline));
      source.cancel();
      rig.checkBytes(cancelled.failure(CancelledIOException.class));
      Call<Object> call = Call.waiting(kind, () -> rig.call(CancellationToken.none(), deadline));
      rig.let();
      rig.check(call.get());
    }
  }

  @ParameterizedTest
  @MethodSource("quick")
  void the_form_without_a_token_obeys_the_current_one(Operation operation, Kind kind)
      throws Exception {
    try (Rig rig = operation.rig()) {
      var source = CancellationSource.create();
      Call<Object> call =
          Call.waiting(kind, () -> Cancellation.call(source.token(), rig::callWithoutToken));
      source.cancel();
      rig.checkBytes(call.failure(CancelledIOException.class));
      goOn(rig, kind);
    }
  }

  @ParameterizedTest
  @MethodSource("quick")
  void a_token_that_is_cancelled_already_ends_even_what_need_not_wait(
      Operation operation, Kind kind) throws Exception {
    try (Rig rig = operation.rig()) {
      rig.let();
      var source = CancellationSource.create();
      source.cancel();
      var e = Call.start(kind, () -> rig.call(source.token())).failure(CancelledIOException.class);
      assertEquals(0, e.bytesTransferred);
      assertTrue(rig.isOpen());
      rig.check(Call.start(kind, () -> rig.call(CancellationToken.none())).get());
    }
  }

  @ParameterizedTest
  @MethodSource("interruptible")
  void an_interrupt_ends_the_call_stays_set_and_leaves_the_channel_open(
      Operation operation, Kind kind) throws Exception {
    try (Rig rig = operation.rig()) {
      Call<Object> call = Call.waiting(kind, () -> rig.call(CancellationToken.none()));
      call.thread().interrupt();
      var e = call.failure(InterruptedIOException.class);
      assertFalse(e instanceof CancelledIOException);
      assertTrue(call.interrupted().get());
      goOn(rig, kind);
    }
  }

  @ParameterizedTest
  @MethodSource("interruptible")
  void an_interrupt_from_before_the_call_ends_what_has_to_wait(Operation operation, Kind kind)
      throws Exception {
    try (Rig rig = operation.rig()) {
      Call<Object> call =
          Call.start(
              kind,
              () -> {
                Thread.currentThread().interrupt();
                return rig.call(CancellationToken.none());
              });
      assertFalse(call.failure(InterruptedIOException.class) instanceof CancelledIOException);
      assertTrue(call.interrupted().get());
      goOn(rig, kind);
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void closing_wakes_all_who_wait_on_either_kind_of_thread(Operation operation, Kind kind)
      throws Exception {
    try (Rig rig = operation.rig()) {
      var calls = new ArrayList<Call<Object>>();
      int waiters = operation.isSocket() || operation == Operation.CONNECT ? 1 : 4;
      for (int i = 0; i < waiters; i++) {
        Kind its = i % 2 == 0 ? kind : kind.other();
        calls.add(Call.waiting(its, () -> rig.call(CancellationToken.none())));
      }
      rig.shut();
      for (Call<Object> each : calls) {
        if (operation.isSocket()) {
          assertFalse(each.failure(SocketException.class) instanceof java.net.ConnectException);
        } else {
          each.failure(AsynchronousCloseException.class);
        }
      }
      assertFalse(rig.isOpen());
      assertInstanceOf(
          IOException.class,
          Call.start(kind, () -> rig.call(CancellationToken.none())).failure(IOException.class));
    }
  }

  @ParameterizedTest
  @MethodSource("quick")
  void the_deadline_of_the_token_ends_the_call(Operation operation, Kind kind) throws Exception {
    try (Rig rig = operation.rig();
        var source = CancellationToken.none().childWithTimeout(Duration.ofMillis(20))) {
      // On a busy machine the time may be over before it waits.
      Call<Object> call = Call.start(kind, () -> rig.call(source.token()));
      var e = call.failure(CancelledIOException.class);
      assertInstanceOf(CancellationReason.DeadlineExceeded.class, e.reason());
      goOn(rig, kind);
    }
  }

  @ParameterizedTest
  @MethodSource("quick")
  void promise17_a_deadline_on_manual_time(Operation operation, Kind kind) throws Exception {
    var time = new ManualTime();
    try (Rig rig = operation.rig();
        var source =
            time.call(() -> CancellationToken.none().childWithTimeout(Duration.ofHours(1)))) {
      Call<Object> call = Call.waiting(kind, () -> rig.call(source.token()));
      time.advance(Duration.ofHours(1).minusNanos(1));
      assertFalse(call.task().isDone());
      time.advance(Duration.ofNanos(1));
      var e = call.failure(CancelledIOException.class);
      assertInstanceOf(CancellationReason.DeadlineExceeded.class, e.reason());
      goOn(rig, kind);
      await().until(() -> time.pending() == 0);
    }
  }
}
