package dev.desist.bench.scope;

import com.softwaremill.jox.structured.Race;
import dev.desist.bench.Contest;
import dev.desist.bench.Less;
import dev.desist.scope.Tasks;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.StructuredTaskScope;
import java.util.concurrent.StructuredTaskScope.Joiner;
import kotlin.Unit;
import kotlin.coroutines.Continuation;
import kotlinx.coroutines.CoroutineScope;
import kotlinx.coroutines.Deferred;
import kotlinx.coroutines.JobKt;
import kotlinx.coroutines.selects.SelectKt;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Two tasks that return at once; the first result is returned, when neither task runs any more.
 *
 * <p>A shared executor, {@code CompletableFuture} and Reactor return without waiting for the loser;
 * an executor that is opened and closed for each race waits. Coroutines run in a pool; all others
 * start a virtual thread for each task.
 */
public class RaceOfTwo extends Contest {
  private static final ExecutorService VIRTUAL = Executors.newVirtualThreadPerTaskExecutor();
  private static final Scheduler SCHEDULER = Schedulers.fromExecutorService(VIRTUAL);
  private static final List<Callable<Integer>> TASKS = List.of(Contest::trivial, Contest::trivial);

  @Benchmark
  public Integer desist() throws Exception {
    return Tasks.race(TASKS);
  }

  @Benchmark
  public Integer jdk() throws Exception {
    try (var scope = StructuredTaskScope.open(Joiner.<Integer>anySuccessfulResultOrThrow())) {
      TASKS.forEach(scope::fork);
      return scope.join();
    }
  }

  @Benchmark
  public Integer jox() throws InterruptedException {
    return Race.race(TASKS);
  }

  @Benchmark
  public Integer executor() throws Exception {
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      return executor.invokeAny(TASKS);
    }
  }

  @Benchmark
  @Less("does not wait for the loser")
  public Integer sharedExecutor() throws Exception {
    return VIRTUAL.invokeAny(TASKS);
  }

  @Benchmark
  @Less("does not wait for the loser, and cannot stop it")
  public Object completableFuture() {
    return CompletableFuture.anyOf(
            CompletableFuture.supplyAsync(Contest::trivial, VIRTUAL),
            CompletableFuture.supplyAsync(Contest::trivial, VIRTUAL))
        .join();
  }

  @Benchmark
  @Less("does not wait for the loser")
  public Object reactor() {
    return Mono.firstWithValue(
            Mono.fromCallable(Contest::trivial).subscribeOn(SCHEDULER),
            Mono.fromCallable(Contest::trivial).subscribeOn(SCHEDULER))
        .blockOptional();
  }

  @Benchmark
  public Integer coroutines() throws InterruptedException {
    return Coroutines.blocking(
        (scope, end) -> {
          Deferred<Integer> one = Coroutines.async(scope, Contest::trivial);
          Deferred<Integer> other = Coroutines.async(scope, Contest::trivial);
          return first(scope, one, other, end);
        });
  }

  static @Nullable Object first(
      CoroutineScope scope,
      Deferred<Integer> one,
      Deferred<Integer> other,
      Continuation<? super Integer> end) {
    return SelectKt.<Integer>select(
        select -> {
          for (Deferred<Integer> each : List.of(one, other)) {
            select.invoke(
                each.getOnAwait(),
                (value, _) -> {
                  JobKt.cancelChildren(scope.getCoroutineContext(), null);
                  return value;
                });
          }
          return Unit.INSTANCE;
        },
        end);
  }
}
