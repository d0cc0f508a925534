package dev.desist.bench.token;

import de.entwicklertraining.cancellation.CancellationTokenSource;
import dev.desist.CancellationSource;
import dev.desist.bench.Contest;
import java.util.concurrent.CompletableFuture;
import kotlin.Unit;
import kotlinx.coroutines.CompletableJob;
import kotlinx.coroutines.JobKt;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Cancels a token with 1,000 callbacks, all run by the thread that cancels. The time is that of one
 * callback without its registration, the bytes are those of both.
 */
@OperationsPerInvocation(FanOut.N)
public class FanOut extends Contest {
  static final int N = 1_000;

  private int called;

  private void call() {
    called++;
  }

  /** A source with callbacks. */
  @State(Scope.Thread)
  public static class Desist {
    private CancellationSource source = CancellationSource.create();

    @Setup(Level.Invocation)
    public void register(FanOut out) {
      source = CancellationSource.create();
      for (int i = 0; i < N; i++) {
        source.token().onCancel(out::call);
      }
    }
  }

  /** A source with callbacks. */
  @State(Scope.Thread)
  public static class Token4J {
    private CancellationTokenSource source = CancellationTokenSource.create();

    @Setup(Level.Invocation)
    public void register(FanOut out) {
      source = CancellationTokenSource.create();
      for (int i = 0; i < N; i++) {
        source.getToken().onCancelled(_ -> out.call());
      }
    }
  }

  /** A source with callbacks. */
  @State(Scope.Thread)
  public static class Bolts {
    private bolts.CancellationTokenSource source = new bolts.CancellationTokenSource();

    @Setup(Level.Invocation)
    public void register(FanOut out) {
      source = new bolts.CancellationTokenSource();
      for (int i = 0; i < N; i++) {
        source.getToken().register(out::call);
      }
    }
  }

  /** A job with callbacks. */
  @State(Scope.Thread)
  public static class Coroutines {
    private CompletableJob job = JobKt.Job(null);

    @Setup(Level.Invocation)
    public void register(FanOut out) {
      job = JobKt.Job(null);
      for (int i = 0; i < N; i++) {
        job.invokeOnCompletion(
            _ -> {
              out.call();
              return Unit.INSTANCE;
            });
      }
    }
  }

  /** A future with callbacks. */
  @State(Scope.Thread)
  public static class Future {
    private CompletableFuture<Void> future = new CompletableFuture<>();

    @Setup(Level.Invocation)
    public void register(FanOut out) {
      future = new CompletableFuture<>();
      for (int i = 0; i < N; i++) {
        var _ = future.thenRun(out::call);
      }
    }
  }

  @Benchmark
  public int desist(Desist with) {
    with.source.cancel();
    return called;
  }

  @Benchmark
  public int token4j(Token4J with) {
    with.source.cancel();
    return called;
  }

  @Benchmark
  public int bolts(Bolts with) {
    with.source.cancel();
    return called;
  }

  @Benchmark
  public int coroutines(Coroutines with) {
    with.job.cancel(null);
    return called;
  }

  @Benchmark
  public int completableFuture(Future with) {
    with.future.complete(null);
    return called;
  }
}
