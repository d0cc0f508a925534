package dev.desist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;

/**
 * A null is refused where it is passed, with the name of the parameter, also on the token that is
 * never cancelled.
 */
@SuppressWarnings({"NullAway", "DataFlowIssue"}) // passing null is the point
class MisuseTest {
  private static DynamicTest refuses(String parameter, Executable call) {
    return DynamicTest.dynamicTest(
        parameter,
        () -> assertEquals(parameter, assertThrows(NullPointerException.class, call).getMessage()));
  }

  @TestFactory
  Stream<DynamicTest> null_is_refused_by_name() {
    var source = CancellationSource.create();
    var live = source.token();
    var none = CancellationToken.none();
    return Stream.concat(
        Stream.of(live, none)
            .flatMap(
                token ->
                    Stream.of(
                        refuses("callback", () -> token.onCancel(null)),
                        refuses("executor", () -> token.onCancel(null, () -> {})),
                        refuses("callback", () -> token.onCancel(Runnable::run, null)),
                        refuses("name", () -> token.child(null)),
                        refuses("deadline", () -> token.childWithDeadline(null)),
                        refuses("timeout", () -> token.childWithTimeout(null)),
                        refuses("timeout", () -> token.await(null)),
                        refuses("token", () -> Cancellation.run(null, () -> {})),
                        refuses("body", () -> Cancellation.run(token, null)),
                        refuses("body", () -> Cancellation.call(token, null)))),
        Stream.of(
            refuses("name", () -> CancellationSource.create(null)),
            refuses("message", () -> source.cancel((String) null)),
            refuses("reason", () -> source.cancel((CancellationReason) null)),
            refuses("reason", () -> source.cancelAsync(null)),
            refuses("reason", () -> source.cancelAsync(null, Runnable::run)),
            refuses("executor", () -> source.cancelAsync(CancellationReason.requested(), null)),
            refuses("timeout", () -> source.cancelAfter(null)),
            refuses("reason", () -> CancellationToken.cancelled(null)),
            refuses("parents", () -> CancellationSource.linkedTo((CancellationToken[]) null)),
            refuses("parents[1]", () -> CancellationSource.linkedTo(live, null)),
            refuses("message", () -> CancellationReason.requested(null)),
            refuses("peer", () -> CancellationReason.remote(null, "m")),
            refuses("deadline", () -> CancellationReason.deadlineExceeded("owner", null)),
            refuses("timeout", () -> Deadline.after(null)),
            refuses("instant", () -> Deadline.at(null)),
            refuses("a", () -> Deadline.earliest(null, Deadline.none())),
            refuses("b", () -> Deadline.earliest(Deadline.none(), null)),
            refuses("duration", () -> Cancellation.sleep(null)),
            refuses("token", () -> Cancellation.currentWith(null)),
            refuses("token", () -> Cancellation.sleep(null, java.time.Duration.ZERO)),
            refuses("body", () -> Cancellation.carrier().call((Action<?>) null)),
            refuses("body", () -> Cancellation.carrier().call((Task<?, ?>) null)),
            refuses("executor", () -> Cancellation.carrier().executor(null)),
            refuses("executor", () -> Cancellation.propagatingExecutor(null)),
            refuses("token", () -> new CancelledException(null)),
            refuses("body", () -> Cancellation.shielded((Action<?>) null))));
  }
}
