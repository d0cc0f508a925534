package dev.desist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/** A task's end as a value. */
class OutcomeTest {
  @Test
  void a_value_is_a_success_null_too() throws Exception {
    assertEquals(new Outcome.Success<>(3), Outcome.of(() -> 3));
    assertEquals(new Outcome.Success<>(null), Outcome.of(() -> null));
  }

  @Test
  void an_exception_of_its_own_is_a_failure() throws Exception {
    var thrown = new IOException("no such host");
    assertEquals(
        new Outcome.Failure<>(thrown),
        Outcome.of(
            () -> {
              throw thrown;
            }));
  }

  @Test
  void a_cancellation_keeps_its_reason() throws Exception {
    CancellationReason reason = CancellationReason.superseded("request 2 took its place");
    CancellationToken token = CancellationToken.cancelled(reason);
    var outcome =
        Outcome.of(
            () -> {
              token.throwIfCancelled();
              return 1;
            });
    assertSame(reason, assertInstanceOf(Outcome.Cancelled.class, outcome).reason());
  }

  @Test
  void an_interrupt_is_not_an_outcome() {
    assertThrows(
        InterruptedException.class,
        () ->
            Outcome.of(
                () -> {
                  throw new InterruptedException();
                }));
  }

  @Test
  void an_error_is_not_an_outcome() {
    assertThrows(
        AssertionError.class,
        () ->
            Outcome.of(
                () -> {
                  throw new AssertionError("broken");
                }));
  }
}
