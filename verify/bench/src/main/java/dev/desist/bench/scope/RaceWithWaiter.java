package dev.desist.bench.scope;

import com.softwaremill.jox.structured.Race;
import dev.desist.Cancellation;
import dev.desist.bench.Contest;
import dev.desist.bench.Less;
import dev.desist.scope.Tasks;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.StructuredTaskScope;
import java.util.concurrent.StructuredTaskScope.Joiner;
import kotlinx.coroutines.Deferred;
import kotlinx.coroutines.DelayKt;
import org.openjdk.jmh.annotations.Benchmark;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Two tasks: one waits until it is cancelled, one returns at once, and its result is returned when
 * neither runs any more. The waiter waits in the contestant's own manner: on the current token, in
 * a suspending function, or, with all others, on a latch until it is interrupted. It is started
 * first, but may be cancelled before it waits.
 *
 * <p>A shared executor and Reactor return without waiting for the loser. {@code CompletableFuture}
 * does not take part: it could not end the waiter.
 */
public class RaceWithWaiter extends Contest {
  private static final ExecutorService VIRTUAL = Executors.newVirtualThreadPerTaskExecutor();
  private static final Scheduler SCHEDULER = Schedulers.fromExecutorService(VIRTUAL);
  private static final List<Callable<Integer>> TASKS =
      List.of(RaceWithWaiter::untilInterrupted, Contest::trivial);
  private static final List<Callable<Integer>> WITH_TOKEN =
      List.of(RaceWithWaiter::untilCancelled, Contest::trivial);

  private static Integer untilCancelled() throws InterruptedException {
    Cancellation.current().await();
    Cancellation.checkpoint();
    return 0;
  }

  private static Integer untilInterrupted() throws InterruptedException {
    new CountDownLatch(1).await();
    return 0;
  }

  @Benchmark
  public Integer desist() throws Exception {
    return Tasks.race(WITH_TOKEN);
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
  @Less("does not wait for the loser")
  public Object reactor() {
    return Mono.firstWithValue(
            Mono.fromCallable(RaceWithWaiter::untilInterrupted).subscribeOn(SCHEDULER),
            Mono.fromCallable(Contest::trivial).subscribeOn(SCHEDULER))
        .blockOptional();
  }

  @Benchmark
  public Integer coroutines() throws InterruptedException {
    return Coroutines.blocking(
        (scope, end) -> {
          Deferred<Integer> waiter =
              Coroutines.async(scope, (_, cancelled) -> DelayKt.awaitCancellation(cancelled));
          Deferred<Integer> other = Coroutines.async(scope, Contest::trivial);
          return RaceOfTwo.first(scope, waiter, other, end);
        });
  }
}
