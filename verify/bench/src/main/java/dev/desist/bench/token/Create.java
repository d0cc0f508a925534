package dev.desist.bench.token;

import de.entwicklertraining.cancellation.CancellationTokenSource;
import dev.desist.CancellationSource;
import dev.desist.bench.Contest;
import dev.desist.bench.Less;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import kotlinx.coroutines.JobKt;
import org.openjdk.jmh.annotations.Benchmark;

/** Makes a source without parents, with its token; a bare flag is the floor. */
public class Create extends Contest {
  @Benchmark
  public Object desist() {
    return CancellationSource.create().token();
  }

  @Benchmark
  public Object token4j() {
    return CancellationTokenSource.create().getToken();
  }

  @Benchmark
  public Object bolts() {
    return new bolts.CancellationTokenSource().getToken();
  }

  @Benchmark
  public Object coroutines() {
    return JobKt.Job(null);
  }

  @Benchmark
  public CompletableFuture<Void> completableFuture() {
    return new CompletableFuture<>();
  }

  @Benchmark
  @Less("is only a flag")
  public Object flag() {
    return new AtomicBoolean();
  }
}
