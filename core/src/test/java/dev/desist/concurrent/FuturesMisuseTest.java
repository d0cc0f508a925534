package dev.desist.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;

/** A null is refused where it is passed, with the name of the parameter. */
@SuppressWarnings({"NullAway", "DataFlowIssue", "FutureReturnValueIgnored"}) // passing null
class FuturesMisuseTest {
  private static DynamicTest refuses(String parameter, String what, Executable call) {
    return DynamicTest.dynamicTest(
        what + ": " + parameter,
        () -> assertEquals(parameter, assertThrows(NullPointerException.class, call).getMessage()));
  }

  @TestFactory
  Stream<DynamicTest> null_is_refused_by_name() {
    CancellationToken live = CancellationSource.create().token();
    CancellationToken none = CancellationToken.none();
    Executor direct = Runnable::run;
    Callable<String> work = () -> "v";
    var pool = ForkJoinPool.commonPool();
    var future = new CompletableFuture<String>();
    var linked = Futures.under(live, future);
    return Stream.of(
        refuses("token", "submit", () -> Futures.submit(null, direct, work)),
        refuses("executor", "submit", () -> Futures.submit(live, null, work)),
        refuses("work", "submit", () -> Futures.submit(live, direct, null)),
        refuses("disposer", "submit", () -> Futures.submit(live, direct, work, null)),
        refuses("token", "under", () -> Futures.under(null, future)),
        refuses("stage", "under", () -> Futures.under(live, null)),
        refuses("token", "await", () -> Futures.await(null, future)),
        refuses("future", "await", () -> Futures.await(live, null)),
        refuses("future", "await, none", () -> Futures.await(none, null)),
        refuses("token", "awaitOrCancel", () -> Futures.awaitOrCancel(null, future)),
        refuses("future", "awaitOrCancel", () -> Futures.awaitOrCancel(live, null)),
        refuses("token", "executor", () -> Futures.executor(null, pool)),
        refuses("executor", "executor", () -> Futures.executor(live, null)),
        refuses("task", "execute", () -> Futures.executor(live, pool).execute(null)),
        refuses("unit", "orTimeout", () -> linked.orTimeout(1, null)),
        refuses("unit", "completeOnTimeout", () -> linked.completeOnTimeout("v", 1, null)),
        refuses("fn", "thenCompose", () -> linked.thenCompose(null)),
        refuses("fn", "exceptionallyCompose", () -> linked.exceptionallyCompose(null)));
  }

  @TestFactory
  Stream<DynamicTest> null_is_refused_by_name_in_a_slot() {
    Executor direct = Runnable::run;
    var latest = Latest.<String>open(CancellationToken.none(), direct, _ -> {});
    return Stream.of(
        refuses("token", "open", () -> Latest.<String>open(null, direct, _ -> {})),
        refuses(
            "deliverOn",
            "open",
            () -> Latest.<String>open(CancellationToken.none(), null, _ -> {})),
        refuses(
            "consumer", "open", () -> Latest.<String>open(CancellationToken.none(), direct, null)),
        refuses(
            "configure",
            "open",
            () -> Latest.<String>open(CancellationToken.none(), direct, _ -> {}, null)),
        refuses(
            "configure must not give null",
            "open",
            () -> Latest.<String>open(CancellationToken.none(), direct, _ -> {}, _ -> null)),
        refuses(
            "name",
            "options",
            () ->
                Latest.<String>open(
                    CancellationToken.none(), direct, _ -> {}, o -> o.withName(null))),
        refuses(
            "executor",
            "options",
            () ->
                Latest.<String>open(
                    CancellationToken.none(), direct, _ -> {}, o -> o.withExecutor(null))),
        refuses(
            "disposer",
            "options",
            () ->
                Latest.<String>open(
                    CancellationToken.none(), direct, _ -> {}, o -> o.withDisposer(null))),
        refuses("task", "submit", () -> latest.submit(null)),
        refuses("reason", "cancel", () -> latest.cancel(null)));
  }

  /** What completes a future with null is no misuse, but a failure must be one. */
  @TestFactory
  Stream<DynamicTest> a_failure_that_is_null_is_refused() {
    var linked = Futures.under(CancellationToken.none(), new CompletableFuture<String>());
    return Stream.of(
        DynamicTest.dynamicTest(
            "completeExceptionally",
            () -> {
              assertThrows(NullPointerException.class, () -> linked.completeExceptionally(null));
              assertEquals("absent", linked.getNow("absent"));
            }));
  }
}
