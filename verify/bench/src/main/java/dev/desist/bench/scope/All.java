package dev.desist.bench.scope;

import com.softwaremill.jox.structured.Par;
import dev.desist.bench.Contest;
import dev.desist.scope.Tasks;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.StructuredTaskScope;
import java.util.concurrent.StructuredTaskScope.Joiner;
import java.util.stream.Stream;
import kotlinx.coroutines.AwaitKt;
import kotlinx.coroutines.Deferred;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Many tasks that return at once, and the list of what they return.
 *
 * <p>Coroutines run in a pool; all others start a virtual thread for each task. With executors and
 * {@code CompletableFuture} a failure would not stop the other tasks; none fails here.
 */
public class All extends Contest {
  private static final ExecutorService VIRTUAL = Executors.newVirtualThreadPerTaskExecutor();
  private static final Scheduler SCHEDULER = Schedulers.fromExecutorService(VIRTUAL);

  /** How many tasks. */
  @Param({"10", "1000"})
  public int n;

  private List<Callable<Integer>> tasks = List.of();

  @Setup
  public void tasks() {
    tasks = Collections.nCopies(n, Contest::trivial);
  }

  @Benchmark
  public List<Integer> desist() throws Exception {
    return Tasks.all(tasks);
  }

  @Benchmark
  public List<Integer> jdk() throws Exception {
    try (var scope = StructuredTaskScope.open(Joiner.<Integer>allSuccessfulOrThrow())) {
      tasks.forEach(scope::fork);
      return scope.join().map(StructuredTaskScope.Subtask::get).toList();
    }
  }

  @Benchmark
  public List<Integer> jox() throws InterruptedException {
    return Par.par(tasks);
  }

  @Benchmark
  public List<Integer> executor() throws Exception {
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      return values(executor.invokeAll(tasks));
    }
  }

  @Benchmark
  public List<Integer> sharedExecutor() throws Exception {
    return values(VIRTUAL.invokeAll(tasks));
  }

  private static List<Integer> values(List<Future<Integer>> futures) {
    return futures.stream().map(Future::resultNow).toList();
  }

  @Benchmark
  public List<Integer> completableFuture() {
    List<CompletableFuture<Integer>> futures =
        Stream.generate(() -> CompletableFuture.supplyAsync(Contest::trivial, VIRTUAL))
            .limit(n)
            .toList();
    CompletableFuture.allOf(futures.toArray(CompletableFuture<?>[]::new)).join();
    return futures.stream().map(CompletableFuture::join).toList();
  }

  @Benchmark
  public Object reactor() {
    return Flux.fromIterable(tasks)
        .flatMapSequential(task -> Mono.fromCallable(task).subscribeOn(SCHEDULER), n)
        .collectList()
        .blockOptional();
  }

  @Benchmark
  public Object coroutines() throws InterruptedException {
    return Coroutines.<List<? extends Integer>>blocking(
        (scope, end) -> {
          var started = new ArrayList<Deferred<Integer>>(n);
          for (int i = 0; i < n; i++) {
            started.add(Coroutines.async(scope, Contest::trivial));
          }
          return AwaitKt.awaitAll(started, end);
        });
  }
}
