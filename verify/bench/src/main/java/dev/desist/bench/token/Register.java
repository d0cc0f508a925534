package dev.desist.bench.token;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.bench.Contest;
import kotlin.Unit;
import kotlinx.coroutines.Job;
import kotlinx.coroutines.JobKt;
import org.openjdk.jmh.annotations.Benchmark;

/**
 * Registers a callback, the only one, and unregisters it. CancellationToken4J and {@code
 * CompletableFuture} do not take part: they cannot unregister.
 */
public class Register extends Contest {
  private final CancellationToken desist = CancellationSource.create().token();
  private final bolts.CancellationToken bolts = new bolts.CancellationTokenSource().getToken();
  private final Job coroutines = JobKt.Job(null);

  private static void callback() {}

  @Benchmark
  public void desist() {
    desist.onCancel(Register::callback).close();
  }

  @Benchmark
  public void bolts() {
    bolts.register(Register::callback).close();
  }

  @Benchmark
  public void coroutines() {
    coroutines.invokeOnCompletion(_ -> Unit.INSTANCE).dispose();
  }
}
