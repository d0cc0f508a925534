package dev.desist.scope;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.Census;
import dev.desist.failing.Step;
import dev.desist.failing.Walk;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/** Operations of scopes, to be failed in each step. */
public final class ScopeSteps {
  private ScopeSteps() {}

  /** Walks over all of them. */
  public static void walk(Walk walk) throws Exception {
    walk.over("a scope", new Whole(() -> whole(false)));
    walk.over("a scope with a limit", new Whole(() -> whole(true)));
    walk.over("all", new Whole(() -> Tasks.all(() -> 1, () -> 2)));
    walk.over("race", new Whole(() -> Tasks.race(() -> 1, () -> 2)));
    walk.over("within", new Whole(() -> Tasks.within(Duration.ofMinutes(1), () -> 1)));
    walk.over("fork", new Single(scope -> scope.fork(() -> 1)));
    walk.over("join", new Single(TaskScope::join));
    walk.over("cancel", new Single(TaskScope::cancel));
    walk.over("abort", new Single(TaskScope::abort));
  }

  private static void hold(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(what);
    }
  }

  private static Object whole(boolean limited) throws Exception {
    try (var scope =
        TaskScope.open(
            Joiner.<Integer>allSuccessfulOrThrow(), c -> limited ? c.withParallelism(1) : c)) {
      scope.fork(() -> 1);
      scope.fork(() -> 2);
      return scope.join();
    }
  }

  /** Everything in one call: nothing stays on the token, or on the thread. */
  private static final class Whole implements Step {
    private final Callable<?> call;
    private final CancellationSource outer = CancellationSource.create("outer");

    Whole(Callable<?> call) {
      this.call = call;
    }

    @Override
    public void prepare() {}

    @Override
    public void run() throws Exception {
      Object _ = Cancellation.call(outer.token(), call::call);
    }

    @Override
    public void check(boolean done) throws Exception {
      if (done) {
        hold(Census.of(outer.token()).callbacks() == 0, "left: " + Census.of(outer.token()));
      }
      // A scope that was left open would be found here, and complained of.
      hold(Tasks.all(() -> "a", () -> "b").equals(List.of("a", "b")), "the next scope works");
    }
  }

  private interface Operation {
    Object on(TaskScope<Object, ?> scope) throws Exception;
  }

  /** One operation on a scope that lives; the rest of its life has all the stack it needs. */
  private static final class Single implements Step {
    private final Operation operation;
    private TaskScope<Object, ?> scope = TaskScope.open();

    Single(Operation operation) {
      scope.close();
      this.operation = operation;
    }

    @Override
    public void prepare() {
      scope = TaskScope.open(Joiner.<Object>awaitAll());
      scope.fork(
          () -> {
            boolean _ = Cancellation.current().await(Duration.ofMillis(1));
            return 1;
          });
    }

    @Override
    public void run() throws Exception {
      Object _ = operation.on(scope);
    }

    @Override
    public void check(boolean done) throws Exception {
      try {
        scope.join();
      } catch (CancelledException | ExecutionException | TimeoutException e) {
        // as it was told
      } catch (IllegalStateException e) {
        hold(String.valueOf(e.getMessage()).contains("after it was joined"), e.toString());
      }
      scope.close();
      hold(scope.await(Duration.ofSeconds(10)), "it comes to its end: " + scope);
      hold(scope.toString().endsWith(", 0 subtasks]"), scope.toString());
    }
  }
}
