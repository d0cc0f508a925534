package dev.desist.bench.token;

import de.entwicklertraining.cancellation.CancellationTokenSource;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.bench.Contest;
import dev.desist.bench.Less;
import kotlinx.coroutines.Job;
import kotlinx.coroutines.JobKt;
import org.openjdk.jmh.annotations.Benchmark;

/**
 * Makes a child that would be cancelled with its parent, and closes it. In CancellationToken4J a
 * child asks its parents at each poll, and no parent knows of it. Bolts has no children.
 */
public class Child extends Contest {
  private final CancellationToken desist = CancellationSource.create().token();
  private final de.entwicklertraining.cancellation.CancellationToken token4j =
      CancellationTokenSource.create().getToken();
  private final Job coroutines = JobKt.Job(null);

  @Benchmark
  public Object desist() {
    try (CancellationSource child = desist.child()) {
      return child;
    }
  }

  @Benchmark
  @Less("does not tell the child")
  public Object token4j() {
    try (CancellationTokenSource child = CancellationTokenSource.create()) {
      return child.combineWith(token4j);
    }
  }

  @Benchmark
  public Object coroutines() {
    var child = JobKt.Job(coroutines);
    child.complete();
    return child;
  }
}
