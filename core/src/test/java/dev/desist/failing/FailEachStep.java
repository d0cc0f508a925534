package dev.desist.failing;

import dev.desist.RootSteps;
import dev.desist.concurrent.ConcurrentSteps;
import dev.desist.io.IoSteps;
import dev.desist.scope.ScopeSteps;
import dev.desist.shutdown.ShutdownSteps;
import dev.desist.stream.StreamSteps;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/** The program of tests: walks over catalogues, says so, and how long each took. */
public final class FailEachStep {
  private interface Catalogue {
    void walk(Walk walk) throws Exception;
  }

  private static final Map<String, Catalogue> ALL = new LinkedHashMap<>();

  static {
    ALL.put("root", RootSteps::walk);
    ALL.put("scope", ScopeSteps::walk);
    ALL.put("concurrent", ConcurrentSteps::walk);
    ALL.put("stream", StreamSteps::walk);
    ALL.put("io", IoSteps::walk);
    ALL.put("shutdown", ShutdownSteps::walk);
  }

  private FailEachStep() {}

  /** Walks in the way that the first argument names, over those the others name, or over all. */
  public static void main(String[] arguments) throws Exception {
    long seed = Long.getLong("desist.seed", System.nanoTime());
    System.out.println("-Ddesist.seed=" + seed);
    var random = new Random(seed);
    Walk walk =
        switch (arguments[0]) {
          case "stack" -> new EndOfStack(random);
          default -> new FailingAllocations(FailingAllocations.Manner.valueOf(arguments[0]));
        };
    var failed = new ArrayList<String>();
    Walk noting =
        (name, step) -> {
          try {
            walk.over(name, step);
          } catch (AssertionError e) {
            failed.add(name);
            e.printStackTrace(System.out);
          }
        };
    List<String> names = List.of(arguments).subList(1, arguments.length);
    for (String each : names.isEmpty() ? ALL.keySet() : names) {
      long begin = System.nanoTime();
      Objects.requireNonNull(ALL.get(each)).walk(noting);
      System.out.println(each + ": " + (System.nanoTime() - begin) / 1_000_000 + " ms");
    }
    System.out.println(failed.isEmpty() ? "done" : "failed: " + failed);
    System.exit(failed.isEmpty() ? 0 : 1);
  }
}
