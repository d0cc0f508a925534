package dev.desist.bench.stream;

import dev.desist.CancellationSource;
import dev.desist.bench.Contest;
import dev.desist.bench.Less;
import dev.desist.stream.UntilCancelled;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;

/**
 * Goes through a list of 10,000 numbers as text, and adds up what they say: some ten nanoseconds an
 * item. It can be ended between two items, with Desist at a stride of 64. The time is that of an
 * item.
 */
@OperationsPerInvocation(ParseStream.N)
public class ParseStream extends Contest {
  static final int N = 10_000;

  private final List<String> texts =
      new Random(1).ints(N, 0, 1_000_000_000).mapToObj(Integer::toString).toList();
  private final UntilCancelled until =
      UntilCancelled.thenEnd(CancellationSource.create().token()).every(64);
  private final AtomicBoolean flag = new AtomicBoolean();

  private static long sum(Stream<String> numbers) {
    return numbers.mapToLong(Long::parseLong).filter(number -> number % 3 != 0).sum();
  }

  @Benchmark
  public long desist() {
    return sum(until.stream(texts.stream()));
  }

  @Benchmark
  @Less("has only a flag, and asks it for each item")
  public long takeWhile() {
    return sum(texts.stream().takeWhile(_ -> !flag.get()));
  }

  @Benchmark
  @Less("cannot be ended")
  public long bare() {
    return sum(texts.stream());
  }
}
