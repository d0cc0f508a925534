package dev.desist.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

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
  private static DynamicTest refuses(String parameter, Executable call) {
    return DynamicTest.dynamicTest(
        parameter,
        () -> assertEquals(parameter, assertThrows(NullPointerException.class, call).getMessage()));
  }

  @TestFactory
  Stream<DynamicTest> null_is_refused_by_name() {
    CancellationToken token = CancellationToken.none();
    Executor direct = Runnable::run;
    Callable<String> task = () -> "v";
    var pool = ForkJoinPool.commonPool();
    var future = CompletableFuture.completedFuture("v");
    var builder = Latest.<String>builder(direct, v -> {}, e -> {});
    var latest = builder.build();
    return Stream.of(
        refuses("token", () -> Futures.supplyAsync(null, direct, task)),
        refuses("executor", () -> Futures.supplyAsync(token, null, task)),
        refuses("task", () -> Futures.supplyAsync(token, direct, null)),
        refuses("lateResult", () -> Futures.supplyAsync(token, direct, task, null)),
        refuses("executor", () -> Futures.supplyAsync(null, task)),
        refuses("token", () -> Futures.cancelWith(null, future)),
        refuses("future", () -> Futures.cancelWith(token, null)),
        refuses("future", () -> Futures.cancelWith(null)),
        refuses("token", () -> Futures.await(null, future)),
        refuses("future", () -> Futures.await(token, null)),
        refuses("token", () -> Futures.awaitOrCancel(null, future)),
        refuses("future", () -> Futures.awaitOrCancel(token, null)),
        refuses("token", () -> Futures.boundExecutor(null, pool)),
        refuses("executor", () -> Futures.boundExecutor(token, null)),
        refuses("task", () -> Futures.boundExecutor(token, pool).execute(null)),
        refuses("task", () -> Futures.boundExecutor(token, pool).submit((Callable<String>) null)),
        refuses("executor", () -> Latest.builder(null, v -> {}, e -> {})),
        refuses("onResult", () -> Latest.builder(direct, null, e -> {})),
        refuses("onFailure", () -> Latest.builder(direct, v -> {}, null)),
        refuses("parent", () -> builder.token(null)),
        refuses("executor", () -> builder.executor(null)),
        refuses("disposer", () -> builder.disposer(null)),
        refuses("task", () -> latest.submit(null)),
        refuses("message", () -> latest.cancel(null)));
  }
}
