package dev.desist;

import dev.desist.failing.StepCount;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.IntFunction;

/**
 * Operations on a token that has so many callbacks, and so many children with one callback each.
 * Run in copies of our classes that count; gives the most steps that each operation took.
 */
public final class Crowd implements IntFunction<Map<String, Long>> {
  private static final int EACH = 50;

  private final Map<String, Long> most = new LinkedHashMap<>();
  private final BiConsumer<String, Set<String>> calls;

  /** Tells the calls of others' methods, by operation. */
  public Crowd(BiConsumer<String, Set<String>> calls) {
    this.calls = calls;
  }

  @Override
  public Map<String, Long> apply(int others) {
    var parent = CancellationSource.create("parent");
    CancellationToken token = parent.token();
    List<CancellationRegistration> registrations = new ArrayList<>();
    List<CancellationSource> children = new ArrayList<>();
    for (int i = 0; i < others; i++) {
      registrations.add(token.onCancel(() -> {}));
      CancellationSource child = token.child();
      child.token().onCancel(() -> {});
      children.add(child);
    }
    for (int round = 0; round < EACH; round++) {
      var mine = new ArrayList<CancellationRegistration>();
      count("register", () -> mine.add(token.onCancel(() -> {})));
      count("unregister the last", () -> mine.getFirst().unregister());
      var late = new ArrayList<CancellationSource>();
      count("create a child", () -> late.add(token.child()));
      count("close the last child", () -> late.getFirst().close());
      // Those that have been there for long: at either end and in the middle.
      for (int at : new int[] {0, registrations.size() / 2, registrations.size() - 1}) {
        CancellationRegistration old = registrations.remove(at);
        count("unregister", () -> old.unregister());
        registrations.add(token.onCancel(() -> {}));
        CancellationSource child = children.remove(at);
        count("close a child", child::close);
        CancellationSource next = token.child();
        next.token().onCancel(() -> {});
        children.add(next);
      }
    }
    parent.close();
    return most;
  }

  private void count(String operation, Runnable body) {
    StepCount.begin();
    body.run();
    long steps = StepCount.end();
    calls.accept(operation, new TreeSet<>(StepCount.calls()));
    most.merge(operation, steps, Math::max);
  }
}
