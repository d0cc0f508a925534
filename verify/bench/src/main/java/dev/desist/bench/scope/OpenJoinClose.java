package dev.desist.bench.scope;

import com.softwaremill.jox.structured.Scopes;
import dev.desist.bench.Contest;
import dev.desist.scope.TaskScope;
import java.util.concurrent.Executors;
import java.util.concurrent.StructuredTaskScope;
import kotlin.Unit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/**
 * A scope that is opened, joined and closed, with no task in it or with one that returns at once.
 *
 * <p>An executor counts as a scope whose close is its join. The task of coroutines runs in a pool;
 * all others start a virtual thread for it. Jox starts another thread for the body of the scope.
 */
public class OpenJoinClose extends Contest {
  /** How many tasks: none or one. */
  @Param({"0", "1"})
  public int tasks;

  @Benchmark
  public void desist() throws Exception {
    try (var scope = TaskScope.open()) {
      if (tasks == 1) {
        scope.fork(Contest::trivial);
      }
      scope.join();
    }
  }

  @Benchmark
  public void jdk() throws Exception {
    try (var scope = StructuredTaskScope.open()) {
      if (tasks == 1) {
        scope.fork(Contest::trivial);
      }
      scope.join();
    }
  }

  @Benchmark
  public Integer jox() throws InterruptedException {
    return Scopes.supervised(
        scope -> {
          if (tasks == 1) {
            scope.forkUser(Contest::trivial);
          }
          return 0;
        });
  }

  @Benchmark
  public void executor() {
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      if (tasks == 1) {
        var _ = executor.submit(Contest::trivial);
      }
    }
  }

  @Benchmark
  public Object coroutines() throws InterruptedException {
    return Coroutines.<Unit>blocking(
        (scope, _) -> {
          if (tasks == 1) {
            Coroutines.async(scope, Contest::trivial);
          }
          return Unit.INSTANCE;
        });
  }
}
