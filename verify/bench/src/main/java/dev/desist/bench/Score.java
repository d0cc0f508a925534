package dev.desist.bench;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Collection;
import java.util.Optional;
import java.util.stream.Collectors;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;

/**
 * What one contestant reached in one round.
 *
 * @param benchmark the group, the benchmark, and its parameters
 * @param contestant who
 * @param less what it does less than Desist, or empty
 * @param unit of the value
 * @param value less is better
 * @param bytes allocated for each operation, or NaN if that was not measured
 */
public record Score(
    String benchmark,
    String contestant,
    Optional<String> less,
    String unit,
    double value,
    double bytes) {
  private static final String PACKAGE = Score.class.getPackageName() + '.';

  /** {@return what an experiment has found, who does the same as Desist} */
  public static Score of(String benchmark, String contestant, String unit, double value) {
    return new Score(benchmark, contestant, Optional.empty(), unit, value, Double.NaN);
  }

  static Score of(RunResult result) {
    BenchmarkParams params = result.getParams();
    String parameters =
        params.getParamsKeys().stream()
            .map(key -> ' ' + key + '=' + params.getParam(key))
            .collect(Collectors.joining());
    Result<?> time = result.getPrimaryResult();
    double bytes = Double.NaN;
    for (Result<?> each : result.getSecondaryResults().values()) {
      if (each.getLabel().endsWith("gc.alloc.rate.norm")) {
        bytes = each.getScore();
      }
    }
    return new Score(
        benchmark(params.getBenchmark()) + parameters,
        method(params.getBenchmark()),
        less(params.getBenchmark()),
        time.getScoreUnit(),
        time.getScore(),
        bytes);
  }

  /** {@return the group and the benchmark, such as scope.All, to which this method belongs} */
  static String benchmark(String method) {
    return type(method).substring(PACKAGE.length());
  }

  static String type(String method) {
    return method.substring(0, method.lastIndexOf('.'));
  }

  private static String method(String method) {
    return method.substring(method.lastIndexOf('.') + 1);
  }

  private static Optional<String> less(String method) {
    try {
      Collection<Method> all = Arrays.asList(Class.forName(type(method)).getMethods());
      return all.stream()
          .filter(each -> each.getName().equals(method(method)))
          .flatMap(each -> Optional.ofNullable(each.getAnnotation(Less.class)).stream())
          .map(Less::value)
          .findFirst();
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }
}
