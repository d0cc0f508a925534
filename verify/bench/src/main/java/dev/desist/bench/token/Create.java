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
  /** {@return a new one} */
  @Benchmark
  public Object desist() {
    return CancellationSource.create().token();
  }

  /** {@return a new one} */
  @Benchmark
  public Object token4j() {
    return CancellationTokenSource.create().getToken();
  }

  /** {@return a new one} */
  @Benchmark
  public Object bolts() {
    return new bolts.CancellationTokenSource().getToken();
  }

  /** {@return a new one} */
  @Benchmark
  public Object coroutines() {
    return JobKt.Job(null);
  }

  /** {@return a new one} */
  @Benchmark
  public CompletableFuture<Void> completableFuture() {
    return new CompletableFuture<>();
  }

  /** {@return a new one} */
  @Benchmark
  @Less("is only a flag")
  public Object flag() {
    return new AtomicBoolean();
  }
}
