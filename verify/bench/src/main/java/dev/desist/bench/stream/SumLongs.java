package dev.desist.bench.stream;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.Stride;
import dev.desist.bench.Contest;
import dev.desist.bench.Less;
import java.util.Random;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;

/**
 * Adds up an array of 100,000 numbers, and can be ended on the way: in blocks of 1,000; by counting
 * steps and asking at each 1,000th; by asking at each step. The time is that of a number.
 */
@OperationsPerInvocation(SumLongs.N)
public class SumLongs extends Contest {
  static final int N = 100_000;

  private final CancellationToken token = CancellationSource.create().token();
  private final long[] values = new Random(1).longs(N).toArray();

  @Benchmark
  public long desist() {
    Stride stride = Cancellation.every(token, 1_000);
    long sum = 0;
    for (int i = 0, end; (end = stride.blockEnd(i, values.length)) > i; i = end) {
      for (int k = i; k < end; k++) {
        sum += values[k];
      }
    }
    return sum;
  }

  @Benchmark
  @Less("counts each step")
  public long desistSteps() {
    Stride stride = Cancellation.every(token, 1_000);
    long sum = 0;
    for (long value : values) {
      if (stride.isCancelled()) {
        break;
      }
      sum += value;
    }
    return sum;
  }

  @Benchmark
  @Less("asks at each step")
  public long desistPolls() {
    long sum = 0;
    for (long value : values) {
      if (token.isCancelled()) {
        break;
      }
      sum += value;
    }
    return sum;
  }

  @Benchmark
  @Less("cannot be ended")
  public long bare() {
    long sum = 0;
    for (long value : values) {
      sum += value;
    }
    return sum;
  }
}
