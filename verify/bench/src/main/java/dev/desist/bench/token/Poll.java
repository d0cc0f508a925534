package dev.desist.bench.token;

import de.entwicklertraining.cancellation.CancellationTokenSource;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.bench.Contest;
import dev.desist.bench.Less;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import kotlinx.coroutines.Job;
import kotlinx.coroutines.JobKt;
import org.openjdk.jmh.annotations.Benchmark;

/**
 * Asks a token that is not cancelled. A bare flag and a thread's interrupt flag know neither reason
 * nor callbacks; they are the floor.
 */
public class Poll extends Contest {
  private final CancellationToken desist = CancellationSource.create().token();
  private final de.entwicklertraining.cancellation.CancellationToken token4j =
      CancellationTokenSource.create().getToken();
  private final bolts.CancellationToken bolts = new bolts.CancellationTokenSource().getToken();
  private final Job coroutines = JobKt.Job(null);
  private final CompletableFuture<Void> completableFuture = new CompletableFuture<>();
  private final AtomicBoolean flag = new AtomicBoolean();

  @Benchmark
  public boolean desist() {
    return desist.isCancelled();
  }

  @Benchmark
  public boolean token4j() {
    return token4j.isCancelled();
  }

  @Benchmark
  public boolean bolts() {
    return bolts.isCancellationRequested();
  }

  @Benchmark
  public boolean coroutines() {
    return coroutines.isActive();
  }

  @Benchmark
  public boolean completableFuture() {
    return completableFuture.isDone();
  }

  @Benchmark
  @Less("is only a flag")
  public boolean flag() {
    return flag.get();
  }

  @Benchmark
  @Less("is only a flag")
  public boolean interrupted() {
    return Thread.currentThread().isInterrupted();
  }
}
