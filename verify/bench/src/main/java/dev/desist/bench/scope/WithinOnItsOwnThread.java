package dev.desist.bench.scope;

import com.softwaremill.jox.structured.Race;
import dev.desist.bench.Contest;
import dev.desist.bench.Less;
import dev.desist.scope.Tasks;
import dev.failsafe.Failsafe;
import dev.failsafe.FailsafeExecutor;
import dev.failsafe.Timeout;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.StructuredTaskScope;
import java.util.concurrent.StructuredTaskScope.Joiner;
import java.util.concurrent.TimeUnit;
import kotlinx.coroutines.BuildersKt;
import kotlinx.coroutines.Dispatchers;
import kotlinx.coroutines.TimeoutKt;
import org.openjdk.jmh.annotations.Benchmark;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * A task on a thread of its own with a timeout that does not fire, being of 10 seconds.
 *
 * <p>If it fired, {@code orTimeout} would leave the task running, and Failsafe and Reactor would
 * interrupt it without waiting for its end, and so would a shared executor; nothing of that happens
 * here. A coroutine runs in a pool; all others start a virtual thread for the task, and Jox another
 * one for the timeout.
 */
public class WithinOnItsOwnThread extends Contest {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final ExecutorService VIRTUAL = Executors.newVirtualThreadPerTaskExecutor();
  private static final Scheduler SCHEDULER = Schedulers.fromExecutorService(VIRTUAL);
  private static final FailsafeExecutor<Integer> FAILSAFE =
      Failsafe.with(Timeout.<Integer>builder(TIMEOUT).withInterrupt().build()).with(VIRTUAL);

  @Benchmark
  public Integer desist() throws Exception {
    return Tasks.within(TIMEOUT, Contest::trivial, c -> c.withScope(s -> s));
  }

  @Benchmark
  public Integer jdk() throws Exception {
    try (var scope =
        StructuredTaskScope.open(
            Joiner.<Integer>awaitAllSuccessfulOrThrow(), with -> with.withTimeout(TIMEOUT))) {
      var subtask = scope.fork(Contest::trivial);
      scope.join();
      return subtask.get();
    }
  }

  @Benchmark
  public Integer jox() throws Exception {
    return Race.timeout(TIMEOUT.toMillis(), Contest::trivial);
  }

  @Benchmark
  public Integer executor() throws Exception {
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      return value(executor.submit(Contest::trivial));
    }
  }

  @Benchmark
  @Less("does not wait for the task when the time is up")
  public Integer sharedExecutor() throws Exception {
    return value(VIRTUAL.submit(Contest::trivial));
  }

  private static Integer value(Future<Integer> future) throws Exception {
    try {
      return future.get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } finally {
      future.cancel(true);
    }
  }

  @Benchmark
  @Less("does not stop the task when the time is up")
  public Integer completableFuture() {
    return CompletableFuture.supplyAsync(Contest::trivial, VIRTUAL)
        .orTimeout(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
        .join();
  }

  @Benchmark
  @Less("does not wait for the task when the time is up")
  public Integer failsafe() {
    return FAILSAFE.getAsync(Contest::trivial).join();
  }

  @Benchmark
  @Less("does not wait for the task when the time is up")
  public Object reactor() {
    return Mono.fromCallable(Contest::trivial)
        .subscribeOn(SCHEDULER)
        .timeout(TIMEOUT)
        .blockOptional();
  }

  @Benchmark
  public Integer coroutines() throws InterruptedException {
    return Coroutines.blocking(
        (_, end) ->
            TimeoutKt.<Integer>withTimeout(
                TIMEOUT.toMillis(),
                (_, inner) ->
                    BuildersKt.<Integer>withContext(
                        Dispatchers.getDefault(), (_, _) -> Contest.trivial(), inner),
                end));
  }
}
